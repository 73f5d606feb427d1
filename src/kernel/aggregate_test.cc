// Aggregate states: merging leaves no trace of grouping or order, bytes survive the way there and
// back, and bytes that are not a state are refused.
#include "kernel/aggregate.h"

#include <span>

#include "base/random.h"
#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;

struct Row {
  Value value;
  Micros event_time;
  Micros known_from;
  std::string tie = "";
};

struct Case {
  AggregateFunction function;
  Type argument;
};

const std::vector<Case> kCases = {
    {AggregateFunction::kCountStar, kNullType},   {AggregateFunction::kCount, kVarchar},
    {AggregateFunction::kCountIf, kBoolean},      {AggregateFunction::kSum, kBigint},
    {AggregateFunction::kSum, kDouble},           {AggregateFunction::kSum, Decimal(38, 2)},
    {AggregateFunction::kAvg, kBigint},           {AggregateFunction::kAvg, kDouble},
    {AggregateFunction::kMin, kDouble},           {AggregateFunction::kMax, kVarchar},
    {AggregateFunction::kFirst, kVarchar},        {AggregateFunction::kLast, kDouble},
    {AggregateFunction::kCountDistinct, kDouble}, {AggregateFunction::kTimeSince, kNullType},
    {AggregateFunction::kMax, Decimal(38, 2)},    {AggregateFunction::kLast, kBoolean},
};

Value RandomValue(RandomSource& random, Type type) {
  if (NextBelow(random, 6) == 0) return Value::Null(type);
  auto number = static_cast<int64_t>(NextBelow(random, 7)) - 3;
  switch (type.id) {
    case TypeId::kBoolean:
      return Value::Boolean(number > 0);
    case TypeId::kBigint:
      return Value::Bigint(number);
    case TypeId::kDouble:
      return Value::Double(number == 0 ? (NextBelow(random, 2) == 0 ? -0.0 : 0.0)
                                       : static_cast<double>(number) * 1e17 + 0.1);
    case TypeId::kDecimal:
      return Value::MakeDecimal((PowerOfTen(38) - 1) * (number > 0 ? 1 : -1), 38, 2);
    case TypeId::kVarchar:
      return Value::Varchar(std::string(static_cast<size_t>(number + 3), 'a'));
    default:
      return Value();
  }
}

AggregateState StateOf(const Case& tested, std::span<const Row> rows) {
  auto state = AggregateState::Make(tested.function, tested.argument);
  EXPECT_THAT(state, testing::IsOk());
  for (const Row& row : rows) state->Add(row.value, row.event_time, row.known_from, row.tie);
  return std::move(*state);
}

TEST(AggregateState, MergesInAnyOrderToTheSameBytes) {
  SeededRandom random(1);
  for (int round = 0; round < 60; ++round) {
    for (const Case& tested : kCases) {
      std::vector<Row> rows;
      for (uint64_t i = 0; i < NextBelow(random, 30); ++i) {
        rows.push_back(
            {RandomValue(random, tested.argument), static_cast<Micros>(NextBelow(random, 5)),
             static_cast<Micros>(NextBelow(random, 3)), std::string(NextBelow(random, 3), '\0')});
      }
      std::string whole = StateOf(tested, rows).Serialize();
      for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[NextBelow(random, i)]);
      size_t cut = NextBelow(random, rows.size() + 1);
      AggregateState right = StateOf(tested, std::span(rows).subspan(cut));
      MP_ASSERT_OK_AND_ASSIGN(
          AggregateState merged,
          AggregateState::Deserialize(StateOf(tested, std::span(rows).first(cut)).Serialize()));
      merged.Merge(right);
      EXPECT_EQ(merged.Serialize(), whole) << ToString(tested.function);
    }
  }
}

TEST(AggregateState, BytesCutShortOrTornAreRefused) {
  SeededRandom random(2);
  for (const Case& tested : kCases) {
    std::vector<Row> rows(5, Row{RandomValue(random, tested.argument), 3, 4});
    std::string bytes = StateOf(tested, rows).Serialize();
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_THAT(AggregateState::Deserialize(std::string_view(bytes).substr(0, cut)),
                  FailsWith(ErrorKind::kCorrupt, HasSubstr("state")))
          << ToString(tested.function) << " cut to " << cut;
    }
    for (int i = 0; i < 2'000; ++i) {
      std::string torn = bytes;
      torn[NextBelow(random, torn.size())] = static_cast<char>(random.Next());
      auto read = AggregateState::Deserialize(torn);  // may be another good state; must not crash
      if (!read.has_value()) continue;
      EXPECT_FALSE(read->Finish(10).ToString().empty());
    }
  }
}

TEST(AggregateState, SumsPastThirtyEightDigitsAreNullAndComeBack) {
  Case tested{AggregateFunction::kSum, Decimal(38, 0)};
  Value most = Value::MakeDecimal(PowerOfTen(38) - 1, 38, 0);
  Value minus = Value::MakeDecimal(1 - PowerOfTen(38), 38, 0);
  std::vector<Row> rows = {{most, 0, 0}, {most, 0, 0}};
  EXPECT_TRUE(StateOf(tested, rows).Finish(0).is_null());
  rows.push_back({minus, 0, 0});
  EXPECT_EQ(StateOf(tested, rows).Finish(0), most);
}

TEST(AggregateState, DistinctBeyondTheCapIsNullHoweverReached) {
  MP_ASSERT_OK_AND_ASSIGN(AggregateState all,
                          AggregateState::Make(AggregateFunction::kCountDistinct, kBigint));
  MP_ASSERT_OK_AND_ASSIGN(AggregateState half,
                          AggregateState::Make(AggregateFunction::kCountDistinct, kBigint));
  for (int64_t i = 0; i < kMaxDistinct; ++i) {
    all.Add(Value::Bigint(i), 0, 0);
    if (i % 2 == 0) half.Add(Value::Bigint(i), 0, 0);
  }
  EXPECT_EQ(all.Finish(0), Value::Bigint(kMaxDistinct));
  half.Add(Value::Bigint(-1), 0, 0);
  all.Merge(half);
  EXPECT_TRUE(all.Finish(0).is_null());
  half.Merge(all);
  EXPECT_EQ(half.Serialize(), all.Serialize());
}

TEST(AggregateState, TieOfFirstAndLastIsBrokenByTheRow) {
  for (auto [function, expected] :
       {std::pair(AggregateFunction::kLast, "a"), std::pair(AggregateFunction::kFirst, "z")}) {
    MP_ASSERT_OK_AND_ASSIGN(AggregateState state, AggregateState::Make(function, kVarchar));
    MP_ASSERT_OK_AND_ASSIGN(AggregateState other, AggregateState::Make(function, kVarchar));
    state.Add(Value::Varchar("b"), 5, 5, std::string_view("\0", 1));
    other.Add(Value::Varchar("a"), 5, 5, "\xff");
    other.Add(Value::Varchar("z"), 5, 5, "");
    state.Merge(other);
    EXPECT_EQ(state.Finish(0), Value::Varchar(expected));
  }
}

TEST(AggregateState, WithoutATieKeyTheValueBreaksTheTie) {
  std::vector<Row> rows = {{Value::Varchar("b"), 5, 5},
                           {Value::Null(kVarchar), 5, 5},
                           {Value::Varchar("a"), 5, 5},
                           {Value::Varchar("z"), 5, 4}};
  EXPECT_EQ(StateOf({AggregateFunction::kLast, kVarchar}, rows).Finish(0), Value::Varchar("b"));
  EXPECT_EQ(StateOf({AggregateFunction::kFirst, kVarchar}, rows).Finish(0), Value::Varchar("z"));
}

}  // namespace
}  // namespace millpond::kernel
