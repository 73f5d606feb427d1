#include "kernel/exact_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace millpond::kernel {

Natural::Natural(Uint128 value) {
  for (; value != 0; value >>= 32) digits_.push_back(static_cast<uint32_t>(value));
}

Natural Natural::FromDigits(std::vector<uint32_t> digits) {
  Natural natural;
  natural.digits_ = std::move(digits);
  natural.Trim();
  return natural;
}

void Natural::Trim() {
  while (!digits_.empty() && digits_.back() == 0) digits_.pop_back();
}

int Natural::BitLength() const {
  if (digits_.empty()) return 0;
  return static_cast<int>(digits_.size()) * 32 - std::countl_zero(digits_.back());
}

bool Natural::Bit(int i) const {
  size_t digit = static_cast<size_t>(i) / 32;
  return digit < digits_.size() && (digits_[digit] >> (i % 32) & 1) != 0;
}

Natural Natural::operator*(const Natural& other) const {
  std::vector<uint32_t> product(digits_.size() + other.digits_.size());
  for (size_t i = 0; i < digits_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.digits_.size(); ++j) {
      carry += uint64_t{digits_[i]} * other.digits_[j] + product[i + j];
      product[i + j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    product[i + other.digits_.size()] = static_cast<uint32_t>(carry);
  }
  return FromDigits(std::move(product));
}

Natural Natural::ShiftLeft(int bits) const {
  if (digits_.empty()) return {};
  std::vector<uint32_t> shifted(static_cast<size_t>(bits) / 32, 0);
  uint64_t carry = 0;
  for (uint32_t digit : digits_) {
    carry |= uint64_t{digit} << (bits % 32);
    shifted.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  shifted.push_back(static_cast<uint32_t>(carry));
  return FromDigits(std::move(shifted));
}

Natural Natural::ShiftRight(int bits) const {
  std::vector<uint32_t> shifted;
  for (size_t i = static_cast<size_t>(bits) / 32; i < digits_.size(); ++i) {
    uint64_t pair = digits_[i];
    if (i + 1 < digits_.size()) pair |= uint64_t{digits_[i + 1]} << 32;
    shifted.push_back(static_cast<uint32_t>(pair >> (bits % 32)));
  }
  return FromDigits(std::move(shifted));
}

bool Natural::operator<(const Natural& other) const {
  if (digits_.size() != other.digits_.size()) return digits_.size() < other.digits_.size();
  return std::lexicographical_compare(digits_.rbegin(), digits_.rend(), other.digits_.rbegin(),
                                      other.digits_.rend());
}

bool Natural::ToInt128(Int128* value) const {
  if (BitLength() > 127) return false;
  *value = 0;
  for (size_t i = digits_.size(); i-- > 0;) *value = *value << 32 | digits_[i];
  return true;
}

namespace {

void DivideByDigit(const std::vector<uint32_t>& a, uint32_t b, std::vector<uint32_t>* quotient,
                   uint32_t* remainder) {
  quotient->assign(a.size(), 0);
  uint64_t rest = 0;
  for (size_t i = a.size(); i-- > 0;) {
    rest = rest << 32 | a[i];
    (*quotient)[i] = static_cast<uint32_t>(rest / b);
    rest %= b;
  }
  *remainder = static_cast<uint32_t>(rest);
}

// One step of Knuth's algorithm D: the quotient digit of u[at..at+n] by v, which it takes from u.
uint32_t QuotientDigit(std::vector<uint32_t>& u, const std::vector<uint32_t>& v, size_t at) {
  size_t n = v.size();
  uint64_t top = uint64_t{u[at + n]} << 32 | u[at + n - 1];
  uint64_t guess = top / v[n - 1];
  uint64_t rest = top % v[n - 1];
  while (guess >> 32 != 0 || guess * v[n - 2] > (rest << 32 | u[at + n - 2])) {
    --guess;
    rest += v[n - 1];
    if (rest >> 32 != 0) break;
  }
  int64_t borrow = 0;
  uint64_t carry = 0;
  for (size_t i = 0; i < n; ++i) {
    carry += guess * v[i];
    int64_t difference = int64_t{u[at + i]} - static_cast<uint32_t>(carry) + borrow;
    u[at + i] = static_cast<uint32_t>(difference);
    borrow = difference >> 32;
    carry >>= 32;
  }
  int64_t difference = int64_t{u[at + n]} - static_cast<int64_t>(carry) + borrow;
  u[at + n] = static_cast<uint32_t>(difference);
  if (difference >= 0) return static_cast<uint32_t>(guess);
  // The guess was one too high (happens about twice in 2^32): add the divisor back.
  carry = 0;
  for (size_t i = 0; i < n; ++i) {
    carry += uint64_t{u[at + i]} + v[i];
    u[at + i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  u[at + n] += static_cast<uint32_t>(carry);
  return static_cast<uint32_t>(guess - 1);
}

}  // namespace

void Natural::Divide(const Natural& a, const Natural& b, Natural* quotient, Natural* remainder) {
  if (a < b) {
    *remainder = a;
    *quotient = {};
    return;
  }
  if (b.digits_.size() == 1) {
    std::vector<uint32_t> digits;
    uint32_t rest = 0;
    DivideByDigit(a.digits_, b.digits_[0], &digits, &rest);
    *quotient = FromDigits(std::move(digits));
    *remainder = Natural(rest);
    return;
  }
  int shift = std::countl_zero(b.digits_.back());
  std::vector<uint32_t> v = b.ShiftLeft(shift).digits_;
  std::vector<uint32_t> u = a.ShiftLeft(shift).digits_;
  u.resize(a.digits_.size() + 1);
  std::vector<uint32_t> digits(u.size() - v.size());
  for (size_t at = digits.size(); at-- > 0;) digits[at] = QuotientDigit(u, v, at);
  *quotient = FromDigits(std::move(digits));
  *remainder = FromDigits(std::move(u)).ShiftRight(shift);
}

namespace {

// The 64 bits from the highest set one down; *more is set if any below them is set.
uint64_t TopBits(std::span<const uint32_t> digits, bool* more) {
  size_t n = digits.size();
  auto digit = [&](size_t from_top) { return from_top < n ? digits[n - 1 - from_top] : 0; };
  int shift = std::countl_zero(digit(0));
  uint64_t top = uint64_t{digit(0)} << 32 | digit(1);
  uint64_t rest = uint64_t{digit(2)};
  top = shift == 0 ? top : top << shift | rest >> (32 - shift);
  if ((rest << shift & 0xffffffff) != 0) *more = true;
  for (size_t i = 3; i < n && !*more; ++i) *more = digit(i) != 0;
  return top;
}

}  // namespace

double RoundDigits(bool negative, std::span<const uint32_t> digits, int exponent, bool more,
                   bool* exact) {
  while (!digits.empty() && digits.back() == 0) digits = digits.first(digits.size() - 1);
  if (exact != nullptr) *exact = !more;
  if (digits.empty()) return 0.0;
  uint64_t top = TopBits(digits, &more);
  int length = static_cast<int>(digits.size()) * 32 - std::countl_zero(digits.back());
  // The value is top * 2^(high - 63), its highest bit weighs 2^high.
  int high = exponent + length - 1;
  if (high > 1023) {
    if (exact != nullptr) *exact = false;
    double infinity = std::numeric_limits<double>::infinity();
    return negative ? -infinity : infinity;
  }
  int precision = high >= -1022 ? 53 : 53 - (-1022 - high);
  if (precision < 0) {
    if (exact != nullptr) *exact = false;
    return negative ? -0.0 : 0.0;
  }
  int drop = 64 - precision;
  uint64_t kept = drop == 64 ? 0 : top >> drop;
  bool half = (top >> (drop - 1) & 1) != 0;
  bool below = more || (top & ((uint64_t{1} << (drop - 1)) - 1)) != 0;
  if (exact != nullptr) *exact = !half && !below;
  if (half && (below || (kept & 1) != 0)) ++kept;
  double magnitude = std::ldexp(static_cast<double>(kept), high + 1 - precision);
  return negative ? -magnitude : magnitude;
}

double RoundRatio(bool negative, const Natural& numerator, const Natural& denominator,
                  int exponent) {
  if (numerator.IsZero()) return 0.0;
  // 66 bits of quotient: 53 to keep, one to round, and the rest only asked whether it is zero.
  int shift = std::max(0, 66 - (numerator.BitLength() - denominator.BitLength()));
  Natural quotient;
  Natural remainder;
  Natural::Divide(numerator.ShiftLeft(shift), denominator, &quotient, &remainder);
  return RoundDigits(negative, quotient.digits(), exponent - shift, !remainder.IsZero());
}

namespace {

constexpr Uint128 kExactInDouble = uint64_t{1} << 53;

Uint128 Absolute(Int128 value) {
  return value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
}

}  // namespace

double DivideInts(Int128 a, Int128 b) {
  return DivideDecimals(a, 0, b, 0);
}

double DivideDecimals(Int128 a, int a_scale, Int128 b, int b_scale) {
  Uint128 top = Absolute(a);
  Uint128 bottom = Absolute(b);
  bool negative = (a < 0) != (b < 0);
  if (a_scale == b_scale && top <= kExactInDouble && bottom <= kExactInDouble) {
    double quotient = static_cast<double>(top) / static_cast<double>(bottom);
    return negative && top != 0 ? -quotient : quotient;
  }
  Natural numerator(top);
  Natural denominator(bottom);
  if (b_scale > a_scale) {
    numerator = numerator * Natural(static_cast<Uint128>(PowerOfTen(b_scale - a_scale)));
  } else {
    denominator = denominator * Natural(static_cast<Uint128>(PowerOfTen(a_scale - b_scale)));
  }
  return RoundRatio(negative, numerator, denominator, 0);
}

double DecimalToDouble(Int128 unscaled, int scale) {
  Uint128 magnitude = Absolute(unscaled);
  // 10^22 is the last power of ten that is a double.
  if (magnitude <= kExactInDouble && scale <= 22) {
    return static_cast<double>(static_cast<int64_t>(unscaled)) /
           static_cast<double>(PowerOfTen(scale));
  }
  return RoundRatio(unscaled < 0, Natural(magnitude),
                    Natural(static_cast<Uint128>(PowerOfTen(scale))), 0);
}

bool DoubleToDecimal(double x, int precision, int scale, Int128* unscaled) {
  if (!std::isfinite(x)) return false;
  int exponent = 0;
  double fraction = std::frexp(std::fabs(x), &exponent);
  auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  Natural scaled = Natural(mantissa) * Natural(static_cast<Uint128>(PowerOfTen(scale)));
  bool up = false;
  if (exponent >= 0) {
    if (exponent > 127) return false;
    scaled = scaled.ShiftLeft(exponent);
  } else {
    up = scaled.Bit(-exponent - 1);
    scaled = scaled.ShiftRight(-exponent);
  }
  Int128 value = 0;
  if (!scaled.ToInt128(&value)) return false;
  if (up) ++value;
  if (value >= PowerOfTen(precision)) return false;
  *unscaled = x < 0 ? -value : value;
  return true;
}

}  // namespace millpond::kernel
