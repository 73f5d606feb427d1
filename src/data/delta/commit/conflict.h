// May a commit that was prepared on one snapshot go on top of another commit that won the version?
// Pure. The rules (design, "Conflicts"): a blind append rebases over data and conflicts only on the
// protocol, an incompatible schema and the same txn; what depends on the table's files conflicts
// with every change of files; two removes of one file conflict. Files of which we delete rows are
// row_deletes.h's, rows that were added the transaction's dependency's.
#pragma once

#include <string>
#include <vector>

#include "data/delta/commit/transaction.h"

namespace millpond::data {

// kConflict names the version and what collided.
Status CheckConflict(const PendingCommit& ours, const Metadata& read_metadata,
                     const std::string& table_path, const std::vector<Action>& winner,
                     int64_t winner_version);

// The files of a commit with rows that were not in the table before: no rewritten ones, and none
// that only lost rows.
std::vector<AddFile> NewRows(const std::string& table_path, const std::vector<Action>& commit);

}  // namespace millpond::data
