// The smallest and the greatest value of an array.
#pragma once

#include <arrow/type_fwd.h>

#include "data/delta/metadata/column_value.h"

namespace millpond::data {

struct ArrayRange {
  ColumnValue min, max;  // none: no values, a NaN among them, or a type without an order here
  bool nan = false;
};

ArrayRange RangeOf(const arrow::Array& array);

}  // namespace millpond::data
