// DESCRIBE t, DESCRIBE HISTORY t, DESCRIBE DETAIL t, SHOW TABLES, EXPLAIN.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "data/sql/rows_internal.h"
#include "data/sql/session_internal.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {
namespace {

std::string Text(const StringMap& map) {
  std::string out;
  for (const auto& [key, value] : map) {
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", key, value);
  }
  return out;
}

Result<QueryResult> RowsResult(const std::vector<RowsColumn>& columns,
                               const std::vector<std::vector<Cell>>& rows) {
  MP_ASSIGN_OR_RETURN(auto reader, MakeRows(columns, rows));
  return QueryResult{std::move(reader), ""};
}

Result<QueryResult> DescribeColumns(const Snapshot& snapshot) {
  std::vector<std::vector<Cell>> rows;
  const auto& partitions = snapshot.metadata().partition_columns;
  for (const auto& field : snapshot.schema().fields()) {
    const bool partition = std::ranges::find(partitions, field.name) != partitions.end();
    auto comment = field.metadata.find("comment");
    rows.push_back({field.name, field.type.ToString(), field.nullable, partition,
                    comment == field.metadata.end() ? Cell() : Cell(comment->second)});
  }
  return RowsResult({{"column_name"},
                     {"data_type"},
                     {"nullable", CellType::kBoolean},
                     {"partition", CellType::kBoolean},
                     {"comment"}},
                    rows);
}

Result<QueryResult> DescribeHistory(DeltaTable& table) {
  MP_ASSIGN_OR_RETURN(const auto history, table.History(-1));
  std::vector<std::vector<Cell>> rows;
  for (const auto& entry : history) {
    rows.push_back({entry.version, entry.timestamp, entry.operation, Text(entry.parameters),
                    Text(entry.metrics), Text(entry.tags), entry.engine_info});
  }
  return RowsResult({{"version", CellType::kInteger},
                     {"timestamp", CellType::kTimestamp},
                     {"operation"},
                     {"operation_parameters"},
                     {"operation_metrics"},
                     {"tags"},
                     {"engine_info"}},
                    rows);
}

Result<QueryResult> DescribeDetail(const Snapshot& snapshot) {
  const FileList& files = snapshot.files();
  int64_t bytes = 0, records = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(files.size()); ++i) {
    bytes += files.size_bytes(i);
    records += files.num_records(i).value_or(0);
  }
  const Protocol& protocol = snapshot.protocol();
  std::vector<std::string> features(protocol.reader_features.begin(),
                                    protocol.reader_features.end());
  for (const auto& feature : protocol.writer_features) {
    if (std::ranges::find(features, feature) == features.end()) features.push_back(feature);
  }
  return RowsResult(
      {{"format"},
       {"id"},
       {"location"},
       {"version", CellType::kInteger},
       {"last_modified", CellType::kTimestamp},
       {"partition_columns"},
       {"num_files", CellType::kInteger},
       {"num_rows", CellType::kInteger},
       {"size_in_bytes", CellType::kInteger},
       {"properties"},
       {"min_reader_version", CellType::kInteger},
       {"min_writer_version", CellType::kInteger},
       {"table_features"}},
      {{std::string("delta"), snapshot.metadata().id, snapshot.path(), snapshot.version(),
        snapshot.commit_time(),
        fmt::format("{}", fmt::join(snapshot.metadata().partition_columns, ", ")),
        static_cast<int64_t>(files.size()), records, bytes, Text(snapshot.metadata().configuration),
        int64_t{protocol.min_reader_version}, int64_t{protocol.min_writer_version},
        fmt::format("{}", fmt::join(features, ", "))}});
}

Result<QueryResult> DescribeQuery(std::string_view query, StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const auto schema, context.Describe(query));
  MP_ASSIGN_OR_RETURN(const auto columns, Schema::FromArrow(*schema));
  std::vector<std::vector<Cell>> rows;
  for (const auto& field : columns.fields()) rows.push_back({field.name, field.type.ToString()});
  return RowsResult({{"column_name"}, {"data_type"}}, rows);
}

}  // namespace

Result<QueryResult> ExecuteDescribe(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  at.Skip();
  const bool history = at.Accept("HISTORY");
  const bool detail = !history && at.Accept("DETAIL");
  (void)(at.Accept("TABLE") || at.Accept("EXTENDED"));  // Spark's spellings of the same
  const Token* next = at.Peek();
  if (next != nullptr && !history && !detail && (next->Is("SELECT") || next->Is("WITH"))) {
    return DescribeQuery(at.TakeRest(), context);
  }
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto table = [&]() -> Result<DeltaTable> {
    MP_ASSIGN_OR_RETURN(auto name, SessionTables::NameOf(path));
    return context.tables().Open(name);
  }();
  if (!table.has_value()) {
    return FailAt(statement.source, offset, table.error().kind(), "{}", table.error().ToString());
  }
  if (history) return DescribeHistory(*table);
  MP_ASSIGN_OR_RETURN(auto snapshot, table->Latest());
  return detail ? DescribeDetail(*snapshot) : DescribeColumns(*snapshot);
}

Result<QueryResult> ExecuteShow(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  at.Skip();
  MP_RETURN_IF_ERROR(at.Expect("TABLES"));
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

Result<QueryResult> ExecuteExplain(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  at.Skip();
  const bool run = at.Accept("ANALYZE");
  MP_ASSIGN_OR_RETURN(const auto plan, context.Explain(at.TakeRest(), run));
  std::vector<std::vector<Cell>> rows;
  for (const auto& scan : plan.scans) {
    rows.push_back(
        {fmt::format("scan of {} version {}: {} of {} files, {} of {} bytes", scan.table,
                     scan.version, scan.files_read, scan.files, scan.bytes_read, scan.bytes)});
  }
  std::string_view rest = plan.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    rows.push_back({std::string(rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return RowsResult({{"plan"}}, rows);
}

}  // namespace millpond::data
