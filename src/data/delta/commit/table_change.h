// A change of what a table is (schema, properties, features) as one commit: ALTER TABLE and what
// turns features on. The change is a function of the version below it and is asked anew on a newer
// one after a lost race, so that it never goes on top of what it did not look at.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/delta/commit/table_shape.h"
#include "data/delta/commit/write.h"

namespace millpond::data {

struct TableEdit {
  TableShape shape;                          // to be changed
  std::vector<DomainMetadata> domains = {};  // to be set
  std::vector<AddFile> adds = {};            // files of the table, told anew: the same rows
  bool looked_at_rows = false;               // rows that come meanwhile could change the outcome
};

struct TableChange {
  std::string operation;  // "ADD COLUMNS", as the history shows it
  StringMap parameters = {};
  std::function<Status(const std::shared_ptr<const Snapshot>&, TableEdit&)> apply;
};

// Nothing to change: no commit, the result has the version that is there. Turning row tracking on
// gives row ids to the files that are there, in the same commit.
Result<CommitResult> ChangeTable(DeltaTable& table, const TableChange& change);

}  // namespace millpond::data
