// A table on its way into being: checked, its folder made, nothing in the log yet. Data files may
// be written before Commit puts version 0, so that a table is there with its rows or not at all.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/delta/commit/table_shape.h"
#include "data/delta/commit/write.h"
#include "data/delta/log/table.h"

namespace millpond::data {

// The table after CREATE OR REPLACE with these options, checked as for a new one. The protocol only
// grows, the id stays, and properties stay unless given anew: a feature view may depend on them.
// Columns of the same name keep their ids where the table maps columns.
Result<TableShape> ReplacedShape(const Environment& env, const Snapshot& snapshot,
                                 const CreateOptions& options);

// The domains that such a table begins with; `before`: what it replaces, null: nothing.
Result<std::vector<DomainMetadata>> NewDomains(const Snapshot* before, const TableShape& shape,
                                               const CreateOptions& options);

class NewTable {
 public:
  // What DeltaTable::Create refuses is refused here.
  static Result<NewTable> Prepare(const Environment& env, std::string path,
                                  const CreateOptions& options, DataRoots roots);

  // A table of this shape but an id and a time of its own, whose features are those of the shape's
  // protocol.
  static Result<NewTable> PrepareAs(const Environment& env, std::string path, TableShape shape,
                                    CommitInfo info, DataRoots roots);

  const DeltaTable& table() const { return table_; }
  const TableShape& shape() const { return shape_; }
  // The schema's metadata may still change: marks of identity columns.
  void SetSchema(const Schema& schema) {
    shape_.schema = schema;
    shape_.metadata.schema_json = schema.ToJson();
  }

  // Once. kAlreadyExists: another made the table meanwhile.
  Result<CommitResult> Commit(std::vector<AddFile> adds, StringMap metrics,
                              std::vector<DomainMetadata> domains = {});

 private:
  NewTable(DeltaTable table, TableShape shape, CommitInfo info)
      : table_(std::move(table)), shape_(std::move(shape)), info_(std::move(info)) {}

  DeltaTable table_;
  TableShape shape_;
  CommitInfo info_;
  std::vector<DomainMetadata> domains_ = {};  // besides those that Commit is given
};

}  // namespace millpond::data
