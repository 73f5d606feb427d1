// Exact integers of any size, as far as correctly rounded quotients and conversions need them. Each
// function rounds once, to nearest, ties to even, subnormals and overflow included.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/type.h"

namespace millpond::kernel {

// A natural number, 32-bit digits, lowest first, no leading zeros.
class Natural {
 public:
  Natural() = default;
  explicit Natural(Uint128 value);
  static Natural FromDigits(std::vector<uint32_t> digits);

  bool IsZero() const { return digits_.empty(); }
  int BitLength() const;
  bool Bit(int i) const;
  const std::vector<uint32_t>& digits() const { return digits_; }

  Natural operator*(const Natural& other) const;
  Natural ShiftLeft(int bits) const;
  Natural ShiftRight(int bits) const;  // floor
  bool operator<(const Natural& other) const;
  bool operator==(const Natural&) const = default;
  // quotient and remainder by schoolbook division; divisor > 0
  static void Divide(const Natural& a, const Natural& b, Natural* quotient, Natural* remainder);

  // false if it does not fit into 127 bits.
  bool ToInt128(Int128* value) const;

 private:
  void Trim();
  std::vector<uint32_t> digits_;
};

// ±(numerator / denominator) * 2^exponent. denominator > 0.
double RoundRatio(bool negative, const Natural& numerator, const Natural& denominator,
                  int exponent);

// ±digits * 2^exponent, digits lowest first; `more` says that something smaller than the last bit,
// but not nothing, comes after it. *exact, if given, says that nothing was rounded off.
double RoundDigits(bool negative, std::span<const uint32_t> digits, int exponent, bool more,
                   bool* exact = nullptr);

// a / b for integers, correctly rounded; b != 0.
double DivideInts(Int128 a, Int128 b);
// (a / 10^a_scale) / (b / 10^b_scale), correctly rounded; b != 0.
double DivideDecimals(Int128 a, int a_scale, Int128 b, int b_scale);
// value / 10^scale, correctly rounded.
double DecimalToDouble(Int128 unscaled, int scale);
// x * 10^scale, rounded half away from zero. false: NaN, infinite, or 10^precision and more.
bool DoubleToDecimal(double x, int precision, int scale, Int128* unscaled);

}  // namespace millpond::kernel
