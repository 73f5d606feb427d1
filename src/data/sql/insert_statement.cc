// INSERT INTO t [(a, b)] query, INSERT [WITH SCHEMA EVOLUTION] INTO t BY NAME query.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/write.h"
#include "data/sql/session_internal.h"
#include "data/sql/syntax.h"
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

// The table that an INSERT names, and where.
struct Target {
  TableName name;
  size_t offset = 0;
  DeltaTable table;
};

Result<Target> TakeTarget(TokenCursor& at, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
  if (!name) return ErrorAt(context.source(), offset, name.error());
  MP_RETURN_IF_ERROR(context.Check(Privilege::kModify, name->ToString()));
  auto opened = context.catalog().OpenTable(*name);
  if (!opened) return ErrorAt(context.source(), offset, opened.error());
  return Target{*name, offset, *opened};
}

// The columns in the order in which the query gives them: as listed, or all.
Result<std::vector<TargetColumn>> TakeColumns(TokenCursor& at, const Schema& schema,
                                              const Target& target, const SourceText& source,
                                              bool listed) {
  std::vector<TargetColumn> columns;
  if (!listed) {
    for (const auto& field : schema.fields()) columns.push_back({field.name, field.type});
    return columns;
  }
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    const size_t offset = at.offset();
    MP_ASSIGN_OR_RETURN(const std::string column, at.TakeName("a column"));
    const StructField* field = schema.Find(column);
    if (field == nullptr) {
      return FailAt(source, offset, ErrorKind::kInvalidArgument, "table {} has no column {}",
                    target.name.ToString(), column);
    }
    columns.push_back({field->name, field->type});
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return columns;
}

// Where in the source the values stand, as far as the SELECT's list or the VALUES tell.
std::vector<std::vector<size_t>> PlacesOfValues(std::string_view query, const SourceText& source,
                                                size_t columns) {
  const auto offsets = [](const std::vector<SqlExpr>& row) {
    std::vector<size_t> found;
    for (const SqlExpr& value : row) found.push_back(value.offset);
    return found;
  };
  const auto tree = ParseSelect(query, source);
  if (!tree || !tree->set_operation.empty() || !tree->order_by.empty()) return {};
  std::vector<std::vector<size_t>> places;
  const bool star = tree->select.size() == 1 && tree->select[0].kind == SqlExprKind::kStar;
  if (tree->from.kind == TableRef::Kind::kValues && star && !tree->where) {
    for (const auto& row : tree->from.values) places.push_back(offsets(row));
  } else {
    places.push_back(offsets(tree->select));
  }
  const bool known =
      std::ranges::all_of(places, [&](const auto& row) { return row.size() == columns; });
  return known ? places : std::vector<std::vector<size_t>>();
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

Result<QueryResult> ExecuteInsert(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  const bool evolves = at.Accept("WITH", "SCHEMA", "EVOLUTION");
  if (at.Accept("OVERWRITE")) {
    return FailAt(statement.source, statement.tokens[1].offset, ErrorKind::kUnsupported,
                  "INSERT OVERWRITE is not built yet; write CREATE OR REPLACE TABLE t AS SELECT …");
  }
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  (void)at.Accept("TABLE");  // Spark's spelling
  MP_ASSIGN_OR_RETURN(Target target, TakeTarget(at, context));
  MP_ASSIGN_OR_RETURN(auto snapshot, target.table.Latest());
  std::shared_ptr<arrow::RecordBatchReader> rows;
  if (at.Accept("BY", "NAME")) {
    MP_ASSIGN_OR_RETURN(rows, context.Run(at.TakeRest()));
  } else if (evolves) {
    return FailAt(statement.source, at.offset(), ErrorKind::kInvalidArgument,
                  "WITH SCHEMA EVOLUTION finds columns by their names: write INSERT WITH SCHEMA "
                  "EVOLUTION INTO {} BY NAME SELECT …",
                  target.name.table);
  } else {
    RunOptions run;
    const bool listed = HasColumnList(at);
    MP_ASSIGN_OR_RETURN(run.columns,
                        TakeColumns(at, snapshot->schema(), target, statement.source, listed));
    std::vector<std::string> names;
    for (const TargetColumn& column : run.columns) names.push_back(column.name);
    const std::string_view query = at.TakeRest();
    run.places = PlacesOfValues(query, statement.source, names.size());
    MP_ASSIGN_OR_RETURN(rows, context.Run(query, {}, std::move(run)));
    rows = std::make_shared<RenamedReader>(std::move(rows), names);
  }
  WriteOptions write;
  write.operation = "INSERT";
  write.merge_schema = evolves;
  auto commit = WriteTable(target.table, *rows, write);
  if (!commit) return ErrorAt(statement.source, target.offset, commit.error());
  return WrittenRows(target.name, *commit, "inserted into");
}

}  // namespace millpond::data
