// One value of any kernel type, or NULL of that type: for literals, tests and single results. Rows
// in bulk are Columns.
#pragma once

#include <string>
#include <variant>

#include "kernel/type.h"

namespace millpond::kernel {

class Value {
 public:
  Value() = default;  // the NULL literal
  static Value Null(Type type) { return Value(type, {}); }
  static Value Boolean(bool v) { return Value(kBoolean, v); }
  static Value Bigint(int64_t v) { return Value(kBigint, v); }
  static Value Double(double v) { return Value(kDouble, v); }
  // The number unscaled / 10^scale. |unscaled| < 10^precision is the caller's duty.
  static Value MakeDecimal(Int128 unscaled, int precision, int scale) {
    return Value(Decimal(precision, scale), unscaled);
  }
  static Value Varchar(std::string v) { return Value(kVarchar, std::move(v)); }
  static Value Date(int64_t days) { return Value(kDate, days); }
  static Value Timestamp(int64_t micros) { return Value(kTimestamp, micros); }
  static Value Interval(int64_t micros) { return Value(kInterval, micros); }

  Type type() const { return type_; }
  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }

  // Each is allowed only on a value of a fitting type that is not NULL.
  bool boolean() const { return std::get<bool>(data_); }
  int64_t int64() const { return std::get<int64_t>(data_); }
  double number() const { return std::get<double>(data_); }
  Int128 decimal() const { return std::get<Int128>(data_); }
  const std::string& text() const { return std::get<std::string>(data_); }

  // As a person writes it: 1.50, true, 'text', 1998-07-01T00:00:00.000000Z, NULL. Doubles in the
  // shortest form that reads back to the same bits.
  std::string ToString() const;

  // Same type and same bits, except that NaN equals NaN and -0 equals +0.
  bool operator==(const Value& other) const;

 private:
  using Data = std::variant<std::monostate, bool, int64_t, double, Int128, std::string>;
  Value(Type type, Data data) : type_(type), data_(std::move(data)) {}

  Type type_;
  Data data_;
};

// "-12.50" for the number unscaled / 10^scale, and its reverse: `text` rounded half away from zero
// to the scale. false if it is no number or has more than `precision` digits.
std::string FormatDecimal(Int128 unscaled, int scale);
bool ParseDecimal(std::string_view text, int precision, int scale, Int128* unscaled);

}  // namespace millpond::kernel
