// Every function over every type: states merge to the same bytes however rows are split, and
// damaged bytes are refused or are exactly what the state writes.
#include "kernel/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::testing::HasSubstr;
using Random = std::mt19937_64;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Row {
  Value value;
  Micros event_time;
  Micros known_from;
  std::string tie = "";
};

Value AnyValue(Type type, Random& random) {
  if (random() % 8 == 0) return Value::Null(type);
  auto small = static_cast<int64_t>(random() % 7) - 3;
  switch (type.id) {
    case TypeId::kBoolean:
      return Value::Boolean(small > 0);
    case TypeId::kBigint:
      return Value::Bigint(random() % 4 == 0 ? static_cast<int64_t>(random()) : small);
    case TypeId::kDouble: {
      uint64_t pick = random() % 40;
      if (pick == 0) return Value::Double(std::nan(""));
      if (pick == 1) return Value::Double(kInfinity);
      if (pick == 2) return Value::Double(-0.0);
      return Value::Double(
          std::ldexp(static_cast<double>(small), static_cast<int>(random() % 2000) - 1050));
    }
    case TypeId::kDecimal:
      return Value::MakeDecimal(random() % 4 == 0 ? PowerOfTen(30) * small : small, 38, 2);
    case TypeId::kVarchar:
      return Value::Varchar(std::string(random() % 3, static_cast<char>(random() % 3)));
    case TypeId::kDate:
      return Value::Date(small);
    case TypeId::kTimestamp:
      return Value::Timestamp(small);
    case TypeId::kInterval:
      return Value::Interval(small);
    default:
      return Value();
  }
}

struct Kind {
  AggregateFunction function;
  Type argument;
};

std::vector<Kind> AllKinds() {
  std::vector<Kind> kinds = {{AggregateFunction::kCountStar, kNullType},
                             {AggregateFunction::kTimeSince, kNullType}};
  const std::vector<Type> types = {kBoolean, kBigint, kDouble,    Decimal(38, 2),
                                   kVarchar, kDate,   kTimestamp, kInterval};
  for (int code = 2; code <= 11; ++code) {
    auto function = static_cast<AggregateFunction>(code);
    for (Type type : types) {
      if (AggregateResultType(function, type).has_value()) kinds.push_back({function, type});
    }
  }
  return kinds;
}

AggregateState MakeState(const Kind& kind) {
  return std::move(*AggregateState::Make(kind.function, kind.argument));
}

AggregateState StateOf(const Kind& kind, const std::vector<Row>& rows) {
  AggregateState state = MakeState(kind);
  for (const Row& row : rows) state.Add(row.value, row.event_time, row.known_from, row.tie);
  return state;
}

std::vector<Row> AnyRows(Type type, Random& random) {
  std::vector<Row> rows(random() % 30);
  for (Row& row : rows) {
    auto event_time = static_cast<Micros>(random() % 5);
    row = {AnyValue(type, random), event_time, event_time + static_cast<Micros>(random() % 3),
           std::string(random() % 3, static_cast<char>(random() % 2))};
  }
  return rows;
}

std::string Named(const Kind& kind) {
  return fmt::format("{}({})", ToString(kind.function), ToString(kind.argument));
}

TEST(AggregateBytes, SplitsAndMergeOrdersGiveTheSameBytes) {
  Random random(1);
  for (const Kind& kind : AllKinds()) {
    for (int round = 0; round < 60; ++round) {
      std::vector<Row> rows = AnyRows(kind.argument, random);
      AggregateState whole = StateOf(kind, rows);
      std::shuffle(rows.begin(), rows.end(), random);
      std::vector<AggregateState> parts;
      for (size_t i = 0; i < 1 + random() % 6; ++i) parts.push_back(MakeState(kind));
      for (const Row& row : rows) {
        parts[random() % parts.size()].Add(row.value, row.event_time, row.known_from, row.tie);
      }
      while (parts.size() > 1) {
        std::swap(parts[random() % parts.size()], parts.back());
        AggregateState last = std::move(parts.back());
        parts.pop_back();
        auto carried = AggregateState::Deserialize(last.Serialize());
        ASSERT_THAT(carried, testing::IsOk()) << Named(kind);
        parts[random() % parts.size()].Merge(*carried);
      }
      ASSERT_EQ(parts[0].Serialize(), whole.Serialize()) << Named(kind) << " round " << round;
      ASSERT_EQ(parts[0].Finish(1'000'000), whole.Finish(1'000'000)) << Named(kind);
      auto type = AggregateResultType(kind.function, kind.argument);
      ASSERT_EQ(whole.Finish(0).type(), *type) << Named(kind);
    }
  }
}

// Every cut and every flipped bit: refused, or a state that has exactly these bytes.
TEST(AggregateBytes, DamagedBytesAreRefusedOrMeanThemselves) {
  Random random(2);
  int refused = 0;
  for (const Kind& kind : AllKinds()) {
    std::vector<Row> rows = AnyRows(kind.argument, random);
    rows.push_back({AnyValue(kind.argument, random), 7, 8});
    std::string good = StateOf(kind, rows).Serialize();
    for (size_t size = 0; size < good.size(); ++size) {
      EXPECT_THAT(AggregateState::Deserialize(std::string_view(good).substr(0, size)),
                  testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("docs/formats")))
          << Named(kind) << " cut to " << size;
    }
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << (bit % 8));
      auto read = AggregateState::Deserialize(bad);
      if (read.has_value()) {
        EXPECT_EQ(read->Serialize(), bad) << Named(kind) << " bit " << bit;
        (void)read->Finish(0);
      } else {
        EXPECT_EQ(read.error().kind(), ErrorKind::kCorrupt) << Named(kind) << " bit " << bit;
        ++refused;
      }
    }
    EXPECT_THAT(AggregateState::Deserialize(good + "x"),
                testing::FailsWith(ErrorKind::kCorrupt, HasSubstr("docs/formats")));
  }
  EXPECT_GT(refused, 1000);
}

TEST(AggregateBytes, RandomBytesNeverCrash) {
  Random random(3);
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes(5 + random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : 0);
    bytes[0] = 1;
    bytes[1] = static_cast<char>(1 + random() % 11);
    bytes[2] = static_cast<char>(random() % 9);
    auto read = AggregateState::Deserialize(bytes);
    EXPECT_TRUE(!read.has_value() || read->Serialize() == bytes);
  }
}

TEST(AggregateBytes, AverageIsFiniteWhereTheSumIsNot) {
  double most = std::numeric_limits<double>::max();
  Row row{Value::Double(most), 0, 0};
  EXPECT_EQ(StateOf({AggregateFunction::kAvg, kDouble}, {row, row, row}).Finish(0),
            Value::Double(most));
  EXPECT_EQ(StateOf({AggregateFunction::kSum, kDouble}, {row, row}).Finish(0),
            Value::Double(kInfinity));
  Row wide{Value::MakeDecimal(PowerOfTen(38) - 1, 38, 0), 0, 0};
  EXPECT_EQ(StateOf({AggregateFunction::kAvg, Decimal(38, 0)}, {wide, wide}).Finish(0),
            Value::Double(1e38));
  EXPECT_EQ(StateOf({AggregateFunction::kSum, Decimal(38, 0)}, {wide, wide}).Finish(0),
            Value::Null(Decimal(38, 0)));
}

TEST(AggregateBytes, RefusedByName) {
  EXPECT_THAT(FindAggregate("median", true, false),
              testing::FailsWith(ErrorKind::kUnsupported, HasSubstr("not built yet")));
  EXPECT_THAT(FindAggregate("sum", true, true),
              testing::FailsWith(ErrorKind::kUnsupported, HasSubstr("DISTINCT")));
  EXPECT_THAT(FindAggregate("sum", false, false),
              testing::FailsWith(ErrorKind::kInvalidArgument, HasSubstr("needs an argument")));
  EXPECT_THAT(AggregateResultType(AggregateFunction::kSum, kVarchar),
              testing::FailsWith(ErrorKind::kInvalidArgument, HasSubstr("does not take VARCHAR")));
}

}  // namespace
}  // namespace millpond::kernel
