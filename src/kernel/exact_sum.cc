// A double is m * 2^(e - 1074) with a 53-bit m and e in [0, 2045]. Added into digits of 32 bits it
// falls on three neighbours, e / 32 and the two above. Each limb holds a digit in 64 signed bits,
// so that 2^30 additions fit before carries have to be moved (R. Neal, Fast exact summation using
// small and large superaccumulators, 2015, with the limbs cut to the range in use).
#include "kernel/exact_sum.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "kernel/exact_math.h"

namespace millpond::kernel {
namespace {

constexpr int kBias = -1074;
constexpr uint32_t kMaxPending = uint32_t{1} << 30;
constexpr int kMaxLimbs = 68;  // 2046 + 53 bits, and 63 more for the number of additions
// No sum of fewer than 2^63 doubles reaches 2^1087: the last limb holds at most 17 bits.
constexpr int64_t kMaxLastDigit = (int64_t{1} << (1087 + 1074 - 32 * (kMaxLimbs - 1))) - 1;
constexpr int64_t kDigitMask = 0xffffffff;

// Moves carries up so that every limb but the last is a digit. Returns what is left above the last.
int64_t MoveCarries(int64_t* limbs, int count) {
  int64_t carry = 0;
  for (int i = 0; i < count; ++i) {
    carry += limbs[i];
    limbs[i] = carry & kDigitMask;
    carry >>= 32;
  }
  return carry;
}

template <typename T>
void AppendLittleEndian(T value, std::string* bytes) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes->push_back(static_cast<char>(static_cast<uint8_t>(value >> (8 * i))));
  }
}

template <typename T>
T TakeLittleEndian(std::string_view* bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(static_cast<T>(static_cast<uint8_t>((*bytes)[i])) << (8 * i));
  }
  bytes->remove_prefix(sizeof(T));
  return value;
}

std::unexpected<Error> Corrupt() {
  return Fail(ErrorKind::kCorrupt, "bytes are not the state of a sum (docs/formats)");
}

}  // namespace

// The sum as sign and digits, lowest first, without zeros at either end.
struct ExactSum::Magnitude {
  bool negative = false;
  int first = 0;
  int count = 0;
  std::array<uint32_t, kMaxLimbs + 2> digits;  // the first `count`

  std::span<const uint32_t> span() const { return {digits.data(), static_cast<size_t>(count)}; }
  int exponent() const { return kBias + 32 * first; }
};

void ExactSum::Reserve(int first, int last) {
  int new_first = count_ == 0 ? first : std::min<int>(first, first_);
  int new_last = count_ == 0 ? last : std::max<int>(last, first_ + count_ - 1);
  int new_count = new_last - new_first + 1;
  int shift = count_ == 0 ? 0 : first_ - new_first;
  if (new_count <= kInlineLimbs && heap_.empty()) {
    std::copy_backward(inline_.begin(), inline_.begin() + count_, inline_.begin() + count_ + shift);
    std::fill(inline_.begin(), inline_.begin() + shift, 0);
  } else {
    std::vector<int64_t> grown(new_count, 0);
    std::copy(limbs(), limbs() + count_, grown.begin() + shift);
    heap_ = std::move(grown);
  }
  first_ = new_first;
  count_ = new_count;
}

void ExactSum::Add(double x) {
  uint64_t bits = std::bit_cast<uint64_t>(x);
  auto field = static_cast<int>(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  bool negative = bits >> 63 != 0;
  if (field == 0x7ff) {
    ++(mantissa != 0 ? nan_ : negative ? minus_infinity_ : plus_infinity_);
    return;
  }
  if (field != 0) {
    mantissa |= uint64_t{1} << 52;
  } else if (mantissa == 0) {
    return;
  }
  int place = std::max(field, 1) - 1;
  int limb = place >> 5;
  if (count_ == 0 || limb < first_ || limb + 2 >= first_ + count_) Reserve(limb, limb + 2);
  Uint128 shifted = static_cast<Uint128>(mantissa) << (place & 31);
  auto low = static_cast<int64_t>(static_cast<uint32_t>(shifted));
  auto middle = static_cast<int64_t>(static_cast<uint32_t>(shifted >> 32));
  auto high = static_cast<int64_t>(shifted >> 64);
  int64_t* at = limbs() + (limb - first_);
  if (negative) {
    at[0] -= low;
    at[1] -= middle;
    at[2] -= high;
  } else {
    at[0] += low;
    at[1] += middle;
    at[2] += high;
  }
  if (++pending_ >= kMaxPending) Carry();
}

// Afterwards every limb is a digit, the highest one a signed one: at most one addition's worth.
void ExactSum::Carry() {
  pending_ = 1;
  if (count_ == 0) return;
  limbs()[count_ - 1] += MoveCarries(limbs(), count_ - 1);
  int64_t top = limbs()[count_ - 1];
  if (top > kDigitMask || top < -kDigitMask) {
    Reserve(first_, first_ + count_);
    limbs()[count_ - 2] = top & kDigitMask;
    limbs()[count_ - 1] = top >> 32;
  }
}

void ExactSum::Merge(const ExactSum& other) {
  nan_ += other.nan_;
  plus_infinity_ += other.plus_infinity_;
  minus_infinity_ += other.minus_infinity_;
  if (other.count_ == 0) return;
  if (uint64_t{pending_} + other.pending_ >= kMaxPending) Carry();
  int other_last = other.first_ + other.count_ - 1;
  if (count_ == 0 || other.first_ < first_ || other_last >= first_ + count_) {
    Reserve(other.first_, other_last);
  }
  int64_t* at = limbs() + (other.first_ - first_);
  const int64_t* from = other.limbs();
  for (int i = 0; i < other.count_; ++i) at[i] += from[i];
  pending_ += other.pending_;
}

ExactSum::Magnitude ExactSum::Collect() const {
  std::array<int64_t, kMaxLimbs + 2> work;
  std::copy(limbs(), limbs() + count_, work.begin());
  int64_t carry = MoveCarries(work.data(), count_);
  Magnitude result;
  result.negative = carry < 0;
  if (result.negative) {
    for (int i = 0; i < count_; ++i) work[i] = -work[i];
    carry = MoveCarries(work.data(), count_) - carry;
  }
  work[count_] = carry & kDigitMask;
  work[count_ + 1] = carry >> 32;
  int end = count_ + 2;
  while (end > 0 && work[end - 1] == 0) --end;
  int begin = 0;
  while (begin < end && work[begin] == 0) ++begin;
  result.count = end - begin;
  result.first = result.count == 0 ? 0 : first_ + begin;
  for (int i = begin; i < end; ++i) result.digits[i - begin] = static_cast<uint32_t>(work[i]);
  return result;
}

bool ExactSum::IsSpecial(double* result) const {
  if (nan_ == 0 && plus_infinity_ == 0 && minus_infinity_ == 0) return false;
  double infinity = std::numeric_limits<double>::infinity();
  if (nan_ != 0 || (plus_infinity_ != 0 && minus_infinity_ != 0)) {
    *result = std::numeric_limits<double>::quiet_NaN();
  } else {
    *result = plus_infinity_ != 0 ? infinity : -infinity;
  }
  return true;
}

double ExactSum::Round() const {
  double special = 0;
  if (IsSpecial(&special)) return special;
  if (count_ == 0) return 0.0;
  Magnitude sum = Collect();
  return RoundDigits(sum.negative, sum.span(), sum.exponent(), false);
}

double ExactSum::RoundQuotient(uint64_t divisor) const {
  double special = 0;
  if (IsSpecial(&special)) return special;
  Magnitude sum = Collect();
  bool exact = false;
  double rounded = RoundDigits(sum.negative, sum.span(), sum.exponent(), false, &exact);
  // An exact sum over an exact divisor: the machine's division is the one rounding.
  if (exact && divisor <= uint64_t{1} << 53) {
    double quotient = rounded / static_cast<double>(divisor);
    return quotient == 0 ? 0.0 : quotient;
  }
  std::vector<uint32_t> digits(sum.span().begin(), sum.span().end());
  double quotient = RoundRatio(sum.negative, Natural::FromDigits(std::move(digits)),
                               Natural(divisor), sum.exponent());
  return quotient == 0 ? 0.0 : quotient;
}

void ExactSum::AppendTo(std::string* bytes) const {
  AppendLittleEndian(nan_, bytes);
  AppendLittleEndian(plus_infinity_, bytes);
  AppendLittleEndian(minus_infinity_, bytes);
  Magnitude sum = Collect();
  bytes->push_back(sum.negative ? 1 : 0);
  bytes->push_back(static_cast<char>(sum.first));
  bytes->push_back(static_cast<char>(sum.count));
  for (uint32_t digit : sum.span()) AppendLittleEndian(digit, bytes);
}

Result<ExactSum> ExactSum::Read(std::string_view* bytes) {
  if (bytes->size() < 27) return Corrupt();
  ExactSum sum;
  sum.nan_ = TakeLittleEndian<uint64_t>(bytes);
  sum.plus_infinity_ = TakeLittleEndian<uint64_t>(bytes);
  sum.minus_infinity_ = TakeLittleEndian<uint64_t>(bytes);
  auto sign = TakeLittleEndian<uint8_t>(bytes);
  auto first = TakeLittleEndian<uint8_t>(bytes);
  auto count = TakeLittleEndian<uint8_t>(bytes);
  if (sign > 1 || first + count > kMaxLimbs || bytes->size() < size_t{4} * count) return Corrupt();
  if (count == 0) {
    if (sign != 0 || first != 0) return Corrupt();
    return sum;
  }
  sum.Reserve(first, first + count - 1);
  for (int i = 0; i < count; ++i) {
    auto digit = static_cast<int64_t>(TakeLittleEndian<uint32_t>(bytes));
    if (digit == 0 && (i == 0 || i == count - 1)) return Corrupt();
    if (first + i == kMaxLimbs - 1 && digit > kMaxLastDigit) return Corrupt();
    sum.limbs()[i] = sign == 1 ? -digit : digit;
  }
  sum.pending_ = 1;
  return sum;
}

namespace {

// |sum| in 192 bits as digits; true if the sum was negative.
bool WideMagnitude(Uint128 low, int64_t high, std::array<uint32_t, 6>* digits) {
  bool negative = high < 0;
  auto top = static_cast<uint64_t>(high);
  if (negative) {
    low = ~low + 1;
    top = ~top + (low == 0 ? 1 : 0);
  }
  for (int i = 0; i < 4; ++i) (*digits)[i] = static_cast<uint32_t>(low >> (32 * i));
  (*digits)[4] = static_cast<uint32_t>(top);
  (*digits)[5] = static_cast<uint32_t>(top >> 32);
  return negative;
}

}  // namespace

bool WideSum::ToDecimal(Int128* sum) const {
  auto value = static_cast<Int128>(low_);
  if (high_ != (value < 0 ? -1 : 0)) return false;
  Int128 limit = PowerOfTen(kMaxDecimalDigits);
  if (value >= limit || value <= -limit) return false;
  *sum = value;
  return true;
}

double WideSum::RoundQuotient(uint64_t divisor, int scale) const {
  Int128 value = 0;
  constexpr Int128 kExactInDouble = int64_t{1} << 53;
  if (scale <= 15 && divisor <= uint64_t{1} << 53 && ToDecimal(&value) && value <= kExactInDouble &&
      value >= -kExactInDouble) {
    Int128 bottom = PowerOfTen(scale) * static_cast<Int128>(divisor);
    if (bottom <= kExactInDouble) {
      return static_cast<double>(static_cast<int64_t>(value)) /
             static_cast<double>(static_cast<int64_t>(bottom));
    }
  }
  std::array<uint32_t, 6> digits{};
  bool negative = WideMagnitude(low_, high_, &digits);
  Natural denominator = Natural(divisor) * Natural(static_cast<Uint128>(PowerOfTen(scale)));
  return RoundRatio(negative,
                    Natural::FromDigits(std::vector<uint32_t>(digits.begin(), digits.end())),
                    denominator, 0);
}

void WideSum::AppendTo(std::string* bytes) const {
  AppendLittleEndian(static_cast<uint64_t>(low_), bytes);
  AppendLittleEndian(static_cast<uint64_t>(low_ >> 64), bytes);
  AppendLittleEndian(static_cast<uint64_t>(high_), bytes);
}

Result<WideSum> WideSum::Read(std::string_view* bytes) {
  if (bytes->size() < 24) return Corrupt();
  WideSum sum;
  auto low = TakeLittleEndian<uint64_t>(bytes);
  auto middle = TakeLittleEndian<uint64_t>(bytes);
  sum.low_ = static_cast<Uint128>(middle) << 64 | low;
  sum.high_ = static_cast<int64_t>(TakeLittleEndian<uint64_t>(bytes));
  return sum;
}

}  // namespace millpond::kernel
