// One value of an Arrow array of a primitive Delta type.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

#include "data/delta/metadata/column_value.h"

namespace millpond::data {

// Of a row that is not NULL. No value: an array of another type. BINARY comes as text, of its
// bytes.
ColumnValue PrimitiveAt(const arrow::Array& array, int64_t row);

}  // namespace millpond::data
