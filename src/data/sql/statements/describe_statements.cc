// DESCRIBE [EXTENDED | FORMATTED] t, DESCRIBE HISTORY t [LIMIT n], DESCRIBE DETAIL t, DESCRIBE
// SELECT ….
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/text_limits.h"
#include "data/sql/rows.h"
#include "data/sql/statement_context.h"
#include "data/sql/statements/table_text.h"
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

std::vector<std::vector<Cell>> ColumnRows(const Snapshot& snapshot) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& field : snapshot.schema().fields()) {
    rows.push_back(
        {field.name, TypeString(field), field.nullable, snapshot.IsPartitionColumn(field.name),
         field.metadata.contains("comment") ? Cell(ColumnText(field, "comment")) : Cell()});
  }
  return rows;
}

std::string IdentityText(const IdentityRule& rule) {
  return fmt::format("GENERATED {} AS IDENTITY (START WITH {} INCREMENT BY {})",
                     rule.allow_explicit_insert ? "BY DEFAULT" : "ALWAYS", rule.start, rule.step);
}

// What Spark puts below the columns, in the same two of them.
void AddDetails(const std::string& name, const Snapshot& snapshot,
                std::vector<std::vector<Cell>>& rows) {
  const auto add = [&](const std::string& key, const std::string& value) {
    rows.push_back({key, value, Cell(), Cell(), Cell()});
  };
  const Metadata& metadata = snapshot.metadata();
  add("", "");
  add("# Detailed Table Information", "");
  add("Name", name);
  add("Type", "MANAGED");
  add("Provider", "delta");
  add("Location", snapshot.path());
  add("Comment", metadata.description.value_or(""));
  add("Partition Columns", fmt::format("{}", fmt::join(metadata.partition_columns, ", ")));
  add("Clustering Columns", ClusteringText(snapshot));
  add("Table Properties", Text(AllProperties(snapshot)));
  for (const StructField& field : snapshot.schema().fields()) {
    const std::string value = ColumnText(field, "CURRENT_DEFAULT");
    if (!value.empty()) add("Default of " + field.name, value);
    const std::string generation = ColumnText(field, "delta.generationExpression");
    if (!generation.empty()) add("Generation of " + field.name, generation);
    const auto identity = IdentityRuleOf(field);
    if (identity && *identity) add("Identity of " + field.name, IdentityText(**identity));
  }
  for (const RowCheck& one : InvariantsOf(snapshot.schema()).value_or(std::vector<RowCheck>())) {
    add("Invariant of " + one.name, one.expression);
  }
  for (const RowCheck& one : ConstraintsOf(metadata.configuration)) {
    add("Constraint " + one.name, one.expression);
  }
}

Result<QueryResult> DescribeColumns(const std::vector<std::vector<Cell>>& rows) {
  return RowsResult({{"column_name"},
                     {"data_type"},
                     {"nullable", CellType::kBoolean},
                     {"partition", CellType::kBoolean},
                     {"comment"}},
                    rows);
}

Result<QueryResult> DescribeHistory(DeltaTable& table, int limit) {
  MP_ASSIGN_OR_RETURN(const auto history, table.History(limit));
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

Result<QueryResult> DescribeDetail(const std::string& name, const Snapshot& snapshot) {
  const FileList& files = snapshot.files();
  int64_t bytes = 0, records = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(files.size()); ++i) {
    bytes += files.size_bytes(i);
    records += files.num_records(i).value_or(0);
  }
  const Metadata& metadata = snapshot.metadata();
  const Cell created =
      metadata.created_time_ms ? Cell(*metadata.created_time_ms * kMicrosPerMilli) : Cell();
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
       {"table_features"},
       {"name"},
       {"description"},
       {"created_at", CellType::kTimestamp},
       {"clustering_columns"}},
      {{std::string("delta"), snapshot.metadata().id, snapshot.path(), snapshot.version(),
        snapshot.commit_time(),
        fmt::format("{}", fmt::join(snapshot.metadata().partition_columns, ", ")),
        static_cast<int64_t>(files.size()), records, bytes, Text(snapshot.metadata().configuration),
        int64_t{protocol.min_reader_version}, int64_t{protocol.min_writer_version},
        fmt::format("{}", fmt::join(features, ", ")), name,
        metadata.description ? Cell(*metadata.description) : Cell(), created,
        ClusteringText(snapshot)}});
}

Result<QueryResult> DescribeQuery(std::string_view query, StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const auto schema, context.Describe(query));
  MP_ASSIGN_OR_RETURN(const auto columns, Schema::FromArrow(*schema));
  std::vector<std::vector<Cell>> rows;
  for (const auto& field : columns.fields()) rows.push_back({field.name, field.type.ToString()});
  return RowsResult({{"column_name"}, {"data_type"}}, rows);
}

Result<int> TakeLimit(TokenCursor& at) {
  const Token* token = at.Peek();
  int limit = 0;
  if (token != nullptr && token->kind == TokenKind::kNumber) {
    const char* end = token->text.data() + token->text.size();
    const auto [stop, error] = std::from_chars(token->text.data(), end, limit);
    if (error == std::errc() && stop == end) {
      at.Skip();
      return limit;
    }
  }
  return at.Unexpected("a whole number");
}

}  // namespace

Result<QueryResult> ExecuteDescribe(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  at.Skip();
  const bool history = at.Accept("HISTORY");
  const bool detail = !history && at.Accept("DETAIL");
  (void)at.Accept("TABLE");
  const bool extended = !history && !detail && (at.Accept("EXTENDED") || at.Accept("FORMATTED"));
  const Token* next = at.Peek();
  if (next != nullptr && !history && !detail && (next->Is("SELECT") || next->Is("WITH"))) {
    return DescribeQuery(at.TakeRest(), context);
  }
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakeTable());
  int limit = -1;
  if (history && at.Accept("LIMIT")) {
    MP_ASSIGN_OR_RETURN(limit, TakeLimit(at));
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto table = [&]() -> Result<DeltaTable> {
    MP_ASSIGN_OR_RETURN(auto name, SessionTables::NameOf(path));
    return context.tables().Open(name);
  }();
  if (!table.has_value()) {
    return FailAt(statement.source, offset, table.error().kind(), "{}", table.error().ToString());
  }
  if (history) return DescribeHistory(*table, limit);
  MP_ASSIGN_OR_RETURN(auto snapshot, table->Latest());
  const std::string name = fmt::format("{}", fmt::join(path, "."));
  if (detail) return DescribeDetail(name, *snapshot);
  auto rows = ColumnRows(*snapshot);
  if (extended) AddDetails(name, *snapshot, rows);
  return DescribeColumns(rows);
}

}  // namespace millpond::data
