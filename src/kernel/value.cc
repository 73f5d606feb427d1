#include "kernel/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/clock.h"

namespace millpond::kernel {

bool Value::operator==(const Value& other) const {
  if (type_ != other.type_) return false;
  if (type_.id == TypeId::kDouble && !is_null() && !other.is_null()) {
    double a = number();
    double b = other.number();
    return a == b || (std::isnan(a) && std::isnan(b));
  }
  return data_ == other.data_;
}

std::string Value::ToString() const {
  if (is_null()) return "NULL";
  switch (type_.id) {
    case TypeId::kBoolean:
      return boolean() ? "true" : "false";
    case TypeId::kDouble:
      return fmt::format("{}", number());
    case TypeId::kDecimal:
      return FormatDecimal(decimal(), type_.scale);
    case TypeId::kVarchar:
      return "'" + text() + "'";
    case TypeId::kDate:
      return FormatDate(static_cast<int32_t>(int64()));
    case TypeId::kTimestamp:
      return FormatTimestamp(int64());
    default:
      return fmt::format("{}", int64());
  }
}

std::string FormatDecimal(Int128 unscaled, int scale) {
  bool negative = unscaled < 0;
  Uint128 magnitude = negative ? -static_cast<Uint128>(unscaled) : static_cast<Uint128>(unscaled);
  std::string reversed;
  for (int digit = 0; magnitude != 0 || digit <= scale; ++digit) {
    if (digit == scale && scale > 0) reversed.push_back('.');
    reversed.push_back(static_cast<char>('0' + static_cast<int>(magnitude % 10)));
    magnitude /= 10;
  }
  if (negative) reversed.push_back('-');
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

namespace {

// The digits of a decimal number: sign, all digits without the point, and how many stand behind it
// once the exponent has moved the point.
struct DecimalText {
  bool negative = false;
  std::string digits;
  int64_t behind_point = 0;
};

bool ReadDecimalText(std::string_view text, DecimalText* out) {
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) out->negative = text[at++] == '-';
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      out->digits.push_back(text[at]);
      if (point) ++out->behind_point;
    } else {
      break;
    }
  }
  if (out->digits.empty()) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  std::string_view exponent_text = text.substr(at + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int exponent = 0;
  const char* end = exponent_text.data() + exponent_text.size();
  auto [stop, error] = std::from_chars(exponent_text.data(), end, exponent);
  if (error != std::errc() || stop != end || std::abs(exponent) > 1'000'000) return false;
  out->behind_point -= exponent;
  return true;
}

}  // namespace

bool ParseDecimal(std::string_view text, int precision, int scale, Int128* unscaled) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  DecimalText number;
  if (!ReadDecimalText(text, &number)) return false;
  size_t leading = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  std::string_view digits = std::string_view(number.digits).substr(leading);
  // digits * 10^-behind_point, wanted in units of 10^-scale: keep all but `drop` digits.
  int64_t drop = number.behind_point - scale;
  int64_t kept = static_cast<int64_t>(digits.size()) - drop;
  if (digits.empty() || kept < 0) {
    *unscaled = 0;
    return true;
  }
  if (kept > kMaxDecimalDigits) return false;
  Int128 value = 0;
  for (int64_t i = 0; i < kept; ++i) {
    int digit = i < static_cast<int64_t>(digits.size()) ? digits[i] - '0' : 0;
    value = value * 10 + digit;
  }
  if (kept < static_cast<int64_t>(digits.size()) && digits[kept] >= '5') ++value;
  if (value >= PowerOfTen(precision)) return false;
  *unscaled = number.negative ? -value : value;
  return true;
}

}  // namespace millpond::kernel
