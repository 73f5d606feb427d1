#include "data/delta/rows/file_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/clock.h"

namespace millpond::data {
namespace {

using Kind = FilterNode::Kind;

ValueRange Between(ColumnValue min, ColumnValue max, bool null = false) {
  return {std::move(min), std::move(max), null, true};
}

bool MayHold(const FilterNode& node, const ValueRange& column) {
  return RangeOf(node, {&column, 1}).MayBeTrue();
}

FilterNode Compare(Kind kind, FilterNode a, FilterNode b) {
  std::vector<FilterNode> sides;
  sides.push_back(std::move(a));
  sides.push_back(std::move(b));
  return FilterNode::Of(kind, std::move(sides));
}

FilterNode One(Kind kind, FilterNode child) {
  std::vector<FilterNode> children;
  children.push_back(std::move(child));
  return FilterNode::Of(kind, std::move(children));
}

FilterNode Call(RangeFunction function, FilterNode argument) {
  FilterNode node = One(Kind::kFunction, std::move(argument));
  node.function = std::move(function);
  return node;
}

FilterNode StartsWith(const std::string& prefix) {
  FilterNode node = One(Kind::kStartsWith, FilterNode::Column(0));
  node.value = prefix;
  return node;
}

int64_t Day(const char* text) {
  return *ParseDate(text);
}
int64_t Moment(const char* text) {
  return *ParseTimestamp(text);
}

RangeFunction PartOf(DatePart part, TypeKind from) {
  return {RangeFunction::Kind::kPart, from, TypeKind::kLong, part};
}
RangeFunction Truncation(DatePart part, TypeKind from, TypeKind to) {
  return {RangeFunction::Kind::kTruncate, from, to, part};
}

TEST(FileFilterTest, PrefixesMeetTextsThatAreRoundedUp) {
  const auto range = Between("apple", "ap\xF4\x8F\xBF\xBF");
  EXPECT_TRUE(MayHold(StartsWith("ap"), range));
  EXPECT_TRUE(MayHold(StartsWith("apz\xF4\x8F\xBF\xBF"), range));
  EXPECT_FALSE(MayHold(StartsWith("aq"), range));
  EXPECT_FALSE(MayHold(StartsWith("an"), range));
  EXPECT_TRUE(MayHold(StartsWith(""), range));
  EXPECT_FALSE(MayHold(One(Kind::kNot, StartsWith("ap")), range));
  EXPECT_TRUE(MayHold(One(Kind::kNot, StartsWith("app")), range));
}

TEST(FileFilterTest, PartsAreKnownWithinWhatTheyBeginAnewIn) {
  const auto march = Between(Day("2024-03-02"), Day("2024-03-20"));
  const auto years = Between(Day("2023-12-30"), Day("2024-01-02"));
  const auto is = [](DatePart part, int64_t value) {
    return Compare(Kind::kEqual, Call(PartOf(part, TypeKind::kDate), FilterNode::Column(0)),
                   FilterNode::Constant(value));
  };
  EXPECT_TRUE(MayHold(is(DatePart::kYear, 2024), march));
  EXPECT_FALSE(MayHold(is(DatePart::kYear, 2023), march));
  EXPECT_TRUE(MayHold(is(DatePart::kMonth, 3), march));
  EXPECT_FALSE(MayHold(is(DatePart::kMonth, 4), march));
  EXPECT_FALSE(MayHold(is(DatePart::kDay, 1), march));
  EXPECT_TRUE(MayHold(is(DatePart::kMonth, 6), years));  // not by the month alone
  EXPECT_FALSE(MayHold(is(DatePart::kYear, 2025), years));
  // Sunday, 2024-03-03.
  const auto sunday = ValueRange::Only(Day("2024-03-03"));
  EXPECT_TRUE(MayHold(is(DatePart::kDayOfWeek, 0), sunday));
  EXPECT_FALSE(MayHold(is(DatePart::kDayOfWeek, 1), sunday));
  EXPECT_TRUE(MayHold(is(DatePart::kIsoDayOfWeek, 7), sunday));
  EXPECT_FALSE(MayHold(is(DatePart::kIsoDayOfWeek, 1), sunday));
}

TEST(FileFilterTest, TruncatesBefore1970) {
  const auto range = Between(Moment("1969-12-31T23:59:59.999999Z"), Moment("1970-01-01T00:00:01Z"));
  const auto at = [&](DatePart part) {
    return Image(Truncation(part, TypeKind::kTimestamp, TypeKind::kTimestamp), range).min;
  };
  EXPECT_EQ(at(DatePart::kYear), ColumnValue(Moment("1969-01-01")));
  EXPECT_EQ(at(DatePart::kQuarter), ColumnValue(Moment("1969-10-01")));
  EXPECT_EQ(at(DatePart::kWeek), ColumnValue(Moment("1969-12-29")));
  EXPECT_EQ(at(DatePart::kHour), ColumnValue(Moment("1969-12-31T23:00:00Z")));
  EXPECT_EQ(at(DatePart::kMillisecond), ColumnValue(Moment("1969-12-31T23:59:59.999Z")));
  EXPECT_EQ(Image({RangeFunction::Kind::kCast, TypeKind::kTimestamp, TypeKind::kDate}, range).min,
            ColumnValue(Day("1969-12-31")));
}

TEST(FileFilterTest, FormatsWhatKeepsTheOrder) {
  const auto range = Between(Moment("2024-02-29T23:59:59.5Z"), Moment("2024-12-01T05:00:00Z"));
  const auto format = [&](const std::string& text) {
    return Image(
        {RangeFunction::Kind::kFormat, TypeKind::kTimestamp, TypeKind::kString, {}, 0, text},
        range);
  };
  EXPECT_EQ(format("%Y-%m").min, ColumnValue("2024-02"));
  EXPECT_EQ(format("%Y%m%d %H:%M:%S").max, ColumnValue("20241201 05:00:00"));
  for (const char* other : {"%m", "%Y-%d", "%y", "%Y-%m-%d %I", "%"}) {
    EXPECT_FALSE(HasValue(format(other).min)) << other;
  }
}

TEST(FileFilterTest, TheFirstThatIsNotNull) {
  const auto first = [](const ValueRange& column) {
    const FilterNode coalesce =
        Compare(Kind::kFirst, FilterNode::Column(0), FilterNode::Constant(int64_t{7}));
    return RangeOf(coalesce, {&column, 1});
  };
  const auto some = first(Between(int64_t{1}, int64_t{3}, true));
  EXPECT_EQ(some.max, ColumnValue(int64_t{7}));
  EXPECT_FALSE(some.may_be_null);
  EXPECT_EQ(first(Between(int64_t{1}, int64_t{3})).max, ColumnValue(int64_t{3}));
  EXPECT_EQ(first(ValueRange::Only({})).min, ColumnValue(int64_t{7}));
}

TEST(FileFilterTest, ACastThatDoesNotFitSaysNothing) {
  const auto wide = Between(int64_t{5}, int64_t{1} << 40);
  const auto image = Image({RangeFunction::Kind::kCast, TypeKind::kLong, TypeKind::kInteger}, wide);
  EXPECT_EQ(image.min, ColumnValue(int64_t{5}));
  EXPECT_FALSE(HasValue(image.max));
  EXPECT_TRUE(image.may_be_null);
  const auto huge = Between(-1e300, 1e300);
  const auto narrow =
      Image({RangeFunction::Kind::kCast, TypeKind::kDouble, TypeKind::kFloat}, huge);
  EXPECT_FALSE(HasValue(narrow.min) || HasValue(narrow.max));
  const auto decimal =
      Image({RangeFunction::Kind::kCast, TypeKind::kLong, DataType::Decimal(10, 2)},
            Between(int64_t{-99999999}, int64_t{100000000}));
  EXPECT_EQ(decimal.min, ColumnValue(DecimalValue{-9999999900, 2}));
  EXPECT_FALSE(HasValue(decimal.max));
}

TEST(FileFilterTest, KnowsNullAndNaN) {
  const auto nothing = ValueRange::Only({});
  const auto column = FilterNode::Column(0);
  const auto one = FilterNode::Constant(int64_t{1});
  EXPECT_FALSE(MayHold(Compare(Kind::kEqual, column, one), nothing));
  EXPECT_FALSE(MayHold(One(Kind::kNot, Compare(Kind::kEqual, column, one)), nothing));
  EXPECT_TRUE(MayHold(One(Kind::kNot, Compare(Kind::kSame, column, one)), nothing));
  EXPECT_TRUE(MayHold(Compare(Kind::kSame, column, FilterNode::Constant({})), nothing));
  EXPECT_TRUE(MayHold(One(Kind::kIsNull, column), nothing));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto reals = Between(1.0, nan);
  EXPECT_TRUE(MayHold(Compare(Kind::kEqual, column, FilterNode::Constant(nan)), reals));
  EXPECT_TRUE(MayHold(Compare(Kind::kLess, FilterNode::Constant(1e308), column), reals));
  EXPECT_FALSE(MayHold(Compare(Kind::kLess, column, FilterNode::Constant(1.0)), reals));
  EXPECT_TRUE(
      MayHold(Compare(Kind::kEqual, column, FilterNode::Constant(-0.0)), ValueRange::Only(0.0)));
}

// Whatever a tree says of single rows it must say of a file that holds them.
class RandomTrees {
 public:
  explicit RandomTrees(uint64_t seed) : engine_(seed) {}

  int64_t Pick(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine_); }

  // Columns 0 and 1 are moments, 2 and 3 texts, 4 is a flag.
  ColumnValue Value(size_t column) {
    if (Pick(5) == 0) return {};
    if (column == 4) return Pick(2) == 0;
    if (column >= 2) return TextValue();
    return (Pick(4000) - 2000) * kMicrosPerHour * 7 + Pick(3) * 1234567;
  }

  FilterNode Condition(int depth) {
    switch (Pick(depth > 3 ? 6 : 10)) {
      case 0:
        return FilterNode::Column(4);
      case 1:
        return One(Kind::kIsNull, Operand(static_cast<size_t>(Pick(5))));
      case 2: {
        FilterNode in = One(Kind::kIsIn, FilterNode::Column(2));
        for (int64_t i = Pick(4); i >= 0; --i) in.values.push_back(TextValue());
        SortValues(in.values);
        in.has_null = Pick(5) == 0;
        return in;
      }
      case 3: {
        FilterNode starts = One(Kind::kStartsWith, Operand(2));
        starts.value = TextValue();
        return starts;
      }
      case 4:
      case 5: {
        static constexpr Kind kKinds[] = {Kind::kEqual, Kind::kLess, Kind::kLessOrEqual,
                                          Kind::kSame};
        return Sides(kKinds[Pick(4)]);
      }
      case 6:
        return One(Kind::kNot, Condition(depth + 1));
      case 7:
        return FilterNode();
      default:
        return Compare(Pick(2) == 0 ? Kind::kAnd : Kind::kOr, Condition(depth + 1),
                       Condition(depth + 1));
    }
  }

 private:
  std::string TextValue() {
    static const std::string kLetters[] = {"a", "b", "\xC3\xA9", "\xF4\x8F\xBF\xBF"};
    std::string text;
    for (int64_t i = Pick(5); i > 0; --i) text += kLetters[Pick(4)];
    return text;
  }

  FilterNode Operand(size_t column) {
    FilterNode node = FilterNode::Column(column);
    if (column == 4 || Pick(3) == 0) return node;
    if (Pick(5) == 0) {
      return Compare(Kind::kFirst, std::move(node), FilterNode::Constant(Value(column)));
    }
    if (column >= 2) {
      return Call({RangeFunction::Kind::kPrefix, {}, {}, {}, Pick(4)}, std::move(node));
    }
    static constexpr DatePart kUnits[] = {DatePart::kYear, DatePart::kQuarter, DatePart::kMonth,
                                          DatePart::kWeek, DatePart::kDay,     DatePart::kHour};
    return Call(Truncation(kUnits[Pick(6)], TypeKind::kTimestamp, TypeKind::kTimestamp),
                std::move(node));
  }

  FilterNode Sides(Kind kind) {
    if (Pick(3) == 0) {
      const auto part = PartOf(static_cast<DatePart>(Pick(12)), TypeKind::kTimestamp);
      return Compare(kind, Call(part, FilterNode::Column(0)), FilterNode::Constant(Pick(30)));
    }
    const size_t column = static_cast<size_t>(Pick(2)) * 2;
    FilterNode other = Pick(2) == 0 ? FilterNode::Constant(Value(column)) : Operand(column + 1);
    return Compare(kind, Operand(column), std::move(other));
  }

  std::mt19937_64 engine_;
};

ValueRange RangeOfRows(const std::vector<std::vector<ValueRange>>& rows, size_t column,
                       RandomTrees& random) {
  ValueRange range{{}, {}, false, false};
  for (const auto& row : rows) {
    const ValueRange& value = row[column];
    range.may_be_null = range.may_be_null || value.may_be_null;
    if (!value.may_have_value) continue;
    const auto is_less = [](const ColumnValue& a, const ColumnValue& b) {
      return *CompareValues(a, b) < 0;
    };
    if (!range.may_have_value || is_less(value.min, range.min)) range.min = value.min;
    if (!range.may_have_value || is_less(range.max, value.max)) range.max = value.max;
    range.may_have_value = true;
  }
  if (random.Pick(6) == 0) range.min = {};
  if (random.Pick(6) == 0) range.max = {};
  return range;
}

TEST(FileFilterTest, AFileMayBeWhatItsRowsAre) {
  RandomTrees random(5);
  int ruled_out = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::vector<ValueRange>> rows(static_cast<size_t>(1 + random.Pick(4)));
    for (auto& row : rows) {
      for (size_t column = 0; column < 5; ++column) {
        row.push_back(ValueRange::Only(random.Value(column)));
      }
    }
    std::vector<ValueRange> file;
    for (size_t column = 0; column < 5; ++column) {
      file.push_back(RangeOfRows(rows, column, random));
    }
    const FilterNode tree = random.Condition(0);
    const ValueRange whole = RangeOf(tree, file);
    for (const auto& row : rows) {
      const ValueRange one = RangeOf(tree, row);
      ASSERT_LE(one.MayBeTrue(), whole.MayBeTrue()) << round;
      ASSERT_LE(one.MayBeFalse(), whole.MayBeFalse()) << round;
      ASSERT_LE(one.may_be_null, whole.may_be_null) << round;
    }
    if (!whole.MayBeTrue()) ++ruled_out;
  }
  EXPECT_GT(ruled_out, 2000);
}

}  // namespace
}  // namespace millpond::data
