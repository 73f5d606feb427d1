// The statistics that a checkpoint keeps as a typed struct (`stats_parsed`; PROTOCOL.md,
// "Checkpoint Schema"): as the JSON text that everything else works with, or one bound at a time.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

#include "data/delta/metadata/column_value.h"

namespace millpond::data {

// `array` is the struct column; "" where the row has none.
std::string StatsJsonOf(const arrow::Array& array, int64_t row);

// A bound as a value of the column's type in the table, which may be wider than the one it was
// written with. No value: none there, or of a type that does not fit.
ColumnValue TypedBound(const arrow::Array* array, int64_t row, const DataType& type);

}  // namespace millpond::data
