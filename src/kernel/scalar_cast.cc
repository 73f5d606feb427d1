// Casts. What does not fit, or is no number or date at all, is NULL: CAST and TRY_CAST are one.
// Rounding: a decimal loses digits half away from zero; a double becomes an integer half to even
// (as DuckDB) and a decimal half away from zero of its exact value.
#include <charconv>
#include <cmath>

#include "base/clock.h"
#include "kernel/bound_node_internal.h"
#include "kernel/exact_math.h"

namespace millpond::kernel {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <typename T>
bool ReadNumber(std::string_view text, T* value) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end && !text.empty();
}

bool ReadBoolean(std::string_view text, bool* value) {
  std::string lower(Trim(text));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  *value = lower == "true" || lower == "t" || lower == "1";
  return *value || lower == "false" || lower == "f" || lower == "0";
}

Value FromText(std::string_view text, Type to) {
  switch (to.id) {
    case TypeId::kBoolean: {
      bool value = false;
      return ReadBoolean(text, &value) ? Value::Boolean(value) : Value::Null(to);
    }
    case TypeId::kBigint: {
      Int128 value = 0;
      if (!ParseDecimal(text, 20, 0, &value)) return Value::Null(to);
      if (value > INT64_MAX || value < INT64_MIN) return Value::Null(to);
      return Value::Bigint(static_cast<int64_t>(value));
    }
    case TypeId::kDouble: {
      double value = 0;
      return ReadNumber(text, &value) ? Value::Double(value) : Value::Null(to);
    }
    case TypeId::kDecimal: {
      Int128 value = 0;
      if (!ParseDecimal(text, to.precision, to.scale, &value)) return Value::Null(to);
      return Value::MakeDecimal(value, to.precision, to.scale);
    }
    case TypeId::kDate: {
      auto days = ParseDate(Trim(text));
      return days.has_value() ? Value::Date(*days) : Value::Null(to);
    }
    case TypeId::kTimestamp: {
      auto micros = ParseTimestamp(Trim(text));
      return micros.has_value() ? Value::Timestamp(*micros) : Value::Null(to);
    }
    default:
      return Value::Null(to);
  }
}

Int128 DivideHalfAway(Int128 value, Int128 unit) {
  Int128 whole = value / unit;
  Int128 rest = value % unit;
  if (rest >= unit - rest) return whole + 1;
  return rest <= -unit - rest ? whole - 1 : whole;
}

// unscaled at from_scale -> at to_scale, within the digits of `to`.
Value Rescale(Int128 unscaled, int from_scale, Type to) {
  if (to.scale >= from_scale) {
    if (__builtin_mul_overflow(unscaled, PowerOfTen(to.scale - from_scale), &unscaled)) {
      return Value::Null(to);
    }
  } else {
    unscaled = DivideHalfAway(unscaled, PowerOfTen(from_scale - to.scale));
  }
  Int128 limit = PowerOfTen(to.precision);
  if (unscaled >= limit || unscaled <= -limit) return Value::Null(to);
  return Value::MakeDecimal(unscaled, to.precision, to.scale);
}

Value FromBigint(int64_t value, Type to) {
  switch (to.id) {
    case TypeId::kBoolean:
      return Value::Boolean(value != 0);
    case TypeId::kDouble:
      return Value::Double(static_cast<double>(value));
    case TypeId::kDecimal:
      return Rescale(value, 0, to);
    case TypeId::kVarchar:
      return Value::Varchar(fmt::format("{}", value));
    default:
      return Value::Null(to);
  }
}

Value FromDouble(double value, Type to) {
  if (to.id == TypeId::kBoolean) return Value::Boolean(value != 0);
  if (to.id == TypeId::kBigint) {
    double whole = std::nearbyint(value);  // half to even: the default rounding mode
    bool fits = whole >= -0x1p63 && whole < 0x1p63;
    return fits ? Value::Bigint(static_cast<int64_t>(whole)) : Value::Null(to);
  }
  Int128 unscaled = 0;
  if (to.id != TypeId::kDecimal || !DoubleToDecimal(value, to.precision, to.scale, &unscaled)) {
    return Value::Null(to);
  }
  return Value::MakeDecimal(unscaled, to.precision, to.scale);
}

Value FromDecimal(Int128 value, int scale, Type to) {
  switch (to.id) {
    case TypeId::kBoolean:
      return Value::Boolean(value != 0);
    case TypeId::kBigint: {
      Int128 whole = DivideHalfAway(value, PowerOfTen(scale));
      if (whole > INT64_MAX || whole < INT64_MIN) return Value::Null(to);
      return Value::Bigint(static_cast<int64_t>(whole));
    }
    case TypeId::kDouble:
      return Value::Double(DecimalToDouble(value, scale));
    case TypeId::kDecimal:
      return Rescale(value, scale, to);
    case TypeId::kVarchar:
      return Value::Varchar(FormatDecimal(value, scale));
    default:
      return Value::Null(to);
  }
}

Value FromBoolean(bool value, Type to) {
  if (to.id == TypeId::kVarchar) return Value::Varchar(value ? "true" : "false");
  if (to.id == TypeId::kBigint) return Value::Bigint(value ? 1 : 0);
  return FromBigint(value ? 1 : 0, to);
}

Value FromTime(Type from, int64_t value, Type to) {
  if (from.id == TypeId::kDate && to.id == TypeId::kTimestamp) {
    int64_t micros = 0;
    if (__builtin_mul_overflow(value, kMicrosPerDayInt, &micros)) return Value::Null(to);
    return Value::Timestamp(micros);
  }
  if (from.id == TypeId::kTimestamp && to.id == TypeId::kDate) {
    return Value::Date(FloorDivide(value, kMicrosPerDayInt));
  }
  return Value::Null(to);
}

Value CastValue(const Column& from, int64_t row, Type to) {
  Type type = from.type();
  switch (type.id) {
    case TypeId::kBoolean:
      return FromBoolean(from.booleans()[row] != 0, to);
    case TypeId::kBigint:
      return FromBigint(from.int64s()[row], to);
    case TypeId::kDouble:
      return FromDouble(from.doubles()[row], to);
    case TypeId::kDecimal:
      return FromDecimal(from.decimals()[row], type.scale, to);
    case TypeId::kVarchar:
      return FromText(from.text(row), to);
    default:
      return FromTime(type, from.int64s()[row], to);
  }
}

}  // namespace

bool CanCast(Type from, Type to) {
  if (from == to || from.id == TypeId::kNull) return true;
  switch (from.id) {
    case TypeId::kBoolean:
    case TypeId::kBigint:
    case TypeId::kDecimal:
      return IsNumeric(to) || to.id == TypeId::kBoolean || to.id == TypeId::kVarchar;
    case TypeId::kDouble:
      return IsNumeric(to) || to.id == TypeId::kBoolean;
    case TypeId::kVarchar:
      return to.id != TypeId::kInterval && to.id != TypeId::kNull;
    case TypeId::kDate:
      return to.id == TypeId::kTimestamp;
    case TypeId::kTimestamp:
      return to.id == TypeId::kDate;
    default:
      return false;
  }
}

Column CastColumn(const Column& from, Type to) {
  if (from.type() == to) return from;
  Column out(to, from.size());
  for (int64_t row = 0; row < from.size(); ++row) {
    if (!from.IsNull(row)) out.Set(row, CastValue(from, row, to));
  }
  return out;
}

}  // namespace millpond::kernel
