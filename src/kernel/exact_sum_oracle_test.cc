// Sums against an independent oracle: one wide fixed-point number that is added to limb by limb.
// Whether a double is the right one is asked without a division or a rounding of the oracle's own:
// twice the sum must lie between (q + the double below) and (q + the double above).
#include "kernel/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

// A two's complement number of 2304 bits in units of 2^-1074.
class Oracle {
 public:
  void Add(double x, int times = 1) {
    for (int i = 0; i < times; ++i) AddOnce(x);
  }
  void Add(Int128 x) {
    Add(std::ldexp(static_cast<double>(static_cast<int64_t>(x >> 80)), 80));
    Add(std::ldexp(static_cast<double>(static_cast<int64_t>(x >> 40 & 0xffffffffff)), 40));
    Add(static_cast<double>(static_cast<int64_t>(x & 0xffffffffff)));
  }
  int Sign() const {
    if (limbs_.back() >> 31 != 0) return -1;
    return std::all_of(limbs_.begin(), limbs_.end(), [](uint32_t d) { return d == 0; }) ? 0 : 1;
  }

 private:
  void AddOnce(double x) {
    uint64_t bits = std::bit_cast<uint64_t>(std::fabs(x));
    uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
    auto field = static_cast<int>(bits >> 52);
    if (field > 0) mantissa |= uint64_t{1} << 52;
    std::array<uint32_t, 72> term{};
    for (int i = 0; i < 53; ++i) {
      int at = std::max(field, 1) - 1 + i;
      if ((mantissa >> i & 1) != 0) term[at / 32] |= uint32_t{1} << (at % 32);
    }
    uint64_t carry = std::signbit(x) ? 1 : 0;
    for (size_t i = 0; i < limbs_.size(); ++i) {
      carry += uint64_t{limbs_[i]} + (std::signbit(x) ? ~term[i] : term[i]);
      limbs_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }

  std::array<uint32_t, 72> limbs_{};
};

bool IsEven(double x) {
  return (std::bit_cast<uint64_t>(x) & 1) == 0;
}

// Is `q` sum / divisor rounded to nearest, ties to even? `add` adds the sum to an oracle.
template <typename F>
bool IsRounded(double q, int divisor, F&& add) {
  if (std::isinf(q)) {
    // 2^1024 - 2^970 is the first that rounds to infinity.
    Oracle past;
    add(&past);
    past.Add(q > 0 ? -kMax : kMax, divisor);
    past.Add(q > 0 ? -0x1p970 : 0x1p970, divisor);
    return q > 0 ? past.Sign() >= 0 : past.Sign() <= 0;
  }
  for (double neighbour : {std::nextafter(q, -kInfinity), std::nextafter(q, kInfinity)}) {
    int wanted = neighbour < q ? 1 : -1;
    Oracle distance;  // twice the sum minus divisor times (q + neighbour)
    add(&distance);
    add(&distance);
    distance.Add(-q, divisor);
    if (std::isinf(neighbour)) {
      distance.Add(q > 0 ? -kMax : kMax, divisor);
      distance.Add(q > 0 ? -0x1p971 : 0x1p971, divisor);
    } else {
      distance.Add(-neighbour, divisor);
    }
    int sign = distance.Sign();
    if (sign != wanted && !(sign == 0 && IsEven(q))) return false;
  }
  return true;
}

bool IsRoundedSum(double q, int divisor, const std::vector<double>& values) {
  return IsRounded(q, divisor, [&](Oracle* oracle) {
    for (double x : values) oracle->Add(x);
  });
}

ExactSum SumOf(const std::vector<double>& values) {
  ExactSum sum;
  for (double x : values) sum.Add(x);
  return sum;
}

std::string Bytes(const ExactSum& sum) {
  std::string bytes;
  sum.AppendTo(&bytes);
  return bytes;
}

using Random = std::mt19937_64;

double AnyFinite(Random& random) {
  while (true) {
    auto x = std::bit_cast<double>(random());
    if (std::isfinite(x)) return x;
  }
}

// Values of one temper each: all magnitudes, near ones, subnormals, huge ones, cancelling pairs.
std::vector<double> Values(Random& random) {
  std::vector<double> values;
  int temper = static_cast<int>(random() % 6);
  int count = 1 + static_cast<int>(random() % 40);
  for (int i = 0; i < count; ++i) {
    double any = AnyFinite(random);
    double unit =
        std::bit_cast<double>((std::bit_cast<uint64_t>(any) & ~(0x7ffULL << 52)) | (1023ULL << 52));
    if (temper == 0) values.push_back(any);
    if (temper == 1) values.push_back(unit);
    if (temper == 2) values.push_back(std::ldexp(unit, -1070 + static_cast<int>(random() % 60)));
    if (temper == 3) values.push_back(std::ldexp(unit, 1020 + static_cast<int>(random() % 4)));
    if (temper == 4) values.insert(values.end(), {any, -any, std::ldexp(unit, -900)});
    if (temper == 5) values.push_back(std::ldexp(unit, static_cast<int>(random() % 110) - 55));
  }
  return values;
}

TEST(ExactSumOracle, IsTheExactSumRoundedOnce) {
  Random random(1);
  for (int round = 0; round < 1500; ++round) {
    std::vector<double> values = Values(random);
    double sum = SumOf(values).Round();
    ASSERT_TRUE(IsRoundedSum(sum, 1, values)) << "round " << round << " gave " << sum;
    ASSERT_TRUE(sum != 0 || !std::signbit(sum));
  }
}

TEST(ExactSumOracle, QuotientIsRoundedOnce) {
  Random random(2);
  for (int round = 0; round < 700; ++round) {
    std::vector<double> values = Values(random);
    auto divisor = static_cast<int>(1 + random() % 50);
    double quotient = SumOf(values).RoundQuotient(divisor);
    ASSERT_TRUE(IsRoundedSum(quotient, divisor, values)) << "round " << round << " / " << divisor;
  }
}

TEST(ExactSumOracle, OrderAndMergesDoNotMatter) {
  Random random(3);
  for (int round = 0; round < 400; ++round) {
    std::vector<double> values = Values(random);
    if (round % 10 == 0) values.push_back(kInfinity);
    if (round % 15 == 0) values.push_back(kNan);
    std::string expected = Bytes(SumOf(values));
    std::shuffle(values.begin(), values.end(), random);
    std::vector<ExactSum> parts(1 + random() % 9);
    for (double x : values) parts[random() % parts.size()].Add(x);
    while (parts.size() > 1) {
      std::swap(parts[random() % parts.size()], parts.back());
      ExactSum last = std::move(parts.back());
      parts.pop_back();
      parts[random() % parts.size()].Merge(last);
    }
    ASSERT_EQ(Bytes(parts[0]), expected) << "round " << round;
    std::string_view bytes = expected;
    auto read = ExactSum::Read(&bytes);
    ASSERT_THAT(read, testing::IsOk());
    ASSERT_EQ(Bytes(*read), expected);
    ASSERT_EQ(std::bit_cast<uint64_t>(read->Round()), std::bit_cast<uint64_t>(parts[0].Round()));
  }
}

TEST(ExactSumOracle, KnownSums) {
  struct Case {
    std::vector<double> values;
    double sum;
  };
  const std::vector<Case> cases = {
      {{}, 0},
      {{-0.0}, 0},
      {{-0.0, -0.0}, 0},
      {{1e16, 0.5, -1e16}, 0.5},
      {{1e308, kTiny, -1e308}, kTiny},
      {{1e308, -kTiny, -1e308}, -kTiny},
      {{kMax, kMax, -kMax}, kMax},  // overflows on the way only
      {{kMax, kMax}, kInfinity},
      {{-kMax, -kMax}, -kInfinity},
      {{kMax, 0x1p970}, kInfinity},  // half a unit more: ties to even is infinity
      {{kMax, 0x1p970, -kTiny}, kMax},
      {{1, 0x1p-53}, 1},                   // a tie, to even
      {{1, 0x1p-53, kTiny}, 1 + 0x1p-52},  // the smallest bit breaks it
      {{1, 0x1p-53, -kTiny}, 1},
      {{0x1p-1022, -kTiny}, 0x1p-1022 - kTiny},  // becomes subnormal
      {{kTiny, kTiny, kTiny}, 3 * kTiny},
      {{0.1, 0.2, 0.3, -0.6}, 0x1p-55},
  };
  for (const Case& each : cases) {
    double sum = SumOf(each.values).Round();
    EXPECT_EQ(std::bit_cast<uint64_t>(sum), std::bit_cast<uint64_t>(each.sum)) << each.sum;
  }
}

TEST(ExactSumOracle, NotANumberAndInfinities) {
  EXPECT_EQ(SumOf({kInfinity, 1, -kMax}).Round(), kInfinity);
  EXPECT_EQ(SumOf({-kInfinity, kMax, kMax}).Round(), -kInfinity);
  EXPECT_TRUE(std::isnan(SumOf({kInfinity, -kInfinity}).Round()));
  EXPECT_TRUE(std::isnan(SumOf({kNan, 1}).Round()));
  EXPECT_TRUE(std::isnan(SumOf({-kNan, kInfinity}).RoundQuotient(3)));
  EXPECT_EQ(SumOf({kInfinity}).RoundQuotient(7), kInfinity);
}

// 2^70 rows' worth of carries, by doubling.
TEST(ExactSumOracle, CarriesOfManyAdditions) {
  for (double x : {1.5, -0.1, 0x1p-1000, -3e200}) {
    ExactSum sum = SumOf({x, x / 3});
    double once = sum.Round();
    for (int i = 0; i < 60; ++i) {
      ExactSum copy = sum;
      sum.Merge(copy);
    }
    EXPECT_EQ(sum.Round(), std::ldexp(once, 60));
    sum.Add(-x);
    EXPECT_EQ(sum.Round(), SumOf({std::ldexp(x, 60), std::ldexp(x / 3, 60), -x}).Round());
  }
  ExactSum up = SumOf({1e300});
  for (int i = 0; i < 1000; ++i) up.Add(i % 2 == 0 ? -1e-300 : 1e-300);
  EXPECT_EQ(Bytes(up), Bytes(SumOf({1e300})));
}

TEST(ExactSumOracle, DamagedBytesAreRefused) {
  std::string good = Bytes(SumOf({1e300, -1e-300, 7}));
  for (size_t size = 0; size < good.size(); ++size) {
    std::string_view cut = std::string_view(good).substr(0, size);
    EXPECT_THAT(ExactSum::Read(&cut), testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("sum")));
  }
  // Digits that no sum of less than 2^63 doubles has.
  std::string high(24, '\0');
  high += std::string("\x00\x43\x01\xff\xff\xff\xff", 7);
  std::string_view bytes = high;
  EXPECT_THAT(ExactSum::Read(&bytes), testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("sum")));
}

Int128 AnyWide(Random& random, int bits) {
  auto value = static_cast<Int128>(static_cast<Uint128>(random()) << 64 | random());
  return value >> (127 - bits);
}

TEST(WideSumOracle, EqualsInt128WhereThatHolds) {
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    Int128 expected = 0;
    std::vector<WideSum> parts(1 + random() % 5);
    for (int i = 0; i < 20; ++i) {
      Int128 value = AnyWide(random, static_cast<int>(1 + random() % 120));
      expected += value;
      parts[random() % parts.size()].Add(value);
    }
    for (size_t i = 1; i < parts.size(); ++i) parts[0].Merge(parts[i]);
    Int128 sum = 0;
    ASSERT_TRUE(parts[0].ToDecimal(&sum));
    ASSERT_TRUE(sum == expected);
    std::string bytes;
    parts[0].AppendTo(&bytes);
    std::string_view rest = bytes;
    auto read = WideSum::Read(&rest);
    ASSERT_THAT(read, testing::IsOk());
    ASSERT_TRUE(read->ToDecimal(&sum) && sum == expected);
  }
}

TEST(WideSumOracle, MoreThan38DigitsAreNoDecimal) {
  Int128 most = PowerOfTen(38) - 1;
  for (int sign : {1, -1}) {
    WideSum sum;
    Int128 value = 0;
    sum.Add(sign * most);
    EXPECT_TRUE(sum.ToDecimal(&value) && value == sign * most);
    sum.Add(sign);
    EXPECT_FALSE(sum.ToDecimal(&value));
    for (int i = 0; i < 1000; ++i) sum.Add(sign * most);  // far past 128 bits
    EXPECT_FALSE(sum.ToDecimal(&value));
    for (int i = 0; i < 1000; ++i) sum.Add(-sign * most);
    sum.Add(-sign);
    EXPECT_TRUE(sum.ToDecimal(&value) && value == sign * most);  // and back
  }
}

TEST(WideSumOracle, QuotientIsRoundedOnce) {
  Random random(5);
  for (int round = 0; round < 1000; ++round) {
    std::vector<Int128> values;
    WideSum sum;
    for (int i = 0; i < 5; ++i) {
      values.push_back(AnyWide(random, static_cast<int>(1 + random() % 110)));
      sum.Add(values.back());
    }
    auto divisor = static_cast<int>(1 + random() % 9);
    auto scale = static_cast<int>(random() % 3);
    int whole = divisor * (scale == 2 ? 100 : scale == 1 ? 10 : 1);
    double quotient = sum.RoundQuotient(divisor, scale);
    ASSERT_TRUE(IsRounded(quotient, whole,
                          [&](Oracle* oracle) {
                            for (Int128 value : values) oracle->Add(value);
                          }))
        << "round " << round;
  }
}

}  // namespace
}  // namespace millpond::kernel
