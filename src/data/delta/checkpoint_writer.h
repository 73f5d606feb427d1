// Writes V1 checkpoints (PROTOCOL.md, "Checkpoints"): one Parquet file by temporary file and
// rename, then the `_last_checkpoint` hint. A checkpoint only makes reading faster: failing to
// write one is logged and never fails a commit.
#pragma once

#include <memory>

#include "base/environment.h"
#include "data/delta/snapshot.h"

namespace millpond::data {

// After a commit: writes one every delta.checkpointInterval versions (10 by default). Gives the
// same version back as read from the new checkpoint, so that old tombstones need not be kept; null
// if none was written.
std::shared_ptr<const Snapshot> CheckpointIfDue(const Environment& env, const Snapshot& snapshot);

Status WriteCheckpoint(const Environment& env, const Snapshot& snapshot);

}  // namespace millpond::data
