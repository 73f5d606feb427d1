// Sums without rounding. A state is the exact sum of what was added, whatever the order and the way
// it was split and merged; rounding happens once, when a double is asked for (nearest, ties to
// even). docs/formats/aggregate-state.md gives the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/type.h"

namespace millpond::kernel {

// The sum of any number of doubles: a superaccumulator of 32-bit digits, each in a signed 64-bit
// limb whose upper half takes the carries. Only the limbs between the lowest and the highest ever
// touched are kept, six of them without a heap allocation.
class ExactSum {
 public:
  void Add(double x);
  void Merge(const ExactSum& other);

  // NaN if a NaN or both infinities were added; overflow gives an infinity only here; an exact zero
  // is +0.
  double Round() const;
  // Round(sum / divisor), rounded once. divisor > 0.
  double RoundQuotient(uint64_t divisor) const;

  // Permanent, and one form per value: equal sums have equal bytes.
  void AppendTo(std::string* bytes) const;
  static Result<ExactSum> Read(std::string_view* bytes);

 private:
  struct Magnitude;
  static constexpr int kInlineLimbs = 6;

  void Reserve(int first, int last);
  void Carry();
  int64_t* limbs() { return heap_.empty() ? inline_.data() : heap_.data(); }
  const int64_t* limbs() const { return heap_.empty() ? inline_.data() : heap_.data(); }
  Magnitude Collect() const;
  bool IsSpecial(double* result) const;

  int32_t first_ = 0;     // limb 0 has the weight 2^-1074
  int32_t count_ = 0;     // limbs in use
  uint32_t pending_ = 0;  // additions since the last carry; bounded by 2^30
  std::array<int64_t, kInlineLimbs> inline_{};
  std::vector<int64_t> heap_;
  uint64_t nan_ = 0;
  uint64_t plus_infinity_ = 0;
  uint64_t minus_infinity_ = 0;
};

// The sum of 64- and 128-bit integers in 192 bits: cannot overflow before 2^63 additions.
class WideSum {
 public:
  void Add(Int128 x) {
    Uint128 before = low_;
    low_ += static_cast<Uint128>(x);
    high_ += (x < 0 ? -1 : 0) + (low_ < before ? 1 : 0);
  }
  void Merge(const WideSum& other) {
    Uint128 before = low_;
    low_ += other.low_;
    high_ += other.high_ + (low_ < before ? 1 : 0);
  }
  // false if the sum has more than 38 digits.
  bool ToDecimal(Int128* sum) const;
  // sum / (divisor * 10^scale), rounded once. divisor > 0.
  double RoundQuotient(uint64_t divisor, int scale) const;

  void AppendTo(std::string* bytes) const;  // 24 bytes, little-endian two's complement
  static Result<WideSum> Read(std::string_view* bytes);

 private:
  Uint128 low_ = 0;
  int64_t high_ = 0;
};

}  // namespace millpond::kernel
