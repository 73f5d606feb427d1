// Conditions over a table's rows, each with the words in which its violation is told. A row must
// make every one of them true; NULL is not true. What a column of CHAR(n) or VARCHAR(n) is compared
// with is brought to its length first, as the column's own values were (text_fit.h).
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/delta/metadata/row_expressions.h"
#include "data/delta/metadata/schema.h"
#include "data/delta/metadata/text_limits.h"

namespace millpond::data {

struct RowCondition {
  std::string broken;  // "CHECK constraint c (a > 0) is not met"
  RowExpression expression;
};

class RowConditions {
 public:
  // `engine` may be null where there are no conditions.
  static Result<RowConditions> Bind(RowExpressionEngine* engine, const Schema& schema,
                                    std::vector<RowCondition> conditions);

  bool empty() const { return conditions_.empty(); }
  // kInvalidArgument tells the first condition that is not met, and the values of the first row
  // that does not meet it in the columns that it looks at. `rows` has the schema's columns.
  Status Check(const arrow::RecordBatch& rows) const;

 private:
  // A column that is compared with what its texts become.
  struct Fitted {
    int column = 0;
    StructField field;
    TextLimits limits;
  };

  // The first row that does not meet it, by the values of its expression.
  Result<std::optional<int64_t>> FirstBroken(size_t condition, const arrow::RecordBatch& rows,
                                             std::shared_ptr<arrow::Array> values) const;

  std::vector<RowCondition> conditions_;
  std::vector<std::optional<Fitted>> fitted_;  // of each condition
  std::unique_ptr<BoundExpressions> bound_;
};

// "amount = -1, name = 'x'": a row's values in some columns, long ones cut.
std::string RowText(const arrow::RecordBatch& rows, int64_t row, const std::vector<int>& columns);

}  // namespace millpond::data
