// A table on its way into being: checked, its folder made, nothing in the log yet. Data files may
// be written before Commit puts version 0, so that a table is there with its rows or not at all.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/delta/table.h"
#include "data/delta/write.h"

namespace millpond::data {

// What a table is, apart from its rows.
struct TableShape {
  Schema schema;
  Protocol protocol;
  Metadata metadata;
};

// `shape` after CREATE OR REPLACE with these options, checked as for a new table. The protocol only
// grows, the id stays, and properties stay unless given anew: a feature view may depend on them.
Result<TableShape> ReplacedShape(const Environment& env, TableShape shape,
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
  const Metadata& metadata() const { return metadata_; }

  // Once. kAlreadyExists: another made the table meanwhile.
  Result<CommitResult> Commit(std::vector<AddFile> adds, StringMap metrics,
                              std::vector<DomainMetadata> domains = {});

 private:
  NewTable(DeltaTable table, Protocol protocol, Metadata metadata, CommitInfo info)
      : table_(std::move(table)),
        protocol_(std::move(protocol)),
        metadata_(std::move(metadata)),
        info_(std::move(info)) {}

  DeltaTable table_;
  Protocol protocol_;
  Metadata metadata_;
  CommitInfo info_;
};

}  // namespace millpond::data
