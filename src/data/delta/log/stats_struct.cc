#include "data/delta/log/stats_struct.h"

#include <arrow/array.h>
#include <arrow/scalar.h>

#include <cmath>

#include "base/clock.h"
#include "base/json.h"
#include "data/delta/log/stats_source_internal.h"

namespace millpond::data {
namespace {

template <typename ArrayType>
std::string Number(const arrow::Array& array, int64_t row) {
  return fmt::format("{}", static_cast<const ArrayType&>(array).Value(row));
}

template <typename ArrayType>
std::string RealNumber(const arrow::Array& array, int64_t row) {
  auto value = static_cast<const ArrayType&>(array).Value(row);
  return std::isfinite(value) ? fmt::format("{}", value) : "";
}

std::string Timestamp(const arrow::Array& array, int64_t row) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  int64_t value = static_cast<const arrow::TimestampArray&>(array).Value(row);
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      return "";  // Parquet has no such unit
    case arrow::TimeUnit::MILLI:
      value *= kMicrosPerMilli;
      break;
    case arrow::TimeUnit::MICRO:
      break;
    case arrow::TimeUnit::NANO:
      value = value / 1000 - (value % 1000 < 0 ? 1 : 0);
      break;
  }
  return fmt::format("\"{}\"", FormatTimestamp(value));
}

// "" for a value that statistics cannot hold.
std::string JsonOf(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return "";
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return Number<arrow::Int8Array>(array, row);
    case arrow::Type::INT16:
      return Number<arrow::Int16Array>(array, row);
    case arrow::Type::INT32:
      return Number<arrow::Int32Array>(array, row);
    case arrow::Type::INT64:
      return Number<arrow::Int64Array>(array, row);
    case arrow::Type::FLOAT:
      return RealNumber<arrow::FloatArray>(array, row);
    case arrow::Type::DOUBLE:
      return RealNumber<arrow::DoubleArray>(array, row);
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
    case arrow::Type::DATE32:
      return fmt::format("\"{}\"",
                         FormatDate(static_cast<const arrow::Date32Array&>(array).Value(row)));
    case arrow::Type::TIMESTAMP:
      return Timestamp(array, row);
    case arrow::Type::STRING:
      return DumpJson(Json(static_cast<const arrow::StringArray&>(array).GetString(row)));
    case arrow::Type::STRUCT:
      break;
    default:
      return "";
  }
  const auto& node = static_cast<const arrow::StructArray&>(array);
  std::string object = "{";
  for (int i = 0; i < node.num_fields(); ++i) {
    std::string value = JsonOf(*node.field(i), row);
    if (value.empty()) continue;
    if (object.size() > 1) object += ',';
    object += DumpJson(Json(node.struct_type()->field(i)->name())) + ":" + value;
  }
  return object + "}";
}

}  // namespace

ColumnValue TypedBound(const arrow::Array* array, int64_t row, const DataType& type) {
  if (array == nullptr || array->IsNull(row)) return {};
  switch (type.kind()) {
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      if (array->type_id() == arrow::Type::INT64) {
        return static_cast<const arrow::Int64Array&>(*array).Value(row);
      }
      break;
    case TypeKind::kString:
      if (array->type_id() != arrow::Type::STRING) return {};
      return static_cast<const arrow::StringArray&>(*array).GetString(row);
    case TypeKind::kDouble:
      if (array->type_id() == arrow::Type::DOUBLE) {
        const double value = static_cast<const arrow::DoubleArray&>(*array).Value(row);
        return std::isnan(value) ? ColumnValue() : ColumnValue(value);
      }
      break;
    default:
      break;
  }
  // The rest goes by its text, as in JSON.
  std::string text = JsonOf(*array, row);
  if (text.starts_with('"')) {
    if (array->type_id() == arrow::Type::STRING) return {};  // of a column that was a string
    text = text.substr(1, text.size() - 2);
  }
  return ParseBound(text, type);
}

std::string StatsJsonOf(const arrow::Array& array, int64_t row) {
  return array.type_id() == arrow::Type::STRUCT ? JsonOf(array, row) : "";
}

}  // namespace millpond::data
