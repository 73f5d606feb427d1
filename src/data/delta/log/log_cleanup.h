// Removes what has expired from a log (PROTOCOL.md, "Metadata Cleanup"): commits, checksums,
// checkpoints and compacted files that are older than delta.logRetentionDuration (30 days) and that
// no version since needs, and V2 sidecars that no checkpoint refers to. Off where
// delta.enableExpiredLogCleanup is 'false'.
//
// What stays can always be rebuilt: the newest checkpoint at or before the cut is read first, and
// nothing from it on is touched. Files go from the oldest version up, so that a clean-up that is
// killed leaves a log that is whole from some version on.
#pragma once

#include "base/environment.h"
#include "data/delta/log/log_segment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

struct LogCleanUp {
  int64_t first_kept = -1;         // -1: nothing has expired
  std::vector<std::string> files;  // in the order in which they go
};

// Which files are to go, if all commits before `cut` have expired and none from `oldest_held` on
// may be lost; pure. The checkpoint of `first_kept` must be read before they do.
LogCleanUp PlanLogCleanUp(const LogListing& listing, Micros cut, int64_t oldest_held = INT64_MAX);

// What was committed up to this moment, a midnight UTC, has expired.
Micros LogCutOf(const Environment& env, const Snapshot& snapshot);

// Removes temporary files that killed writers left a day ago or more, and, where the table says so,
// what has expired. The number of log files and sidecars removed.
Result<int64_t> CleanUpLog(const Environment& env, const Snapshot& snapshot,
                           int64_t oldest_held = INT64_MAX);

}  // namespace millpond::data
