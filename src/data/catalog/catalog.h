// The workspace's tables by name, and facts about them that no single table holds: which commits
// there were (commit_feed.h), what was made from what (lineage), which versions must be kept
// (pins). A table is a folder warehouse/<catalog>/<schema>/<table> with a Delta log; the folder is
// the truth, so a table that another program put there is found. A table elsewhere (CREATE TABLE …
// LOCATION) has a folder that holds its path (warehouse.h). Facts lie in meta.db, component
// "catalog". Thread-safe; several processes may have the same workspace open.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/catalog/commit_feed.h"
#include "data/catalog/table_name.h"
#include "data/catalog/workspace.h"
#include "data/delta/change/clone.h"
#include "data/delta/commit/write.h"
#include "data/delta/log/table.h"

namespace millpond::data {

// Kinds are "table", "file", "flow", "feature_view", "model", "run" …: whatever the layers above
// call their things.
struct LineageEdge {
  std::string from_kind, from_name;
  std::string to_kind, to_name;
  std::string via;  // what made it: a flow, a statement
  bool operator==(const LineageEdge&) const = default;
};

// Keeps the files of one table version from VACUUM.
struct Pin {
  std::string table_id;
  TableName table;
  int64_t version = 0;
  std::string holder;  // "model churn v3"
  std::string reason;
  Micros since = 0;
};

struct PinRequest {
  TableName table;
  int64_t version = 0;
  std::string holder;
  std::string reason;
};

// How long a dropped table can come back, by the system's clock.
inline constexpr int kUndropDays = 7;

class Catalog {
 public:
  static Result<std::unique_ptr<Catalog>> Open(const Workspace& workspace);
  virtual ~Catalog() = default;

  virtual const Workspace& workspace() const = 0;

  virtual Result<DeltaTable> OpenTable(const TableName& name) = 0;  // kNotFound names near ones
  // if_not_exists: an existing table is opened as it is.
  virtual Result<DeltaTable> CreateTable(const TableName& name, const CreateOptions& options,
                                         bool if_not_exists) = 0;
  // With its rows, in one commit (data/delta/commit/write.h, CreateTableFrom).
  virtual Result<CommitResult> CreateTableFrom(const TableName& name, const CreateOptions& options,
                                               arrow::RecordBatchReader& rows) = 0;
  // A table that is at `path` already gets a name; its folder stays where it is.
  virtual Result<DeltaTable> RegisterTable(const TableName& name, const std::string& path) = 0;
  virtual Result<CommitResult> CreateShallowClone(const TableName& name, const Snapshot& source,
                                                  const CloneOptions& options) = 0;
  // Its folder can come back for kUndropDays, unless it is purged. A table that lies elsewhere
  // loses its name only.
  virtual Status DropTable(const TableName& name, bool purge = false) = 0;
  // The one of this name that was dropped last.
  virtual Result<DeltaTable> UndropTable(const TableName& name) = 0;
  // kNotFound, kAlreadyExists. The table with its history and its pins; commits on record keep the
  // name under which they were made.
  virtual Status RenameTable(const TableName& from, const TableName& to) = 0;
  virtual Result<bool> TableExists(const TableName& name) = 0;
  virtual Result<std::vector<TableName>> ListTables() = 0;  // by name
  // The folder of a table, there or not.
  virtual std::string TablePath(const TableName& name) = 0;

  virtual CommitFeed& commits() = 0;

  // Who evaluates the SQL in tables' constraints, generated columns and defaults: set by the SQL
  // engine over the catalog, and handed to every table that is opened, or was. Null at first.
  virtual void SetExpressions(std::shared_ptr<RowExpressionEngine> engine) = 0;
  virtual std::shared_ptr<RowExpressionEngine> expressions() = 0;

  // Edges already there are left as they are.
  virtual Status RecordLineage(const std::vector<LineageEdge>& edges) = 0;
  virtual Result<std::vector<LineageEdge>> Lineage() = 0;

  virtual Status Pin(const PinRequest& request) = 0;
  virtual Status Unpin(const std::string& holder) = 0;  // all pins of the holder; none is fine
  virtual Result<std::vector<data::Pin>> Pins() = 0;
};

}  // namespace millpond::data
