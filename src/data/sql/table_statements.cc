// CREATE TABLE (columns or AS SELECT), INSERT INTO, DROP TABLE.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include "data/arrow/status.h"
#include "data/delta/write.h"
#include "data/sql/session_internal.h"
#include "data/sql/table_head_internal.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {
namespace {

// The rows of a query under other column names: INSERT matches by position, tables by name.
class RenamedReader : public arrow::RecordBatchReader {
 public:
  RenamedReader(std::shared_ptr<arrow::RecordBatchReader> inner,
                const std::vector<std::string>& names)
      : inner_(std::move(inner)) {
    arrow::FieldVector fields;
    for (size_t i = 0; i < names.size(); ++i) {
      fields.push_back(inner_->schema()->field(static_cast<int>(i))->WithName(names[i]));
    }
    schema_ = arrow::schema(std::move(fields));
  }
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), (*batch)->columns());
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> inner_;
  std::shared_ptr<arrow::Schema> schema_;
};

QueryResult Written(const TableName& name, const CommitResult& commit, std::string_view verb) {
  return {nullptr, fmt::format("{} rows {} {}, version {}", commit.rows, verb, name.ToString(),
                               commit.version)};
}

Result<QueryResult> CreateEmpty(const TableHead& head, const Schema& schema,
                                StatementContext& context) {
  CreateOptions options = head.create_options();
  options.schema = schema;
  MP_ASSIGN_OR_RETURN(bool there, context.catalog().TableExists(head.name));
  if (there && head.or_replace) {
    MP_ASSIGN_OR_RETURN(auto table, context.catalog().OpenTable(head.name));
    MP_ASSIGN_OR_RETURN(auto rows, FromArrow(arrow::RecordBatchReader::Make({}, schema.ToArrow())));
    WriteOptions write;
    write.mode = WriteMode::kOverwrite;
    write.operation = "CREATE OR REPLACE TABLE";
    write.overwrite_schema = schema;
    MP_ASSIGN_OR_RETURN(auto commit, WriteTable(table, *rows, write));
    return QueryResult{nullptr, fmt::format("table {} replaced, version {}", head.name.ToString(),
                                            commit.version)};
  }
  MP_RETURN_IF_ERROR(context.catalog().CreateTable(head.name, options, head.if_not_exists));
  return QueryResult{nullptr, fmt::format("table {} {}", head.name.ToString(),
                                          there ? "was already there" : "created")};
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
  MP_ASSIGN_OR_RETURN(Schema schema, Schema::FromArrow(*rows->schema()));
  MP_RETURN_IF_ERROR_CONTEXT(schema.Validate(), "{}",
                             context.source().Place(context.source().OffsetOf(query)));
  if (replaced) {
    write.mode = WriteMode::kOverwrite;
    write.operation = "CREATE OR REPLACE TABLE AS SELECT";
    write.overwrite_schema = schema;
    MP_ASSIGN_OR_RETURN(auto commit, WriteTable(*replaced, *rows, write));
    return Written(head.name, commit, "written to");
  }
  CreateOptions options = head.create_options();
  options.schema = schema;
  options.operation = "CREATE TABLE AS SELECT";
  MP_ASSIGN_OR_RETURN(auto commit, context.catalog().CreateTableFrom(head.name, options, *rows));
  return Written(head.name, commit, "written to");
}

// The target columns of an INSERT, in the order in which the query gives them.
Result<std::vector<const StructField*>> TargetColumns(const Schema& schema, const TableName& name,
                                                      const std::vector<std::string>& listed,
                                                      const SourceText& source, size_t offset) {
  std::vector<const StructField*> targets;
  if (listed.empty()) {
    for (const auto& field : schema.fields()) targets.push_back(&field);
    return targets;
  }
  for (const auto& column : listed) {
    const StructField* field = schema.Find(column);
    if (field == nullptr) {
      return FailAt(source, offset, ErrorKind::kInvalidArgument, "table {} has no column {}",
                    name.ToString(), column);
    }
    targets.push_back(field);
  }
  return targets;
}

Result<std::vector<std::string>> TakeColumnList(TokenCursor& at) {
  std::vector<std::string> columns;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(columns.emplace_back(), at.TakeName("a column"));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return columns;
}

// INSERT INTO t (a, b) SELECT …, but not INSERT INTO t (SELECT …).
bool HasColumnList(const TokenCursor& at) {
  const Token* first = at.Peek(0);
  const Token* second = at.Peek(1);
  const Token* third = at.Peek(2);
  return first != nullptr && second != nullptr && third != nullptr && first->IsPunctuation("(") &&
         second->IsName() && !second->Is("SELECT") && !second->Is("WITH") &&
         !second->Is("VALUES") && !second->Is("FROM") &&
         (third->IsPunctuation(",") || third->IsPunctuation(")"));
}

}  // namespace

Result<QueryResult> ExecuteCreateTable(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_ASSIGN_OR_RETURN(TableHead head, ParseTableHead(at, statement.source));
  MP_RETURN_IF_ERROR(context.Check(Privilege::kCreateTable, head.name.ToString()));
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
  MP_RETURN_IF_ERROR_CONTEXT(schema.Validate(), "{}", statement.source.Place(head.name_offset));
  return CreateEmpty(head, schema, context);
}

Result<QueryResult> ExecuteInsert(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  if (at.Accept("OVERWRITE")) {
    return FailAt(statement.source, statement.tokens[1].offset, ErrorKind::kUnsupported,
                  "INSERT OVERWRITE is not built yet; write CREATE OR REPLACE TABLE t AS SELECT …");
  }
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  (void)at.Accept("TABLE");  // Spark's spelling
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
  if (!name.has_value()) {
    return FailAt(statement.source, offset, name.error().kind(), "{}", name.error().ToString());
  }
  MP_RETURN_IF_ERROR(context.Check(Privilege::kModify, name->ToString()));
  auto opened = context.catalog().OpenTable(*name);
  if (!opened.has_value()) {
    return FailAt(statement.source, offset, opened.error().kind(), "{}", opened.error().ToString());
  }
  MP_ASSIGN_OR_RETURN(auto snapshot, opened->Latest());
  const bool by_name = at.Accept("BY", "NAME");
  std::vector<std::string> listed;
  if (!by_name && HasColumnList(at)) {
    MP_ASSIGN_OR_RETURN(listed, TakeColumnList(at));
  }
  MP_ASSIGN_OR_RETURN(auto targets,
                      TargetColumns(snapshot->schema(), *name, listed, statement.source, offset));
  WriteOptions write;
  write.operation = "INSERT";
  if (by_name) {
    MP_ASSIGN_OR_RETURN(auto rows, context.Run(at.TakeRest()));
    MP_ASSIGN_OR_RETURN(auto commit, WriteTable(*opened, *rows, write));
    return Written(*name, commit, "inserted into");
  }
  std::vector<DataType> types;
  std::vector<std::string> names;
  for (const StructField* target : targets) {
    types.push_back(target->type);
    names.push_back(target->name);
  }
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(at.TakeRest(), {}, std::move(types)));
  RenamedReader renamed(std::move(rows), names);
  MP_ASSIGN_OR_RETURN(auto commit, WriteTable(*opened, renamed, write));
  return Written(*name, commit, "inserted into");
}

Result<QueryResult> ExecuteDropTable(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("DROP"));
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  const bool if_exists = at.Accept("IF", "EXISTS");
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
  if (!name.has_value()) {
    return FailAt(statement.source, offset, name.error().kind(), "{}", name.error().ToString());
  }
  MP_RETURN_IF_ERROR(context.Check(Privilege::kDropTable, name->ToString()));
  Status dropped = context.catalog().DropTable(*name);
  if (dropped.has_value()) {
    return QueryResult{nullptr, fmt::format("table {} dropped", name->ToString())};
  }
  if (if_exists && dropped.error().kind() == ErrorKind::kNotFound) {
    return QueryResult{nullptr, fmt::format("there was no table {}", name->ToString())};
  }
  return FailAt(statement.source, offset, dropped.error().kind(), "{}", dropped.error().ToString());
}

}  // namespace millpond::data
