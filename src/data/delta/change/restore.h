// RESTORE: a table becomes what it was at an earlier version, by a new commit on top. Files of that
// version come back and those of now go, each with its deletion vector; schema and properties are
// the old version's. What never goes back: the protocol (old versions could not be read any more),
// the row-id and identity high-water marks, column ids, and what a table keeps about its commits
// and rows once it keeps it (in-commit timestamps, row tracking).
#pragma once

#include <memory>

#include "data/delta/commit/write.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct RestoreResult {
  CommitResult commit;  // the version of now, if there was nothing to do
  bool changed = false;
  int64_t restored_files = 0, removed_files = 0;
};

// `to`: the version to restore. `parameters`: for the history, as Spark gives them ("version" or
// "timestamp"). kNotFound: data files of that version are gone; the error names one and says which
// versions remain. kConflict: another writer changed the table meanwhile.
Result<RestoreResult> RestoreTable(DeltaTable table, std::shared_ptr<const Snapshot> to,
                                   StringMap parameters);

// What a reader and writer of both must follow.
Protocol MergedProtocol(Protocol ours, const Protocol& other);

// Where the commit gives row ids, it must know how many rows a file has: asks the file where the
// log does not say.
Status CompleteRowCount(const Environment& env, const Snapshot& snapshot, size_t file,
                        AddFile* add);

}  // namespace millpond::data
