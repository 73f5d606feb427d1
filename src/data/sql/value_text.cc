#include "data/sql/value_text.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <cmath>

#include "base/clock.h"
#include "base/json.h"

namespace millpond::data {
namespace {

std::string TimestampText(const arrow::TimestampArray& array, int64_t row) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  int64_t value = array.Value(row);
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      value *= 1'000'000;
      break;
    case arrow::TimeUnit::MILLI:
      value *= 1'000;
      break;
    case arrow::TimeUnit::MICRO:
      break;
    case arrow::TimeUnit::NANO:
      value /= 1'000;
      break;
  }
  std::string text = FormatTimestamp(value);  // …:00.000000Z
  if (text.ends_with(".000000Z")) text.erase(text.size() - 8, 7);
  if (type.timezone().empty()) text.pop_back();
  return text;
}

template <typename Float>
std::string FloatText(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", value);
}

std::string HexText(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

bool IsNumber(arrow::Type::type id) {
  return arrow::is_integer(id) || arrow::is_decimal(id) || arrow::is_floating(id);
}

std::string ListJson(const arrow::Array& values, int64_t begin, int64_t end) {
  std::string text = "[";
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) text += ",";
    text += CellJson(values, i);
  }
  return text + "]";
}

std::string StructJson(const arrow::StructArray& array, int64_t row) {
  std::string text = "{";
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) text += ",";
    text += DumpJson(Json(array.struct_type()->field(i)->name())) + ":";
    text += CellJson(*array.field(i), row);
  }
  return text + "}";
}

std::string MapJson(const arrow::MapArray& array, int64_t row) {
  std::string text = "{";
  for (int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
    if (i > array.value_offset(row)) text += ",";
    text += DumpJson(Json(CellText(*array.keys(), i))) + ":" + CellJson(*array.items(), i);
  }
  return text + "}";
}

template <typename Array>
auto Value(const arrow::Array& array, int64_t row) {
  return static_cast<const Array&>(array).Value(row);
}

}  // namespace

std::string CellText(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return Value<arrow::BooleanArray>(array, row) ? "true" : "false";
    case arrow::Type::INT8:
      return fmt::format("{}", Value<arrow::Int8Array>(array, row));
    case arrow::Type::INT16:
      return fmt::format("{}", Value<arrow::Int16Array>(array, row));
    case arrow::Type::INT32:
      return fmt::format("{}", Value<arrow::Int32Array>(array, row));
    case arrow::Type::INT64:
      return fmt::format("{}", Value<arrow::Int64Array>(array, row));
    case arrow::Type::UINT8:
      return fmt::format("{}", Value<arrow::UInt8Array>(array, row));
    case arrow::Type::UINT16:
      return fmt::format("{}", Value<arrow::UInt16Array>(array, row));
    case arrow::Type::UINT32:
      return fmt::format("{}", Value<arrow::UInt32Array>(array, row));
    case arrow::Type::UINT64:
      return fmt::format("{}", Value<arrow::UInt64Array>(array, row));
    case arrow::Type::FLOAT:
      return FloatText(Value<arrow::FloatArray>(array, row));
    case arrow::Type::DOUBLE:
      return FloatText(Value<arrow::DoubleArray>(array, row));
    case arrow::Type::STRING:
      return std::string(static_cast<const arrow::StringArray&>(array).GetView(row));
    case arrow::Type::LARGE_STRING:
      return std::string(static_cast<const arrow::LargeStringArray&>(array).GetView(row));
    case arrow::Type::BINARY:
      return HexText(static_cast<const arrow::BinaryArray&>(array).GetView(row));
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
    case arrow::Type::DATE32:
      return FormatDate(Value<arrow::Date32Array>(array, row));
    case arrow::Type::TIMESTAMP:
      return TimestampText(static_cast<const arrow::TimestampArray&>(array), row);
    default:
      break;
  }
  if (array.type_id() == arrow::Type::LIST || array.type_id() == arrow::Type::STRUCT ||
      array.type_id() == arrow::Type::MAP) {
    return CellJson(array, row);
  }
  auto scalar = array.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

std::string CellJson(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return "null";
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return CellText(array, row);
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return ListJson(*list.values(), list.value_offset(row), list.value_offset(row + 1));
    }
    case arrow::Type::STRUCT:
      return StructJson(static_cast<const arrow::StructArray&>(array), row);
    case arrow::Type::MAP:
      return MapJson(static_cast<const arrow::MapArray&>(array), row);
    default:
      break;
  }
  std::string text = CellText(array, row);
  bool bare = IsNumber(array.type_id()) && text != "NaN" && !text.ends_with("Infinity");
  return bare ? text : DumpJson(Json(text));
}

}  // namespace millpond::data
