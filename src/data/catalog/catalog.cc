#include "data/catalog/catalog.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/db/sqlite.h"
#include "base/log.h"
#include "data/catalog/catalog_schema_internal.h"
#include "data/catalog/commit_record_store.h"
#include "data/catalog/local_commit_feed.h"
#include "data/catalog/warehouse.h"
#include "data/delta/log/data_paths.h"

namespace millpond::data {
namespace {

// A name that shares much with `wanted`: the same table elsewhere, or a slip of the finger.
bool IsNear(const TableName& wanted, const TableName& other) {
  std::string a = FoldCase(wanted.table), b = FoldCase(other.table);
  if (a == b) return true;
  if (a.size() >= 4 && b.size() >= 4 && (a.starts_with(b) || b.starts_with(a))) return true;
  size_t common = 0;
  while (common < std::min(a.size(), b.size()) && a[common] == b[common]) ++common;
  return std::max(a.size(), b.size()) - common <= 2 && common >= 2;
}

// Where data files of the catalog's tables may lie: where SQL may read, and in the warehouse, for
// clones.
std::vector<std::string> RootsOf(const Workspace& workspace) {
  std::vector<std::string> roots = workspace.readable_roots;
  roots.push_back(workspace.warehouse_dir);
  return roots;
}

class LocalCatalog : public Catalog {
 public:
  LocalCatalog(const Workspace& workspace, SqliteDatabase db)
      : workspace_(workspace),
        roots_(std::make_shared<const std::vector<std::string>>(RootsOf(workspace))),
        warehouse_(workspace.env.fs, workspace.warehouse_dir),
        db_(std::move(db)),
        feed_(*this, warehouse_, CommitRecordStore(db_, db_mutex_)) {}

  const Workspace& workspace() const override { return workspace_; }

  Result<DeltaTable> OpenTable(const TableName& name) override {
    MP_ASSIGN_OR_RETURN(auto exact, warehouse_.Find(name));
    if (!exact) return NoSuchTable(name);
    MP_ASSIGN_OR_RETURN(const std::string path, warehouse_.Location(*exact));
    if (path != warehouse_.ExactPath(*exact)) {
      MP_RETURN_IF_ERROR(CheckLocation(*exact, path));
      feed_.SetName(path, *exact);
    }
    {
      std::lock_guard lock(tables_mutex_);
      if (auto found = tables_.find(path); found != tables_.end()) return found->second;
    }
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(workspace_.env, path, roots_));
    return Keep(std::move(table));
  }

  Result<DeltaTable> CreateTable(const TableName& name, const CreateOptions& options,
                                 bool if_not_exists) override {
    MP_ASSIGN_OR_RETURN(const bool there, TableExists(name));
    if (there && if_not_exists) return OpenTable(name);
    MP_RETURN_IF_ERROR(CheckFree(name));
    auto table = DeltaTable::Create(workspace_.env, warehouse_.PathOf(name), options, roots_);
    if (table.has_value()) return Made(name, *std::move(table));
    bool lost_race = table.error().kind() == ErrorKind::kAlreadyExists;
    return lost_race && if_not_exists ? OpenTable(name) : std::move(table);
  }

  Result<CommitResult> CreateTableFrom(const TableName& name, const CreateOptions& options,
                                       arrow::RecordBatchReader& rows) override {
    MP_RETURN_IF_ERROR(CheckFree(name));
    MP_ASSIGN_OR_RETURN(auto made, data::CreateTableFrom(workspace_.env, warehouse_.PathOf(name),
                                                         options, rows, roots_, expressions()));
    Made(name, std::move(made.table));
    return made.commit;
  }

  Result<DeltaTable> RegisterTable(const TableName& name, const std::string& path) override {
    MP_RETURN_IF_ERROR(CheckFree(name));
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(workspace_.env, path, roots_));
    MP_RETURN_IF_ERROR(warehouse_.Register(name, table.path()));
    feed_.SetName(table.path(), FoldCase(name));
    return Made(name, std::move(table));
  }

  Result<CommitResult> CreateShallowClone(const TableName& name, const Snapshot& source,
                                          const CloneOptions& options) override {
    MP_RETURN_IF_ERROR(CheckFree(name));
    MP_ASSIGN_OR_RETURN(auto made, data::CreateShallowClone(workspace_.env, warehouse_.PathOf(name),
                                                            source, options, roots_));
    Made(name, std::move(made.table));
    return made.commit;
  }

  Status DropTable(const TableName& name, bool purge) override {
    MP_ASSIGN_OR_RETURN(auto exact, warehouse_.Find(name));
    if (!exact) return NoSuchTable(name);
    MP_RETURN_IF_ERROR(feed_.Reconcile(*exact));  // its commits stay on record
    MP_ASSIGN_OR_RETURN(const std::string location, warehouse_.Location(*exact));
    {
      std::lock_guard lock(tables_mutex_);
      MP_RETURN_IF_ERROR(
          purge ? warehouse_.Remove(*exact, workspace_.env.random)
                : warehouse_.Trash(*exact, workspace_.env.random, SystemClock().Now()));
      tables_.erase(location);
    }
    EmptyTrash();
    return OkStatus();
  }

  Status RenameTable(const TableName& from, const TableName& to) override {
    MP_ASSIGN_OR_RETURN(auto exact, warehouse_.Find(from));
    if (!exact) return NoSuchTable(from);
    MP_RETURN_IF_ERROR(CheckFree(to));
    MP_RETURN_IF_ERROR(feed_.Reconcile(*exact));
    MP_ASSIGN_OR_RETURN(auto table, OpenTable(*exact));
    MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
    MP_ASSIGN_OR_RETURN(const std::string location, warehouse_.Location(*exact));
    const TableName name = FoldCase(to);
    {
      std::lock_guard lock(tables_mutex_);
      MP_RETURN_IF_ERROR(warehouse_.Move(*exact, name));
      tables_.erase(location);
    }
    if (location != warehouse_.ExactPath(*exact)) feed_.SetName(location, name);
    std::lock_guard lock(db_mutex_);
    return db_.Execute("UPDATE pins SET catalog = ?2, schema = ?3, name = ?4 WHERE table_id = ?1",
                       {snapshot->metadata().id, name.catalog, name.schema, name.table});
  }

  Result<DeltaTable> UndropTable(const TableName& name) override {
    Status undropped = warehouse_.Untrash(name);
    if (undropped.has_value()) return OpenTable(name);
    if (undropped.error().kind() != ErrorKind::kNotFound) {
      return std::unexpected<Error>(std::move(undropped).error());
    }
    MP_ASSIGN_OR_RETURN(const auto trashed, warehouse_.TrashedTables());
    std::string names;
    for (const TableName& one : trashed) names += (names.empty() ? "" : ", ") + one.ToString();
    return Fail(ErrorKind::kNotFound, "{}; what can come back: {}", undropped.error().message(),
                names.empty() ? "nothing" : names);
  }

  Result<bool> TableExists(const TableName& name) override {
    MP_ASSIGN_OR_RETURN(auto exact, warehouse_.Find(name));
    return exact.has_value();
  }

  Result<std::vector<TableName>> ListTables() override { return warehouse_.List(); }
  std::string TablePath(const TableName& name) override {
    auto exact = warehouse_.Find(name);
    if (!exact.has_value() || !*exact) return warehouse_.PathOf(name);
    return warehouse_.Location(**exact).value_or(warehouse_.ExactPath(**exact));
  }

  CommitFeed& commits() override { return feed_; }

  void SetExpressions(std::shared_ptr<RowExpressionEngine> engine) override {
    std::lock_guard lock(tables_mutex_);
    expressions_ = std::move(engine);
    for (auto& [path, table] : tables_) table.SetExpressions(expressions_);
  }
  std::shared_ptr<RowExpressionEngine> expressions() override {
    std::lock_guard lock(tables_mutex_);
    return expressions_;
  }

  Status RecordLineage(const std::vector<LineageEdge>& edges) override {
    std::lock_guard lock(db_mutex_);
    return db_.Transaction([&]() -> Status {
      for (const auto& edge : edges) {
        MP_RETURN_IF_ERROR(
            db_.Execute("INSERT OR IGNORE INTO lineage VALUES (?1, ?2, ?3, ?4, ?5)",
                        {edge.from_kind, edge.from_name, edge.to_kind, edge.to_name, edge.via}));
      }
      return OkStatus();
    });
  }

  Result<std::vector<LineageEdge>> Lineage() override {
    std::lock_guard lock(db_mutex_);
    MP_ASSIGN_OR_RETURN(auto rows, db_.Query("SELECT from_kind, from_name, to_kind, to_name, via "
                                             "FROM lineage ORDER BY 1, 2, 3, 4, 5"));
    std::vector<LineageEdge> edges;
    for (const auto& row : rows) {
      edges.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4)});
    }
    return edges;
  }

  Status Pin(const PinRequest& request) override {
    MP_ASSIGN_OR_RETURN(auto table, OpenTable(request.table));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.AtVersion(request.version));
    std::lock_guard lock(db_mutex_);
    return db_.Execute(
        "INSERT OR IGNORE INTO pins VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        {snapshot->metadata().id, request.table.catalog, request.table.schema, request.table.table,
         request.version, request.holder, request.reason, SystemClock().Now()});
  }

  Status Unpin(const std::string& holder) override {
    std::lock_guard lock(db_mutex_);
    return db_.Execute("DELETE FROM pins WHERE holder = ?1", {holder});
  }

  Result<std::vector<data::Pin>> Pins() override {
    std::lock_guard lock(db_mutex_);
    MP_ASSIGN_OR_RETURN(auto rows, db_.Query("SELECT table_id, catalog, schema, name, version, "
                                             "holder, reason, since FROM pins ORDER BY 1, 5, 6"));
    std::vector<data::Pin> pins;
    for (const auto& row : rows) {
      pins.push_back({row.Text(0),
                      {row.Text(1), row.Text(2), row.Text(3)},
                      row.Int(4),
                      row.Text(5),
                      row.Text(6),
                      row.Int(7)});
    }
    return pins;
  }

  // Commits that a kill kept from the record, or that other programs made.
  Status ReconcileAll() {
    if (db_.read_only()) return OkStatus();  // what is there can be read all the same
    EmptyTrash();
    MP_ASSIGN_OR_RETURN(auto tables, ListTables());
    for (const auto& table : tables) {
      auto up_to_date = feed_.LooksUpToDate(table);
      if (up_to_date.value_or(false)) continue;
      auto reconciled = feed_.Reconcile(table);
      // A broken table must not keep the others from being used; who opens it hears the reason.
      if (!reconciled.has_value()) {
        LogInfo("data", "commits of {} are not on record: {}", table.ToString(),
                reconciled.error().ToString());
      }
    }
    return OkStatus();
  }

 private:
  DeltaTable Keep(DeltaTable table) {
    table.SetListener(&feed_);
    std::lock_guard lock(tables_mutex_);
    table.SetExpressions(expressions_);
    return tables_.try_emplace(table.path(), table).first->second;
  }

  // A table elsewhere is where SQL may read, still.
  Status CheckLocation(const TableName& name, const std::string& path) const {
    MP_ASSIGN_OR_RETURN(const std::string resolved, CanonicalPath(path));
    for (const std::string& root : *roots_) {
      MP_ASSIGN_OR_RETURN(const std::string resolved_root, CanonicalPath(root));
      if (IsUnder(resolved, resolved_root)) return OkStatus();
    }
    return Fail(
        ErrorKind::kPermissionDenied,
        "table {} lies at {}, outside the folders that may be read; add it to 'readable' in "
        "millpond.yml",
        name.ToString(), path);
  }

  // Best effort: what stays now goes another time.
  void EmptyTrash() {
    const Micros before = SystemClock().Now() - kUndropDays * kMicrosPerDay;
    if (Status emptied = warehouse_.EmptyTrash(before); !emptied.has_value()) {
      LogWarn("data", "tables dropped long ago are not all gone: {}", emptied.error().ToString());
    }
  }

  // A new table may take the name.
  Status CheckFree(const TableName& name) {
    MP_RETURN_IF_ERROR(ParseTableName(name.ToString()));
    if (FoldCase(name.schema) == "system") {
      return Fail(
          ErrorKind::kInvalidArgument,
          "{} cannot be made: the schema system holds Millpond's own tables; choose another "
          "schema",
          name.ToString());
    }
    MP_ASSIGN_OR_RETURN(auto exact, warehouse_.Find(name));
    if (!exact) return OkStatus();
    return Fail(ErrorKind::kAlreadyExists,
                "table {} is already there; drop it first, or say CREATE TABLE IF NOT EXISTS",
                exact->ToString());
  }

  // Version 0 is durable: from here on nothing may turn into an error.
  DeltaTable Made(const TableName& name, DeltaTable table) {
    DeltaTable kept = Keep(std::move(table));
    if (auto recorded = feed_.Reconcile(name); !recorded.has_value()) {
      LogWarn("data", "table {} is made but not yet on record: {}", name.ToString(),
              recorded.error().ToString());
    }
    return kept;
  }

  std::unexpected<Error> NoSuchTable(const TableName& name) {
    std::string near;
    if (auto all = ListTables(); all.has_value()) {
      for (const auto& other : *all) {
        if (IsNear(name, other)) near += (near.empty() ? "" : ", ") + other.ToString();
      }
    }
    return Fail(ErrorKind::kNotFound, "there is no table {}{}", name.ToString(),
                near.empty() ? "" : "; did you mean " + near + "?");
  }

  Workspace workspace_;
  DataRoots roots_;  // the workspace's readable ones
  Warehouse warehouse_;
  std::mutex db_mutex_;
  SqliteDatabase db_;
  LocalCommitFeed feed_;
  std::mutex tables_mutex_;
  std::map<std::string, DeltaTable> tables_;  // by path
  std::shared_ptr<RowExpressionEngine> expressions_;
};

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::Open(const Workspace& workspace) {
  MP_RETURN_IF_ERROR(workspace.env.fs.CreateDirectories(workspace.warehouse_dir));
  MP_ASSIGN_OR_RETURN(auto db, SqliteDatabase::Open(JoinPath(workspace.state_dir, "meta.db")));
  MP_RETURN_IF_ERROR(db.Migrate("catalog", CatalogMigrations()));
  auto catalog = std::make_unique<LocalCatalog>(workspace, std::move(db));
  MP_RETURN_IF_ERROR(catalog->ReconcileAll());
  return catalog;
}

}  // namespace millpond::data
