// Commits rewritten files in peace with writers that changed the old ones meanwhile. The commit
// changes no data (dataChange = false), so it goes on top of whatever touches other files. Where
// somebody deleted rows of an old file since it was read, the same rows are deleted from the new
// files: their places are followed where the bin was written in order. A bin that cannot be
// followed (its rows were sorted, a file is gone, the schema is another) gives way: its files are
// removed, and the next run takes it up.
#pragma once

#include <optional>
#include <vector>

#include "data/delta/care/bin_rewrite.h"
#include "data/delta/commit/write.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct RewriteCommit {
  std::string operation = "OPTIMIZE";
  StringMap parameters = {};
};

struct RewriteOutcome {
  std::optional<CommitResult> commit;  // nullopt: every bin gave way
  int64_t files_removed = 0, bytes_removed = 0;
  int64_t files_added = 0, bytes_added = 0;
  int64_t vectors_removed = 0;
  int64_t bins_given_way = 0;
};

// After an error the new files are removed, unless the outcome is not known.
Result<RewriteOutcome> CommitRewrites(DeltaTable& table, std::vector<RewrittenBin> bins,
                                      const RewriteCommit& what);

}  // namespace millpond::data
