// Exact sums against two oracles: vectors worked out by Python's rationals, and __float128 where
// its 113 bits hold the whole sum.
#include "kernel/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "kernel/exact_math.h"
#include "kernel/exact_sum_vectors_internal.h"
#include "kernel/value.h"

namespace millpond::kernel {
namespace {

__extension__ typedef __float128 Float128;

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string Bytes(const ExactSum& sum) {
  std::string bytes;
  sum.AppendTo(&bytes);
  return bytes;
}

ExactSum SumOf(std::span<const double> terms) {
  ExactSum sum;
  for (double term : terms) sum.Add(term);
  return sum;
}

TEST(ExactSum, EqualsPythonsRationals) {
  for (const ExactSumVector& vector : kExactSumVectors) {
    std::vector<double> terms;
    for (uint64_t bits : vector.terms) terms.push_back(std::bit_cast<double>(bits));
    ExactSum sum = SumOf(terms);
    EXPECT_EQ(std::bit_cast<uint64_t>(sum.Round()), vector.sum);
    EXPECT_EQ(std::bit_cast<uint64_t>(sum.RoundQuotient(terms.size())), vector.mean);
  }
}

TEST(ExactSum, OrderAndGroupingLeaveNoTrace) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> terms;
    for (uint64_t i = 0; i < 2 + NextBelow(random, 60); ++i) {
      double term = std::bit_cast<double>(random.Next());
      terms.push_back(std::isfinite(term) ? term : 1.0);
    }
    ExactSum whole = SumOf(terms);
    for (size_t i = terms.size(); i > 1; --i) std::swap(terms[i - 1], terms[NextBelow(random, i)]);
    ExactSum merged;
    for (size_t at = 0; at < terms.size();) {
      size_t count = std::min<size_t>(terms.size() - at, 1 + NextBelow(random, 9));
      merged.Merge(SumOf(std::span(terms).subspan(at, count)));
      at += count;
    }
    EXPECT_EQ(Bytes(whole), Bytes(merged));
    EXPECT_EQ(std::bit_cast<uint64_t>(whole.Round()), std::bit_cast<uint64_t>(merged.Round()));
    for (double term : terms) merged.Add(-term);
    EXPECT_EQ(Bytes(merged), Bytes(ExactSum()));
    EXPECT_EQ(std::bit_cast<uint64_t>(merged.Round()), 0U);
  }
}

TEST(ExactSum, EqualsQuadArithmeticWhereThatIsExact) {
  SeededRandom random(4);
  for (int round = 0; round < 20'000; ++round) {
    ExactSum sum;
    Float128 exact = 0;
    uint64_t count = 1 + NextBelow(random, 40);
    for (uint64_t i = 0; i < count; ++i) {
      auto mantissa = static_cast<int64_t>(random.Next() >> 11) - (int64_t{1} << 52);
      double term =
          std::ldexp(static_cast<double>(mantissa), static_cast<int>(NextBelow(random, 48)));
      sum.Add(term);
      exact += term;
    }
    EXPECT_EQ(sum.Round(), static_cast<double>(exact));
    double mean = sum.RoundQuotient(count);
    auto miss = [&](double candidate) {
      Float128 rest = exact - static_cast<Float128>(candidate) * count;
      return rest < 0 ? -rest : rest;
    };
    EXPECT_LE(miss(mean), miss(std::nextafter(mean, kInfinity)));
    EXPECT_LE(miss(mean), miss(std::nextafter(mean, -kInfinity)));
  }
}

TEST(ExactSum, SpecialValues) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(SumOf(std::vector{1.0, nan}).Round()));
  EXPECT_TRUE(std::isnan(SumOf(std::vector{kInfinity, -kInfinity}).Round()));
  EXPECT_EQ(SumOf(std::vector{kInfinity, -1e308}).Round(), kInfinity);
  EXPECT_EQ(SumOf(std::vector{-kInfinity, 1e308}).RoundQuotient(2), -kInfinity);
  EXPECT_FALSE(std::signbit(SumOf(std::vector{-0.0}).Round()));
  EXPECT_FALSE(std::signbit(SumOf(std::vector{-5e-324}).RoundQuotient(3)));
}

TEST(ExactSum, BytesSurviveTheWayThere) {
  for (const ExactSumVector& vector : kExactSumVectors) {
    ExactSum sum;
    for (uint64_t bits : vector.terms) sum.Add(std::bit_cast<double>(bits));
    std::string bytes = Bytes(sum);
    std::string_view view = bytes;
    MP_ASSERT_OK_AND_ASSIGN(ExactSum back, ExactSum::Read(&view));
    EXPECT_TRUE(view.empty());
    EXPECT_EQ(Bytes(back), bytes);
    back.Add(1.5);
    sum.Add(1.5);
    EXPECT_EQ(Bytes(back), Bytes(sum));
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      std::string_view part = std::string_view(bytes).substr(0, cut);
      EXPECT_THAT(ExactSum::Read(&part), FailsWith(ErrorKind::kCorrupt, HasSubstr("state")));
    }
  }
}

TEST(WideSum, PassesTheRangeOf128BitsAndComesBack) {
  Int128 big = PowerOfTen(38) - 1;
  WideSum sum;
  for (int i = 0; i < 1000; ++i) sum.Add(big);
  Int128 value = 0;
  EXPECT_FALSE(sum.ToDecimal(&value));
  EXPECT_EQ(sum.RoundQuotient(1000, 38), 1.0);
  for (int i = 0; i < 1001; ++i) sum.Add(-big);
  ASSERT_TRUE(sum.ToDecimal(&value));
  EXPECT_TRUE(value == -big);
  EXPECT_EQ(sum.RoundQuotient(3, 0), -1e38 / 3);
}

TEST(ExactMath, QuotientsOfLargeIntegersAreRoundedOnce) {
  // 2^53 + 1 is no double: converting first and dividing then gives 9007199254740992.
  EXPECT_EQ(DivideInts((Int128{1} << 53) + 1, 1), 9007199254740992.0);
  EXPECT_EQ(DivideInts(((Int128{1} << 54) + 2), 2), 9007199254740992.0);
  EXPECT_EQ(DivideInts(INT64_MAX, INT64_MAX - 1), 1.0);
  EXPECT_EQ(DivideInts(INT64_MIN, -1), 9223372036854775808.0);
  EXPECT_EQ(DivideInts(1, 3), 1.0 / 3);
  EXPECT_EQ(DivideInts(0, -3), 0.0);
  SeededRandom random(9);
  for (int i = 0; i < 20'000; ++i) {
    auto a = static_cast<int64_t>(random.Next() >> NextBelow(random, 40));
    auto b = static_cast<int64_t>(1 + (random.Next() >> (1 + NextBelow(random, 40))));
    double quotient = DivideInts(a, b);
    auto miss = [&](double candidate) {
      Float128 rest = static_cast<Float128>(a) - static_cast<Float128>(candidate) * b;
      return rest < 0 ? -rest : rest;
    };
    EXPECT_LE(miss(quotient), miss(std::nextafter(quotient, kInfinity)));
    EXPECT_LE(miss(quotient), miss(std::nextafter(quotient, -kInfinity)));
  }
}

TEST(ExactMath, DivisionOfLongNaturalsIsEuclids) {
  SeededRandom random(10);
  auto make = [&](uint64_t most) {
    std::vector<uint32_t> digits;
    for (uint64_t i = 0; i < 1 + NextBelow(random, most); ++i) {
      // Digits of all ones and zeros bring out the corrections of the quotient's guess.
      uint64_t kind = NextBelow(random, 4);
      digits.push_back(kind == 0   ? 0xffffffffU
                       : kind == 1 ? 0U
                       : kind == 2 ? 0x80000000U
                                   : static_cast<uint32_t>(random.Next()));
    }
    digits.push_back(1 + static_cast<uint32_t>(NextBelow(random, 3)));
    return Natural::FromDigits(digits);
  };
  for (int i = 0; i < 20'000; ++i) {
    Natural quotient = make(5);
    Natural divisor = make(4);
    Natural product = quotient * divisor;
    Natural found;
    Natural rest;
    Natural::Divide(product, divisor, &found, &rest);
    EXPECT_TRUE(found == quotient && rest.IsZero());
    // One more digit below the divisor: quotient * divisor * 2^32 + r with r < divisor.
    std::vector<uint32_t> digits = product.ShiftLeft(32 * 6).digits();
    Natural remainder = make(1);
    if (!(remainder < divisor)) continue;
    std::copy(remainder.digits().begin(), remainder.digits().end(), digits.begin());
    Natural::Divide(Natural::FromDigits(digits), divisor, &found, &rest);
    EXPECT_TRUE(found == quotient.ShiftLeft(32 * 6) && rest == remainder);
  }
}

TEST(ExactMath, DecimalsAndDoubles) {
  EXPECT_EQ(DecimalToDouble(15, 1), 1.5);
  EXPECT_EQ(DecimalToDouble(PowerOfTen(38) - 1, 38), 1.0);
  EXPECT_EQ(DecimalToDouble(-PowerOfTen(37), 38), -0.1);
  Int128 value = 0;
  ASSERT_TRUE(DoubleToDecimal(0.1, 38, 38, &value));
  // 0.1 is 0.1000000000000000055511151231257827021181583404541015625.
  EXPECT_EQ(FormatDecimal(value, 0), "10000000000000000555111512312578270212");
  ASSERT_TRUE(DoubleToDecimal(2.5, 5, 0, &value));
  EXPECT_TRUE(value == 3);
  ASSERT_TRUE(DoubleToDecimal(-2.5, 5, 0, &value));
  EXPECT_TRUE(value == -3);
  ASSERT_TRUE(DoubleToDecimal(5e-324, 38, 38, &value));
  EXPECT_TRUE(value == 0);
  EXPECT_FALSE(DoubleToDecimal(99999.5, 5, 0, &value));
  EXPECT_FALSE(DoubleToDecimal(1e300, 38, 0, &value));
  EXPECT_FALSE(DoubleToDecimal(kInfinity, 38, 0, &value));
}

}  // namespace
}  // namespace millpond::kernel
