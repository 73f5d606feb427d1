// SQL expressions over the columns of a table: what CHECK constraints, invariants, generated
// columns and defaults are. The log spells them in Spark SQL; who evaluates them stands above (the
// query engine) and is handed to a table by DeltaTable::SetExpressions. Arrow in, Arrow out.
//
// An engine refuses, by name, what would not mean the same in every row and for every writer:
// subqueries, aggregates, window functions, functions that give another value each time, and
// functions that it does not read as Spark does.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

struct RowExpression {
  std::string text;                    // Spark SQL
  DataType type = TypeKind::kBoolean;  // of the values, which are cast to it
  // Not empty: the values tell whether this column equals the expression (<=>), as booleans.
  std::string compared_with = {};
};

// Expressions made ready for one write. Used by one thread.
class BoundExpressions {
 public:
  virtual ~BoundExpressions() = default;

  // The columns of the schema that an expression looks at, in ascending order.
  virtual const std::vector<int>& ColumnsOf(size_t expression) const = 0;
  // One array an expression, with a value for each row. `rows` has the schema's columns.
  virtual Result<arrow::ArrayVector> Evaluate(const arrow::RecordBatch& rows) = 0;
};

class RowExpressionEngine {
 public:
  virtual ~RowExpressionEngine() = default;

  // kInvalidArgument and kUnsupported name the expression and what is wrong with it. Thread-safe.
  virtual Result<std::unique_ptr<BoundExpressions>> Bind(
      const Schema& schema, const std::vector<RowExpression>& expressions) = 0;
  // The value of a column default: an expression without columns, to which the time of the call is
  // known (current_date(), current_timestamp()). One row.
  virtual Result<std::shared_ptr<arrow::Array>> Constant(const RowExpression& expression) = 0;
};

}  // namespace millpond::data
