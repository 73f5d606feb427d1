#include "data/sql/statements/insert_rows_internal.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/delta/rows/column_cast.h"
#include "data/sql/row_progress.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/insert_defaults_internal.h"
#include "data/sql/syntax.h"

namespace millpond::data {
namespace {

// The rows of a query under other column names (INSERT matches by position, tables by name), with
// the fixed columns behind them and without those that the table fills in.
class NamedRows : public arrow::RecordBatchReader, public Interruptible {
 public:
  NamedRows(std::shared_ptr<arrow::RecordBatchReader> inner, const std::vector<std::string>& names,
            const std::set<size_t>& left_out, const Schema& table, std::vector<FixedColumn> fixed)
      : inner_(std::move(inner)), fixed_(std::move(fixed)) {
    arrow::FieldVector fields;
    for (size_t i = 0; i < names.size(); ++i) {
      if (left_out.contains(i)) continue;
      kept_.push_back(static_cast<int>(i));
      fields.push_back(inner_->schema()->field(static_cast<int>(i))->WithName(names[i]));
    }
    for (const FixedColumn& column : fixed_) {
      types_.push_back(table.Find(column.name)->type);
      fields.push_back(arrow::field(column.name, ToArrowType(types_.back())));
    }
    schema_ = arrow::schema(std::move(fields));
  }
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    arrow::ArrayVector columns;
    for (const int i : kept_) columns.push_back((*batch)->column(i));
    for (size_t i = 0; i < fixed_.size(); ++i) {
      auto column = ConstantColumn(fixed_[i].value, types_[i], (*batch)->num_rows());
      if (!column.has_value()) return ToArrow(column.error());
      columns.push_back(*std::move(column));
    }
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return arrow::Status::OK();
  }
  void Interrupt() override { InterruptReader(*inner_); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> inner_;
  std::vector<int> kept_;
  std::vector<FixedColumn> fixed_;
  std::vector<DataType> types_;
  std::shared_ptr<arrow::Schema> schema_;
};

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

// Without a list, the query may leave out what the table always fills in itself.
Result<std::vector<TargetColumn>> GivenColumns(std::string_view query,
                                               std::vector<TargetColumn> all, const TableFill& fill,
                                               const Schema& schema, StatementContext& context) {
  std::vector<TargetColumn> given;
  for (const TargetColumn& column : all) {
    MP_ASSIGN_OR_RETURN(const bool filled, fill.IsAlwaysFilled(*schema.Find(column.name)));
    if (!filled) given.push_back(column);
  }
  if (given.size() == all.size()) return all;
  MP_ASSIGN_OR_RETURN(auto defaults, FindDefaults(query, context.source()));
  MP_ASSIGN_OR_RETURN(const auto columns, context.Describe(query, std::move(defaults)));
  return static_cast<size_t>(columns->num_fields()) == given.size() ? given : all;
}

// What BY NAME has to say of the query's columns: nothing, where no variants are stored; else all
// keep their types, except that those which go into variants become such.
Result<std::vector<TargetColumn>> ColumnsByName(std::string_view query, const Schema& schema,
                                                StatementContext& context) {
  std::vector<TargetColumn> columns;
  const bool any = std::ranges::any_of(schema.fields(), [](const StructField& field) {
    return field.type.Holds(TypeKind::kVariant);
  });
  if (!any) return columns;
  MP_ASSIGN_OR_RETURN(const auto given, context.Describe(query));
  MP_ASSIGN_OR_RETURN(const Schema described, Schema::FromArrow(*given));
  for (const StructField& field : described.fields()) {
    const StructField* target = schema.Find(field.name);
    const bool is_variant = target != nullptr && target->type.Holds(TypeKind::kVariant);
    columns.push_back({field.name, is_variant ? target->type : field.type});
  }
  return columns;
}

bool IsFixed(const std::string& name, const std::vector<FixedColumn>& fixed) {
  return std::ranges::any_of(
      fixed, [&](const FixedColumn& column) { return EqualNames(column.name, name); });
}

}  // namespace

Result<std::vector<TargetColumn>> TakeInsertColumns(TokenCursor& at, const Schema& schema,
                                                    const std::string& name,
                                                    const SourceText& source,
                                                    const std::vector<FixedColumn>& fixed) {
  std::vector<TargetColumn> columns;
  if (!HasColumnList(at)) {
    for (const auto& field : schema.fields()) {
      if (!IsFixed(field.name, fixed)) columns.push_back({field.name, field.type});
    }
    return columns;
  }
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    const size_t offset = at.offset();
    MP_ASSIGN_OR_RETURN(const std::string column, at.TakeName("a column"));
    const StructField* field = schema.Find(column);
    if (field == nullptr) {
      return FailAt(source, offset, ErrorKind::kInvalidArgument, "table {} has no column {}", name,
                    column);
    }
    if (IsFixed(column, fixed)) {
      return FailAt(source, offset, ErrorKind::kInvalidArgument,
                    "column {} has its value from PARTITION; leave it out of the list", column);
    }
    columns.push_back({field->name, field->type});
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return columns;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> TakeInsertRows(
    TokenCursor& at, StatementContext& context, const Schema& schema, const std::string& name,
    const TableFill& fill, const std::vector<FixedColumn>& fixed) {
  std::vector<std::string> names;
  std::shared_ptr<arrow::RecordBatchReader> rows;
  InsertDefaults defaults;
  if (at.Accept("BY", "NAME")) {
    const std::string_view query = at.TakeRest();
    RunOptions run;
    MP_ASSIGN_OR_RETURN(run.columns, ColumnsByName(query, schema, context));
    MP_ASSIGN_OR_RETURN(rows, context.Run(query, {}, std::move(run)));
    rows = WithProgress(std::move(rows), context.progress());
    if (fixed.empty()) return rows;
    names = rows->schema()->field_names();
  } else {
    RunOptions run;
    const bool listed = HasColumnList(at);
    MP_ASSIGN_OR_RETURN(run.columns, TakeInsertColumns(at, schema, name, context.source(), fixed));
    const std::string_view query = at.TakeRest();
    if (!listed) {
      MP_ASSIGN_OR_RETURN(run.columns,
                          GivenColumns(query, std::move(run.columns), fill, schema, context));
    }
    for (const TargetColumn& column : run.columns) names.push_back(column.name);
    MP_ASSIGN_OR_RETURN(defaults, TakeDefaults(query, context.source(), run.columns, fill));
    run.places = PlacesOfValues(query, context.source(), names.size());
    MP_ASSIGN_OR_RETURN(rows, context.Run(query, defaults.replacements, std::move(run)));
    rows = WithProgress(std::move(rows), context.progress());
  }
  return std::make_shared<NamedRows>(std::move(rows), names, defaults.left_out, schema, fixed);
}

namespace {

Status ExplainInsertRows(TokenCursor& at, StatementContext& context, const Schema& schema,
                         const std::string& name, const std::vector<FixedColumn>& fixed) {
  std::vector<Replacement> defaults;
  const bool by_name = at.Accept("BY", "NAME");
  if (!by_name) {
    MP_RETURN_IF_ERROR(TakeInsertColumns(at, schema, name, context.source(), fixed));
  }
  const std::string_view query = at.TakeRest();
  if (!by_name) {
    MP_ASSIGN_OR_RETURN(defaults, FindDefaults(query, context.source()));
  }
  Explanation& explanation = *context.explanation();
  MP_ASSIGN_OR_RETURN(explanation.plan,
                      context.Explain(query, explanation.run, std::move(defaults)));
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> TakeRowsFor(
    const ChangeTarget& target, TokenCursor& at, StatementContext& context,
    const std::vector<FixedColumn>& fixed) {
  const Schema& schema = target.snapshot->schema();
  if (context.explanation() != nullptr) {
    MP_RETURN_IF_ERROR(ExplainInsertRows(at, context, schema, target.name, fixed));
    return std::shared_ptr<arrow::RecordBatchReader>();
  }
  const TableFill fill(target.snapshot, target.table.expressions());
  return TakeInsertRows(at, context, schema, target.name, fill, fixed);
}

}  // namespace millpond::data
