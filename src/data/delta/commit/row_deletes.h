// Rows of live files that a commit takes away, by their places. They are worked out against the
// newest version at each attempt: what another writer deleted from the same file meanwhile is kept,
// so that writers who touch different rows of one file both win (design, "Conflicts"). A file that
// loses its last row is removed; any other is added again with a deletion vector (PROTOCOL.md,
// "Add File and Remove File" and "Deletion Vectors").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/actions.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/row_set.h"

namespace millpond::data {

// Of one file of the snapshot that was read.
struct RowDelete {
  AddFile file;  // as it was read
  RowSet rows;   // positions in the file, none of them gone in `file`
};

// What an attempt on `base` commits for them.
struct PlacedRowDeletes {
  std::vector<RemoveFile> removes;
  std::vector<AddFile> adds;
  DeletionVectorWriter vectors;  // finished
  bool is_committed = false;     // or may be; the vectors' file goes with this otherwise

  ~PlacedRowDeletes() {
    if (!is_committed) vectors.Discard();
  }
};

// kConflict names a file of `base` that is gone or has lost one of the rows.
Result<std::unique_ptr<PlacedRowDeletes>> PlaceRowDeletes(const Environment& env,
                                                          const Snapshot& base,
                                                          const std::vector<RowDelete>& deletes);

// Of the winner's actions, those that touch our files: kConflict says which version took which file
// or row. What touches other files is not looked at.
Status CheckRowConflict(const Environment& env, const std::string& table_path,
                        const std::vector<RowDelete>& deletes, const std::vector<Action>& winner,
                        int64_t winner_version);

// The whole remove action for a live file, with its time filled in.
RemoveFile RemoveOf(const AddFile& live, bool data_change = true);

}  // namespace millpond::data
