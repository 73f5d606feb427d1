// Turns a pending commit into the actions of one version: the values that depend on the version and
// on the snapshot below it (in-commit timestamp, row ids and their high-water mark) are worked out
// here, anew for every attempt. Pure. PROTOCOL.md, "In-Commit Timestamps" and "Row Tracking".
#pragma once

#include <vector>

#include "data/delta/commit/transaction.h"

namespace millpond::data {

// `base` is null for version 0. The commitInfo comes first.
// `placed`: what the pending row deletes come to on `base`; null: there are none.
Result<std::vector<Action>> BuildCommit(const PendingCommit& pending,
                                        const PlacedRowDeletes* placed, const Snapshot* base,
                                        int64_t version, int64_t now_ms);

// The greatest row id given out so far, -1 if none was.
Result<int64_t> RowIdHighWaterMark(const Snapshot* base);

}  // namespace millpond::data
