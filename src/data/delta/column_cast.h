// One column brought to a table's type, nested parts included. Two rules: what may be written into
// a column (nothing that could lose a value), and what may be found in a data file (also the looser
// physical types that old writers left).
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "data/delta/column_value.h"
#include "data/delta/schema.h"

namespace millpond::data {

enum class CastRule {
  kWrite,  // equal types and widenings
  kRead,   // and: timestamps with or without zone, integers whose values fit, bytes as text
};

// kInvalidArgument (write) or kCorrupt (read) names `column` and both types.
Result<std::shared_ptr<arrow::Array>> CastColumn(std::shared_ptr<arrow::Array> array,
                                                 const DataType& target, CastRule rule,
                                                 const std::string& column);

// May every value of `from` be written into a column of `to` without loss?
bool CanWiden(const DataType& from, const DataType& to);

// A NULL where the field, or one nested in it, does not allow one: kInvalidArgument names it.
Status CheckNullability(const arrow::Array& array, const StructField& field,
                        const std::string& column);

// `length` times one value.
Result<std::shared_ptr<arrow::Array>> ConstantColumn(const ColumnValue& value, const DataType& type,
                                                     int64_t length);

}  // namespace millpond::data
