// SHOW TABLES, SHOW TBLPROPERTIES t [('key')], SHOW COLUMNS IN t, SHOW PARTITIONS t, SHOW CREATE
// TABLE t.
#include <fmt/ranges.h>

#include <set>

#include "data/delta/metadata/column_mapping.h"
#include "data/sql/rows.h"
#include "data/sql/statement_context.h"
#include "data/sql/statements/property_list.h"
#include "data/sql/statements/table_text.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {
namespace {

Result<QueryResult> RowsResult(const std::vector<RowsColumn>& columns,
                               const std::vector<std::vector<Cell>>& rows) {
  MP_ASSIGN_OR_RETURN(auto reader, MakeRows(columns, rows));
  return QueryResult{std::move(reader), ""};
}

struct Shown {
  std::string name;  // as written
  std::shared_ptr<const Snapshot> snapshot;
  std::string location;  // "" in the warehouse
};

// Where a table of the catalog lies, if not where the warehouse would put it.
std::string LocationOf(const std::vector<std::string>& path, const Snapshot& snapshot,
                       StatementContext& context) {
  const auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
  if (!name) return "";
  const std::string folder = JoinPath(JoinPath(name->catalog, name->schema), name->table);
  const std::string& warehouse = context.catalog().workspace().warehouse_dir;
  const bool own = EqualNames(snapshot.path(), JoinPath(warehouse, folder));
  return own ? "" : snapshot.path();
}

Result<Shown> Open(const std::vector<std::string>& path, size_t offset, StatementContext& context) {
  const auto open = [&]() -> Result<Shown> {
    MP_ASSIGN_OR_RETURN(const auto name, SessionTables::NameOf(path));
    MP_ASSIGN_OR_RETURN(DeltaTable table, context.tables().Open(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    std::vector<std::string> parts;
    for (const std::string& part : path) parts.push_back(QuoteName(part));
    std::string location = name.schema == "delta" ? "" : LocationOf(path, *snapshot, context);
    return Shown{fmt::format("{}", fmt::join(parts, ".")), std::move(snapshot),
                 std::move(location)};
  };
  auto shown = open();
  if (!shown) return ErrorAt(context.source(), offset, shown.error());
  return shown;
}

Result<QueryResult> ShowTables(TokenCursor& at, StatementContext& context) {
  std::vector<std::string> in;
  if (at.Accept("IN") || at.Accept("FROM")) {
    MP_ASSIGN_OR_RETURN(in, at.TakePath());
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const auto tables, context.catalog().ListTables());
  std::vector<std::vector<Cell>> rows;
  for (const auto& table : tables) {
    if (!in.empty() && !EqualNames(table.schema, in.back())) continue;
    if (in.size() > 1 && !EqualNames(table.catalog, in.front())) continue;
    rows.push_back({table.catalog, table.schema, table.table});
  }
  return RowsResult({{"catalog"}, {"schema"}, {"table"}}, rows);
}

Result<QueryResult> ShowProperties(TokenCursor& at, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  std::vector<std::string> keys;
  if (!at.AtEnd()) {
    MP_ASSIGN_OR_RETURN(keys, TakePropertyKeys(at));
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const Shown shown, Open(path, offset, context));
  const StringMap all = AllProperties(*shown.snapshot);
  std::vector<std::vector<Cell>> rows;
  for (const auto& [key, value] : all) {
    if (keys.empty()) rows.push_back({key, value});
  }
  for (const std::string& key : keys) {
    const auto found = all.find(key);
    rows.push_back({key, found == all.end() ? Cell() : Cell(found->second)});
  }
  return RowsResult({{"key"}, {"value"}}, rows);
}

Result<QueryResult> ShowColumns(TokenCursor& at, StatementContext& context) {
  if (!at.Accept("IN")) MP_RETURN_IF_ERROR(at.Expect("FROM"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakeTable());
  if (at.Accept("IN") || at.Accept("FROM")) {  // the schema after the table
    MP_ASSIGN_OR_RETURN(auto schema, at.TakePath());
    schema.push_back(path.back());
    path = std::move(schema);
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const Shown shown, Open(path, offset, context));
  std::vector<std::vector<Cell>> rows;
  for (const StructField& field : shown.snapshot->schema().fields()) rows.push_back({field.name});
  return RowsResult({{"col_name"}}, rows);
}

// The partitions that have files, as the log spells their values.
Result<QueryResult> ShowPartitions(TokenCursor& at, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const Shown shown, Open(path, offset, context));
  std::vector<RowsColumn> columns;
  std::vector<std::string> physical;
  for (const std::string& name : shown.snapshot->metadata().partition_columns) {
    const StructField* field = shown.snapshot->schema().Find(name);
    columns.push_back({name});
    physical.push_back(field == nullptr ? name : PhysicalName(*field));
  }
  if (columns.empty()) {
    return FailAt(context.source(), offset, ErrorKind::kInvalidArgument,
                  "table {} is not partitioned", shown.name);
  }
  const FileList& files = shown.snapshot->files();
  std::set<std::vector<Cell>> partitions;
  for (size_t file = 0; file < files.size(); ++file) {
    std::vector<Cell> values;
    for (const std::string& name : physical) {
      const auto value = files.partition_value(file, name);
      values.push_back(value ? Cell(std::string(*value)) : Cell());
    }
    partitions.insert(std::move(values));
  }
  return RowsResult(columns, {partitions.begin(), partitions.end()});
}

Result<QueryResult> ShowCreateTable(TokenCursor& at, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const Shown shown, Open(path, offset, context));
  return RowsResult({{"createtab_stmt"}},
                    {{CreateTableText(shown.name, *shown.snapshot, shown.location)}});
}

}  // namespace

Result<QueryResult> ExecuteShow(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  at.Skip();
  if (at.Accept("TABLES")) return ShowTables(at, context);
  if (at.Accept("TBLPROPERTIES")) return ShowProperties(at, context);
  if (at.Accept("COLUMNS")) return ShowColumns(at, context);
  if (at.Accept("PARTITIONS")) return ShowPartitions(at, context);
  if (at.Accept("CREATE", "TABLE")) return ShowCreateTable(at, context);
  return at.Unexpected("TABLES, TBLPROPERTIES, COLUMNS, PARTITIONS or CREATE TABLE");
}

}  // namespace millpond::data
