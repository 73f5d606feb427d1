// Rows that are to be deleted, and whose file OPTIMIZE rewrote meanwhile: they are still there, in
// another file, under the same row id (design, "Conflicts": across OPTIMIZE rows are mapped by row
// id; PROTOCOL.md, "Row Tracking"). Only where the table tracks rows; elsewhere nothing is
// followed, and the rewrite is a conflict.
#pragma once

#include <memory>
#include <vector>

#include "base/environment.h"
#include "data/delta/commit/row_deletes.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

// `winner`: the actions of a version after `read`. Deletes from files that it rewrote (removed and
// not added again, without a change of data) become deletes from the files it wrote. kConflict: a
// row is not in them. Memory: eight bytes for each row that is followed.
Status FollowRewrites(const Environment& env, const std::shared_ptr<const Snapshot>& read,
                      const std::vector<Action>& winner, int64_t winner_version,
                      std::vector<RowDelete>* deletes);

}  // namespace millpond::data
