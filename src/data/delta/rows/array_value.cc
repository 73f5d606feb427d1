#include "data/delta/rows/array_value.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

namespace millpond::data {

ColumnValue PrimitiveAt(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(row);
    case arrow::Type::INT8:
      return int64_t{static_cast<const arrow::Int8Array&>(array).Value(row)};
    case arrow::Type::INT16:
      return int64_t{static_cast<const arrow::Int16Array&>(array).Value(row)};
    case arrow::Type::INT32:
      return int64_t{static_cast<const arrow::Int32Array&>(array).Value(row)};
    case arrow::Type::DATE32:
      return int64_t{static_cast<const arrow::Date32Array&>(array).Value(row)};
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::Int64Array&>(array).Value(row);
    case arrow::Type::FLOAT:
      return double{static_cast<const arrow::FloatArray&>(array).Value(row)};
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleArray&>(array).Value(row);
    case arrow::Type::DECIMAL128: {
      const arrow::Decimal128 value(
          static_cast<const arrow::Decimal128Array&>(array).GetValue(row));
      const int scale = static_cast<const arrow::Decimal128Type&>(*array.type()).scale();
      return DecimalValue{static_cast<__int128>(value.high_bits()) << 64 | value.low_bits(), scale};
    }
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return std::string(static_cast<const arrow::BinaryArray&>(array).GetView(row));
    default:
      return {};
  }
}

}  // namespace millpond::data
