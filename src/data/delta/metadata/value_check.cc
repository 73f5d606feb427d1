#include "data/delta/metadata/value_check.h"

#include <arrow/array.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "data/arrow/status.h"

namespace millpond::data {
namespace {

constexpr int64_t kFirstDay = -719'162;  // 0001-01-01
constexpr int64_t kLastDay = 2'932'896;  // 9999-12-31

template <typename ArrayType>
Status CheckRange(const arrow::Array& array, int64_t first, int64_t last,
                  const std::string& column) {
  const auto& typed = static_cast<const ArrayType&>(array);
  for (int64_t row = 0; row < typed.length(); ++row) {
    const int64_t value = typed.Value(row);
    if (value >= first && value <= last) continue;
    if (typed.IsNull(row)) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "column '{}' has a value outside the years 1 to 9999 (or infinity), which a table "
                "cannot hold: leave it out or write NULL",
                column);
  }
  return OkStatus();
}

bool IsAscii(std::string_view text) {
  uint64_t all = 0;
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    all |= word;
  }
  for (; at < text.size(); ++at) all |= static_cast<unsigned char>(text[at]);
  return (all & 0x8080808080808080) == 0;
}

// The bytes of all values, one after the other.
std::string_view BytesOf(const arrow::StringArray& texts) {
  if (texts.length() == 0 || texts.value_data() == nullptr) return {};
  return {reinterpret_cast<const char*>(texts.raw_data()) + texts.value_offset(0),
          static_cast<size_t>(texts.total_values_length())};
}

Status CheckText(const arrow::Array& array, const std::string& column) {
  const auto& texts = static_cast<const arrow::StringArray&>(array);
  if (IsAscii(BytesOf(texts)) || texts.ValidateUTF8().ok()) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "column '{}' has a string that is not UTF-8: decode it, or make the column BINARY",
              column);
}

}  // namespace

Status CheckValues(const arrow::Array& array, const DataType& type, const std::string& column) {
  switch (type.kind()) {
    case TypeKind::kDate:
      return CheckRange<arrow::Date32Array>(array, kFirstDay, kLastDay, column);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return CheckRange<arrow::TimestampArray>(array, kFirstDay * kMicrosPerDay,
                                               (kLastDay + 1) * kMicrosPerDay - 1, column);
    case TypeKind::kString:
      return CheckText(array, column);
    case TypeKind::kStruct: {
      const auto& node = static_cast<const arrow::StructArray&>(array);
      for (size_t i = 0; i < type.fields().size(); ++i) {
        const StructField& field = type.fields()[i];
        MP_ARROW_ASSIGN_OR_RETURN(auto child, node.GetFlattenedField(static_cast<int>(i)));
        MP_RETURN_IF_ERROR(CheckValues(*child, field.type, column + "." + field.name));
      }
      return OkStatus();
    }
    case TypeKind::kArray: {
      MP_ARROW_ASSIGN_OR_RETURN(auto values, static_cast<const arrow::ListArray&>(array).Flatten());
      return CheckValues(*values, type.element(), column + ".element");
    }
    case TypeKind::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      const int64_t first = map.value_offset(0);
      const int64_t length = map.value_offset(map.length()) - first;
      MP_RETURN_IF_ERROR(
          CheckValues(*map.keys()->Slice(first, length), type.key(), column + ".key"));
      return CheckValues(*map.items()->Slice(first, length), type.element(), column + ".value");
    }
    default:
      return OkStatus();
  }
}

}  // namespace millpond::data
