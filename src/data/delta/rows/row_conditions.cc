#include "data/delta/rows/row_conditions.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/rows/text_fit.h"

namespace millpond::data {
namespace {

constexpr size_t kMaxValueBytes = 80;

// Cut between two characters.
std::string Shortened(std::string text) {
  if (text.size() <= kMaxValueBytes) return text;
  size_t end = kMaxValueBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string ValueText(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return "NULL";
  const auto scalar = column.GetScalar(row);
  if (!scalar.ok()) return "?";
  const std::string text = Shortened((*scalar)->ToString());
  return column.type_id() == arrow::Type::STRING ? "'" + text + "'" : text;
}

// The first row that is not true.
std::optional<int64_t> FirstUntrue(const arrow::Array& array) {
  const auto& flags = static_cast<const arrow::BooleanArray&>(array);
  if (flags.null_count() == 0 && flags.true_count() == flags.length()) return std::nullopt;
  for (int64_t row = 0; row < flags.length(); ++row) {
    if (flags.IsNull(row) || !flags.Value(row)) return row;
  }
  return std::nullopt;
}

std::optional<int64_t> FirstOther(const arrow::Array& values, const arrow::Array& column) {
  const auto same = arrow::EqualOptions::Defaults().nans_equal(true);
  if (column.Equals(values, same)) return std::nullopt;
  for (int64_t row = 0; row < values.length(); ++row) {
    if (!column.RangeEquals(values, row, row + 1, row, same)) return row;
  }
  return std::nullopt;
}

}  // namespace

std::string RowText(const arrow::RecordBatch& rows, int64_t row, const std::vector<int>& columns) {
  std::string text;
  for (const int i : columns) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", rows.schema()->field(i)->name(),
                        ValueText(*rows.column(i), row));
  }
  return text;
}

Result<RowConditions> RowConditions::Bind(RowExpressionEngine* engine, const Schema& schema,
                                          std::vector<RowCondition> conditions) {
  RowConditions made;
  made.conditions_ = std::move(conditions);
  if (made.empty()) return made;
  std::vector<RowExpression> expressions;
  for (const RowCondition& one : made.conditions_) {
    RowExpression& expression = expressions.emplace_back(one.expression);
    std::optional<Fitted>& fitted = made.fitted_.emplace_back();
    if (expression.compared_with.empty()) continue;
    const int column = schema.IndexOf(expression.compared_with);
    const StructField& field = schema.fields()[column];
    MP_ASSIGN_OR_RETURN(auto limits, TextLimitsOf(field));
    if (limits.empty()) continue;
    expression.compared_with.clear();
    fitted = Fitted{column, field, std::move(limits)};
  }
  MP_ASSIGN_OR_RETURN(made.bound_, engine->Bind(schema, expressions));
  return made;
}

Result<std::optional<int64_t>> RowConditions::FirstBroken(
    size_t condition, const arrow::RecordBatch& rows, std::shared_ptr<arrow::Array> values) const {
  const std::optional<Fitted>& fitted = fitted_[condition];
  if (!fitted) return FirstUntrue(*values);
  MP_ASSIGN_OR_RETURN(values, CastAndFit(std::move(values), fitted->field, fitted->limits));
  return FirstOther(*values, *rows.column(fitted->column));
}

Status RowConditions::Check(const arrow::RecordBatch& rows) const {
  if (empty() || rows.num_rows() == 0) return OkStatus();
  MP_ASSIGN_OR_RETURN(const arrow::ArrayVector values, bound_->Evaluate(rows));
  for (size_t i = 0; i < conditions_.size(); ++i) {
    MP_ASSIGN_OR_RETURN(const auto row, FirstBroken(i, rows, values[i]));
    if (!row) continue;
    std::vector<int> columns = bound_->ColumnsOf(i);
    if (fitted_[i]) columns.push_back(fitted_[i]->column);
    std::ranges::sort(columns);
    return Fail(ErrorKind::kInvalidArgument, "{}{}{}", conditions_[i].broken,
                columns.empty() ? "" : " by the row with ", RowText(rows, *row, columns));
  }
  return OkStatus();
}

}  // namespace millpond::data
