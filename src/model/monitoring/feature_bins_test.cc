#include "model/monitoring/feature_bins.h"

#include <cmath>

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using kernel::Column;
using kernel::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<uint16_t> BinsOf(const FeatureBins& bins, const Column& column) {
  std::vector<uint16_t> found(static_cast<size_t>(column.size()));
  MP_EXPECT_OK(bins.Assign(column, found));
  return found;
}

TEST(FeatureBinsTest, DecilesOfDistinctValues) {
  std::vector<double> values;
  for (int i = 100; i > 0; --i) values.push_back(i);
  const auto bins = FeatureBins::OfNumbers(values);
  EXPECT_THAT(bins.edges(), ElementsAre(10, 20, 30, 40, 50, 60, 70, 80, 90));
  EXPECT_EQ(bins.size(), 11U);
  EXPECT_EQ(bins.BinOf(10.0), 0U);  // right-closed
  EXPECT_EQ(bins.BinOf(10.5), 1U);
  EXPECT_EQ(bins.BinOf(-1e300), 0U);
  EXPECT_EQ(bins.BinOf(1e300), 9U);
  EXPECT_EQ(bins.BinOf(std::nan("")), 9U);
  EXPECT_EQ(bins.NameOf(1), "(10, 20]");
}

TEST(FeatureBinsTest, AMassPointClosesOneBin) {
  std::vector<double> values(60, 0.0);
  for (int i = 1; i <= 40; ++i) values.push_back(i);
  const auto bins = FeatureBins::OfNumbers(values);
  EXPECT_THAT(bins.edges(), ElementsAre(0, 10, 20, 30));
  EXPECT_EQ(bins.BinOf(0.0), 0U);
  EXPECT_EQ(bins.BinOf(0.5), 1U);
}

// Without an edge below it, the bin of a mass point would hold all smaller values too, and a
// feature that broke to the smallest of them would look as it was.
TEST(FeatureBinsTest, AMassPointHasABinOfItsOwn) {
  std::vector<double> values(95, 1.0);
  values.insert(values.end(), 5, 0.0);
  const auto bins = FeatureBins::OfNumbers(values);
  EXPECT_THAT(bins.edges(), ElementsAre(0, 1));
  EXPECT_NE(bins.BinOf(0.0), bins.BinOf(1.0));
  std::vector<double> two;  // mass points at 3 and 8
  for (int i = 0; i < 30; ++i) two.insert(two.end(), {3.0, 8.0});
  two.insert(two.end(), {1, 2, 2.5, 7, 7.5, 9});
  EXPECT_THAT(FeatureBins::OfNumbers(two).edges(), ElementsAre(2.5, 3, 7.5, 8));
}

TEST(FeatureBinsTest, OneValueAndNone) {
  EXPECT_THAT(FeatureBins::OfNumbers({3, 3, 3}).edges(), ElementsAre(3));
  EXPECT_EQ(FeatureBins::OfNumbers({}).size(), 2U);
  EXPECT_EQ(FeatureBins::OfNumbers({}).BinOf(7.0), 0U);
}

TEST(FeatureBinsTest, TheOrderOfValuesDoesNotMatter) {
  std::vector<double> values;
  for (int i = 0; i < 997; ++i) values.push_back((i * 7919) % 997);
  auto sorted = values;
  std::ranges::sort(sorted);
  EXPECT_EQ(FeatureBins::OfNumbers(values).edges(), FeatureBins::OfNumbers(sorted).edges());
}

// Signs, tiny and huge values, infinities: against sorting.
TEST(FeatureBinsTest, DecilesEqualThoseOfSorting) {
  std::vector<double> values = {HUGE_VAL, -HUGE_VAL, 0.0, -0.0, 5e-324, -5e-324, 1e308, -1e308};
  uint64_t state = 1;
  for (int i = 0; i < 5000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    values.push_back(static_cast<double>(static_cast<int64_t>(state)) / (i % 7 == 0 ? 1e18 : 1e10));
  }
  auto sorted = values;
  std::ranges::sort(sorted);
  std::vector<double> want;
  for (size_t i = 1; i < 10; ++i) want.push_back(sorted[(sorted.size() * i + 9) / 10 - 1]);
  EXPECT_EQ(FeatureBins::OfNumbers(values).edges(), want);
  Column column(kernel::kDouble, static_cast<int64_t>(values.size()));
  std::ranges::copy(values, column.mutable_doubles().begin());
  std::ranges::fill(column.mutable_valid(), uint8_t{1});
  const auto bins = FeatureBins::OfNumbers(values);
  const auto found = BinsOf(bins, column);
  for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(found[i], bins.BinOf(values[i]));
}

TEST(FeatureBinsTest, EveryNumberTypeAndNull) {
  const auto bins = FeatureBins::OfNumbers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  const std::vector<Value> decimals = {Value::MakeDecimal(250, 10, 2),
                                       Value::Null(kernel::Decimal(10, 2))};
  EXPECT_THAT(BinsOf(bins, Column::FromValues(kernel::Decimal(10, 2), decimals)),
              ElementsAre(2, 10));
  const std::vector<Value> whole = {Value::Bigint(10), Value::Bigint(1),
                                    Value::Null(kernel::kBigint)};
  EXPECT_THAT(BinsOf(bins, Column::FromValues(kernel::kBigint, whole)), ElementsAre(9, 0, 10));
}

TEST(FeatureBinsTest, CategoriesOtherAndNull) {
  std::map<std::string, int64_t, std::less<>> counts;
  for (int i = 0; i < 30; ++i) counts[fmt::format("c{:02}", i)] = 100 - i;
  const auto bins = FeatureBins::OfCategories(counts);
  EXPECT_EQ(bins.size(), kCategoryBins + 2);
  const std::vector<Value> values = {Value::Varchar("c00"), Value::Varchar("c19"),
                                     Value::Varchar("c20"), Value::Varchar("new"),
                                     Value::Null(kernel::kVarchar)};
  EXPECT_THAT(BinsOf(bins, Column::FromValues(kernel::kVarchar, values)),
              ElementsAre(0, 19, 20, 20, 21));
  EXPECT_EQ(bins.NameOf(20), "other");
  EXPECT_EQ(bins.NameOf(21), "NULL");
}

TEST(FeatureBinsTest, AColumnOfAnotherKindIsRefused) {
  std::vector<uint16_t> found(1);
  EXPECT_THAT(FeatureBins::OfNumbers({1}).Assign(Column::Repeat(Value::Varchar("x"), 1), found),
              testing::FailsWith(ErrorKind::kInvalidArgument, HasSubstr("numbers is VARCHAR now")));
}

TEST(QuantileSampleTest, IsBoundedAndDeterministic) {
  QuantileSample sample;
  for (size_t i = 0; i < kSampledValues * 5; ++i) sample.Add(static_cast<double>(i));
  const auto values = std::move(sample).Take();
  EXPECT_LE(values.size(), kSampledValues);
  EXPECT_GE(values.size(), kSampledValues / 2);
  for (size_t i = 1; i < values.size(); ++i) ASSERT_EQ(values[i] - values[i - 1], values[1]);
}

}  // namespace
}  // namespace millpond::model
