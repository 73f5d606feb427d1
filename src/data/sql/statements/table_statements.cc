// CREATE TABLE (columns or AS SELECT), DROP TABLE [IF EXISTS] t [PURGE].
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include "data/arrow/status.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/commit/write.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/sql/row_progress.h"
#include "data/sql/statement_context.h"
#include "data/sql/statements/table_head_internal.h"
#include "data/sql/statements/table_text.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {
namespace {

// Columns that the table does not fill in itself: what an empty set of rows must have.
std::shared_ptr<arrow::Schema> PlainColumns(const Schema& schema) {
  std::vector<StructField> plain;
  for (const StructField& field : schema.fields()) {
    if (FeaturesOfRules(Schema({field}), {}).empty()) plain.push_back(field);
  }
  return Schema(std::move(plain)).ToArrow();
}

Status CheckRules(const Schema& schema, const CreateOptions& options, StatementContext& context) {
  if (FeaturesOfRules(schema, options.properties).empty()) return OkStatus();
  const auto engine = context.catalog().expressions();
  if (engine == nullptr) return Fail(ErrorKind::kInternal, "the catalog has no SQL engine");
  return ValidateRules(schema, options.properties, *engine);
}

Result<QueryResult> CreateAsSelect(const TableHead& head, std::string_view query,
                                   StatementContext& context) {
  MP_ASSIGN_OR_RETURN(bool there, context.catalog().TableExists(head.name));
  if (there && head.if_not_exists) {
    return QueryResult{nullptr, fmt::format("table {} was already there", head.name.ToString())};
  }
  if (there && !head.or_replace) {
    return FailAt(context.source(), head.name_offset, ErrorKind::kAlreadyExists,
                  "table {} is already there; drop it first, or say CREATE OR REPLACE TABLE",
                  head.name.ToString());
  }
  WriteOptions write;
  std::optional<DeltaTable> replaced;
  if (there) {
    // Taken before the query is bound, so that the version that it may read is the one that it
    // replaces: what others commit meanwhile is a conflict, never lost.
    MP_ASSIGN_OR_RETURN(replaced, context.catalog().OpenTable(head.name));
    MP_ASSIGN_OR_RETURN(write.base, replaced->Latest());
    context.tables().HoldStill(write.base);
  }
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(query));
  rows = WithProgress(std::move(rows), context.progress());
  MP_ASSIGN_OR_RETURN(Schema schema, Schema::FromArrow(*rows->schema()));
  // Which characters a name may have depends on the table's properties.
  MP_RETURN_IF_ERROR_CONTEXT(ValidateSchema(schema, ColumnMappingMode::kName), "{}",
                             context.source().Place(context.source().OffsetOf(query)));
  CreateOptions options = head.create_options();
  options.schema = schema;
  if (auto fits = CheckRules(schema, options, context); !fits) {
    return ErrorAt(context.source(), head.name_offset, fits.error());
  }
  if (replaced) {
    write.mode = WriteMode::kOverwrite;
    write.operation = "CREATE OR REPLACE TABLE AS SELECT";
    write.replace = options;
    auto commit = WriteTable(*replaced, *rows, write);
    if (!commit) return ErrorAt(context.source(), head.name_offset, commit.error());
    return Made(WrittenRows(head.name, *commit, "written to"), *replaced);
  }
  options.operation = "CREATE TABLE AS SELECT";
  auto commit = context.catalog().CreateTableFrom(head.name, options, *rows);
  if (!commit) return ErrorAt(context.source(), head.name_offset, commit.error());
  return Made(WrittenRows(head.name, *commit, "written to"),
              context.catalog().OpenTable(head.name));
}

}  // namespace

QueryResult Made(QueryResult result, Result<DeltaTable> table) {
  if (!table.has_value()) return result;
  const auto snapshot = table->Latest();
  if (snapshot.has_value()) result.message += NeededFeaturesText(**snapshot);
  return result;
}

Result<QueryResult> CreateEmptyTable(const TableHead& head, const CreateOptions& options,
                                     StatementContext& context) {
  if (auto fits = CheckRules(options.schema, options, context); !fits) {
    return ErrorAt(context.source(), head.name_offset, fits.error());
  }
  MP_ASSIGN_OR_RETURN(bool there, context.catalog().TableExists(head.name));
  if (there && head.or_replace) {
    MP_ASSIGN_OR_RETURN(auto table, context.catalog().OpenTable(head.name));
    MP_ASSIGN_OR_RETURN(
        auto rows, FromArrow(arrow::RecordBatchReader::Make({}, PlainColumns(options.schema))));
    WriteOptions write;
    write.mode = WriteMode::kOverwrite;
    write.operation = "CREATE OR REPLACE TABLE";
    write.replace = options;
    const auto commit = WriteTable(table, *rows, write);
    if (!commit) return ErrorAt(context.source(), head.name_offset, commit.error());
    return Made({nullptr, fmt::format("table {} replaced, version {}", head.name.ToString(),
                                      commit->version)},
                table);
  }
  const auto made = context.catalog().CreateTable(head.name, options, head.if_not_exists);
  if (!made) return ErrorAt(context.source(), head.name_offset, made.error());
  if (there) {
    return QueryResult{nullptr, fmt::format("table {} was already there", head.name.ToString())};
  }
  return Made({nullptr, fmt::format("table {} created", head.name.ToString())}, *made);
}

QueryResult WrittenRows(const TableName& name, const CommitResult& commit, std::string_view verb) {
  return {nullptr, fmt::format("{} rows {} {}, version {}", commit.rows, verb, name.ToString(),
                               commit.version)};
}

Result<QueryResult> ExecuteCreateTable(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_ASSIGN_OR_RETURN(TableHead head, ParseTableHead(at, statement.source));
  if (!head.by_path) {
    MP_RETURN_IF_ERROR(context.Check(Privilege::kCreateTable, head.name.ToString()));
  }
  if (head.location) return CreateAtLocation(head, at, context);
  if (at.Accept("LIKE")) return CreateLike(std::move(head), at, context);
  if (!at.AtEnd() && !at.Peek()->Is("AS")) return CreateClone(std::move(head), at, context);
  if (at.Accept("AS")) {
    if (!head.columns.empty()) {
      return FailAt(statement.source, head.name_offset, ErrorKind::kInvalidArgument,
                    "CREATE TABLE … AS SELECT takes its columns from the query; leave out the list "
                    "and cast in the query");
    }
    return CreateAsSelect(head, at.TakeRest(), context);
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  if (head.columns.empty()) {
    return FailAt(statement.source, head.name_offset, ErrorKind::kInvalidArgument,
                  "table {} needs columns: CREATE TABLE {} (id BIGINT, …), or AS SELECT …",
                  head.name.table, head.name.table);
  }
  Schema schema(head.columns);
  CreateOptions options = head.create_options();
  options.schema = std::move(schema);
  return CreateEmptyTable(head, options, context);
}

Result<QueryResult> ExecuteDropTable(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("DROP"));
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  const bool if_exists = at.Accept("IF", "EXISTS");
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  const bool purge = at.Accept("PURGE");
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
  if (!name.has_value()) {
    return ErrorAt(statement.source, offset, name.error());
  }
  MP_RETURN_IF_ERROR(context.Check(Privilege::kDropTable, name->ToString()));
  Status dropped = context.catalog().DropTable(*name, purge);
  if (dropped.has_value()) {
    return QueryResult{
        nullptr, fmt::format("table {} dropped{}", name->ToString(), purge ? " for good" : "")};
  }
  if (if_exists && dropped.error().kind() == ErrorKind::kNotFound) {
    return QueryResult{nullptr, fmt::format("there was no table {}", name->ToString())};
  }
  return ErrorAt(statement.source, offset, dropped.error());
}

}  // namespace millpond::data
