#include "data/delta/metadata/column_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/clock.h"

namespace millpond::data {
namespace {

std::unexpected<Error> BadValue(std::string_view text, const DataType& type) {
  return Fail(ErrorKind::kCorrupt, "the partition value '{}' is not of type {}", text,
              type.ToString());
}

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  if (text == "NaN") return std::nan("");
  if (text == "Infinity") return INFINITY;
  if (text == "-Infinity") return -INFINITY;
  return ParseNumber<double>(text);
}

Result<ColumnValue> ParseInteger(std::string_view text, const DataType& type) {
  auto value = ParseNumber<int64_t>(text);
  int64_t limit = type.kind() == TypeKind::kInteger ? INT32_MAX
                  : type.kind() == TypeKind::kShort ? INT16_MAX
                  : type.kind() == TypeKind::kByte  ? INT8_MAX
                                                    : INT64_MAX;
  if (!value || *value > limit || *value < -limit - 1) return BadValue(text, type);
  return *value;
}

Result<ColumnValue> ParseTime(std::string_view text, const DataType& type) {
  if (type.kind() == TypeKind::kDate) {
    auto days = ParseDate(text);
    if (!days.has_value()) return BadValue(text, type);
    return int64_t{*days};
  }
  auto micros = ParseTimestamp(text);
  if (!micros.has_value()) return BadValue(text, type);
  return *micros;
}

}  // namespace

std::optional<__int128> ParseDecimal(std::string_view text, int scale) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int exponent = 0;
  if (size_t e = text.find_first_of("eE"); e != text.npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    auto parsed = ParseNumber<int>(digits);
    if (!parsed || *parsed > 100 || *parsed < -100) return std::nullopt;
    exponent = *parsed;
    text = text.substr(0, e);
  }
  __int128 value = 0;
  int digits = 0, decimals = 0;
  bool seen_dot = false;
  for (char c : text) {
    if (c == '.' && !seen_dot) {
      seen_dot = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    if (value != 0 || c != '0') ++digits;
    if (digits > 38) return std::nullopt;
    value = value * 10 + (c - '0');
    if (seen_dot) ++decimals;
  }
  if (text.empty() || text == ".") return std::nullopt;
  for (int shift = scale - decimals + exponent; shift != 0 && value != 0;
       shift += shift > 0 ? -1 : 1) {
    if (shift > 0) {
      if (++digits > 38) return std::nullopt;
      value *= 10;
    } else if (value % 10 != 0) {
      return std::nullopt;
    } else {
      value /= 10;
    }
  }
  return negative ? -value : value;
}

std::string FormatDecimal(__int128 unscaled, int scale) {
  bool negative = unscaled < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(unscaled) : unscaled;
  std::string digits;
  while (rest > 0 || static_cast<int>(digits.size()) <= scale) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (scale > 0) digits.insert(scale, 1, '.');
  if (negative) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

Result<ColumnValue> ParsePartitionValue(std::string_view text, const DataType& type) {
  if (text.empty()) return ColumnValue();
  switch (type.kind()) {
    case TypeKind::kString:
    case TypeKind::kBinary:
      return std::string(text);
    case TypeKind::kLong:
    case TypeKind::kInteger:
    case TypeKind::kShort:
    case TypeKind::kByte:
      return ParseInteger(text, type);
    case TypeKind::kFloat:
    case TypeKind::kDouble: {
      auto value = ParseDouble(text);
      if (!value) return BadValue(text, type);
      return *value;
    }
    case TypeKind::kDecimal: {
      auto value = ParseDecimal(text, type.scale());
      if (!value) return BadValue(text, type);
      return DecimalValue{*value, type.scale()};
    }
    case TypeKind::kBoolean:
      if (EqualNames(text, "true")) return true;
      if (EqualNames(text, "false")) return false;
      return BadValue(text, type);
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return ParseTime(text, type);
    default:
      return Fail(ErrorKind::kUnsupported, "a partition column of type {}", type.ToString());
  }
}

std::optional<std::string> FormatPartitionValue(const ColumnValue& value, const DataType& type) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->empty()) return std::nullopt;
    return *text;
  }
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
    return FormatDecimal(decimal->unscaled, decimal->scale);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::isnan(*number)) return "NaN";
    if (std::isinf(*number)) return *number > 0 ? "Infinity" : "-Infinity";
    // The shortest text that reads back as the same value of the column's own width.
    return type.kind() == TypeKind::kFloat ? fmt::format("{}", static_cast<float>(*number))
                                           : fmt::format("{}", *number);
  }
  if (const auto* number = std::get_if<int64_t>(&value)) {
    if (type.kind() == TypeKind::kDate) return FormatDate(static_cast<int32_t>(*number));
    if (type.kind() == TypeKind::kTimestamp) return FormatTimestamp(*number);
    if (type.kind() == TypeKind::kTimestampNtz) {
      std::string text = FormatTimestamp(*number);
      text[10] = ' ';
      text.pop_back();  // the 'Z'
      return text;
    }
    return fmt::format("{}", *number);
  }
  return std::nullopt;
}

}  // namespace millpond::data
