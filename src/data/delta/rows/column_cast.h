// One column brought to a table's type, nested parts included. Two rules: what may be written into
// a column (nothing that could lose a value), and what may be found in a data file (also the looser
// physical types that old writers left).
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/column_value.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

enum class CastRule {
  kWrite,  // equal types and widenings
  kRead,   // and: timestamps with or without zone, integers whose values fit, bytes as text
};

// How a field of the table is found among those of a file, at every level (PROTOCOL.md, "Reader
// Requirements for Column Mapping").
enum class FieldMatch {
  kName,          // the rows speak the table's own names
  kPhysicalName,  // by the name in files; without column mapping that is the name
  kId,            // by Parquet's field id alone: a field without one is not there
};

// The way of a table's data files.
FieldMatch MatchInFiles(const Metadata& metadata);

// The position of `field` among `fields`, -1: not there. An exact name wins over one that differs
// by case.
int FindField(const arrow::FieldVector& fields, const StructField& field, FieldMatch match);

// kInvalidArgument (write) or kCorrupt (read) names `column` and both types.
Result<std::shared_ptr<arrow::Array>> CastColumn(std::shared_ptr<arrow::Array> array,
                                                 const DataType& target, CastRule rule,
                                                 const std::string& column,
                                                 FieldMatch match = FieldMatch::kName);

// May every value of `from` be written into a column of `to` without loss?
bool CanWiden(const DataType& from, const DataType& to);

// A NULL where the field, or one nested in it, does not allow one: kInvalidArgument names it.
Status CheckNullability(const arrow::Array& array, const StructField& field,
                        const std::string& column);

// `length` times one value.
Result<std::shared_ptr<arrow::Array>> ConstantColumn(const ColumnValue& value, const DataType& type,
                                                     int64_t length);

}  // namespace millpond::data
