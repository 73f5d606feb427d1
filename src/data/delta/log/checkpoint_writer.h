// Writes checkpoints (PROTOCOL.md, "Checkpoints"): V1 classic ones, or V2 where the table's
// property delta.checkpointPolicy is 'v2' and its protocol has the feature. File actions are
// streamed from the snapshot's columns, in small row groups, so the memory needed does not grow
// with the table. All is on the disk before the checkpoint gets its name; then the hint
// `_last_checkpoint` follows. A checkpoint only makes reading faster: log_care.h writes one after a
// commit and fails nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

inline constexpr int64_t kSidecarActions = 50'000;

// What it is made of, sidecars too. kNotFound: a checkpoint that the snapshot began with, and that
// holds tombstones, is not there any more.
Result<std::vector<std::string>> WriteCheckpoint(const Environment& env, const Snapshot& snapshot,
                                                 int64_t sidecar_actions = kSidecarActions);

// delta.checkpointInterval, 10 by default; 0: never.
int64_t CheckpointInterval(const Snapshot& snapshot);

}  // namespace millpond::data
