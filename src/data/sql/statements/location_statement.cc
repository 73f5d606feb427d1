// CREATE TABLE t [(columns)] [AS SELECT …] LOCATION 'path': a table outside the warehouse. The
// catalog keeps its place; DROP TABLE forgets it and leaves the data. A path that holds a Delta
// table is registered as it is. CREATE TABLE delta.`path` makes one that no name stands for.
#include <arrow/record_batch.h>

#include "data/catalog/workspace.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/commit/write.h"
#include "data/delta/log/data_paths.h"
#include "data/sql/readable_roots.h"
#include "data/sql/statement_context.h"
#include "data/sql/statements/table_head_internal.h"

namespace millpond::data {
namespace {

class LocatedTable {
 public:
  LocatedTable(const TableHead& head, std::string path, StatementContext& context)
      : head_(head), path_(std::move(path)), context_(context) {
    const Workspace& workspace = context.catalog().workspace();
    roots_ = std::make_shared<const std::vector<std::string>>(workspace.readable_roots);
  }

  Result<bool> IsThere() const {
    auto table = DeltaTable::Open(env(), path_, roots_);
    if (table.has_value()) return true;
    if (table.error().kind() == ErrorKind::kNotFound) return false;
    return std::unexpected<Error>(std::move(table).error());
  }

  // What the statement says of a table that is there must be so.
  Status CheckSame() const {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env(), path_, roots_));
    MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
    const bool same_columns = head_.columns.empty() || Schema(head_.columns) == snapshot->schema();
    const bool same_partitions = head_.partition_columns.empty() ||
                                 head_.partition_columns == snapshot->metadata().partition_columns;
    if (same_columns && same_partitions) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument,
                "the Delta table at {} has other columns or partitions than the statement says; "
                "leave them out to register it as it is",
                path_);
  }

  Result<QueryResult> Register(std::string_view done) const {
    if (head_.by_path) return QueryResult{nullptr, fmt::format("table {} {}", Name(), done)};
    MP_RETURN_IF_ERROR(context_.catalog().RegisterTable(head_.name, path_));
    return QueryResult{nullptr,
                       fmt::format("table {} {} at {}", head_.name.ToString(), done, path_)};
  }

  Result<QueryResult> MakeEmpty() const {
    CreateOptions options = head_.create_options();
    options.schema = Schema(head_.columns);
    if (const auto engine = context_.catalog().expressions()) {
      MP_RETURN_IF_ERROR(ValidateRules(options.schema, options.properties, *engine));
    }
    MP_ASSIGN_OR_RETURN(const auto table, DeltaTable::Create(env(), path_, options, roots_));
    MP_ASSIGN_OR_RETURN(auto done, Register("created"));
    return Made(std::move(done), table);
  }

  std::string Name() const {
    return head_.by_path ? "delta." + QuoteName(path_) : head_.name.ToString();
  }

  Result<QueryResult> MakeFrom(std::string_view query) const {
    MP_ASSIGN_OR_RETURN(auto rows, context_.Run(query));
    CreateOptions options = head_.create_options();
    MP_ASSIGN_OR_RETURN(options.schema, Schema::FromArrow(*rows->schema()));
    options.operation = "CREATE TABLE AS SELECT";
    MP_ASSIGN_OR_RETURN(const auto made, CreateTableFrom(env(), path_, options, *rows, roots_,
                                                         context_.catalog().expressions()));
    MP_RETURN_IF_ERROR(Register("created"));
    return Made({nullptr, fmt::format("{} rows written to {}, version {}", made.commit.rows, Name(),
                                      made.commit.version)},
                made.table);
  }

 private:
  const Environment& env() const { return context_.catalog().workspace().env; }

  const TableHead& head_;
  std::string path_;
  StatementContext& context_;
  DataRoots roots_;
};

// Of a name that is taken; nothing if it is free.
Result<std::optional<QueryResult>> TakenName(const TableHead& head, StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const bool there, context.catalog().TableExists(head.name));
  if (there && head.if_not_exists) {
    return QueryResult{nullptr, fmt::format("table {} was already there", head.name.ToString())};
  }
  if (!head.or_replace && !there) return std::nullopt;
  return FailAt(context.source(), head.name_offset,
                there ? ErrorKind::kAlreadyExists : ErrorKind::kUnsupported,
                "a table with a LOCATION is not replaced: drop it first, or leave LOCATION out "
                "to replace its rows where they are");
}

// The same of a path.
Result<std::optional<QueryResult>> TakenPath(const TableHead& head, const LocatedTable& table,
                                             StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const bool there, table.IsThere());
  if (!there) return std::nullopt;
  if (head.if_not_exists) return table.Register("was already there");
  return FailAt(context.source(), head.name_offset, ErrorKind::kAlreadyExists,
                "table {} is already there; INSERT OVERWRITE replaces its rows", table.Name());
}

}  // namespace

Result<QueryResult> CreateAtLocation(const TableHead& head, TokenCursor& at,
                                     StatementContext& context) {
  const SourceText& source = context.source();
  if (!head.by_path) {
    MP_ASSIGN_OR_RETURN(auto taken, TakenName(head, context));
    if (taken) return *std::move(taken);
  }
  const Workspace& workspace = context.catalog().workspace();
  auto path = ResolveReadableFile(workspace, *head.location);
  if (!path) return ErrorAt(source, head.location_offset, path.error());
  MP_RETURN_IF_ERROR(context.Check(Privilege::kReadFiles, *path));
  MP_ASSIGN_OR_RETURN(const std::string warehouse, CanonicalPath(workspace.warehouse_dir));
  if (IsUnder(*path, warehouse)) {
    return FailAt(source, head.location_offset, ErrorKind::kPermissionDenied,
                  "{} lies in the warehouse, whose folders are tables by their names: CREATE TABLE "
                  "with a name and without a place makes one there",
                  *path);
  }
  const LocatedTable table(head, *path, context);
  if (head.by_path) {
    MP_RETURN_IF_ERROR(context.Check(Privilege::kModify, *path));
    MP_ASSIGN_OR_RETURN(auto taken, TakenPath(head, table, context));
    if (taken) return *std::move(taken);
  }
  const auto make = [&]() -> Result<QueryResult> {
    MP_ASSIGN_OR_RETURN(const bool is_there, table.IsThere());
    if (at.Accept("AS")) return table.MakeFrom(at.TakeRest());
    MP_RETURN_IF_ERROR(at.ExpectEnd());
    if (is_there) {
      MP_RETURN_IF_ERROR(table.CheckSame());
      return table.Register("registered");
    }
    if (!head.columns.empty()) return table.MakeEmpty();
    return Fail(ErrorKind::kNotFound,
                "there is no Delta table at {}: give its columns, or AS SELECT …, to make one",
                *path);
  };
  auto made = make();
  if (!made) return ErrorAt(source, head.location_offset, made.error());
  return made;
}

}  // namespace millpond::data
