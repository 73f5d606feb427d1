// The permanent bytes of the kernel, frozen: docs/formats/row-encoding.md, aggregate-state.md and
// feature-canonical-text.md show the same vectors. A change that makes one of these tests fail
// breaks models that are stored: it needs a new version of the format beside the old one.
#include <cmath>
#include <limits>

#include "base/testing/result_matchers.h"
#include "kernel/aggregate.h"
#include "kernel/canonical.h"
#include "kernel/feature_view.h"

namespace millpond::kernel {
namespace {

std::string Hex(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string Encoded(const Value& value) {
  std::string bytes;
  AppendCanonical(value, &bytes);
  return Hex(bytes);
}

TEST(GoldenRowEncoding, Values) {
  EXPECT_EQ(Encoded(Value()), "00");
  EXPECT_EQ(Encoded(Value::Boolean(true)), "0101");
  EXPECT_EQ(Encoded(Value::Bigint(-1)), "017fffffffffffffff");
  EXPECT_EQ(Encoded(Value::Bigint(1)), "018000000000000001");
  EXPECT_EQ(Encoded(Value::Double(1.5)), "01bff8000000000000");
  EXPECT_EQ(Encoded(Value::Double(-0.0)), "018000000000000000");
  EXPECT_EQ(Encoded(Value::Double(-1.5)), "014007ffffffffffff");
  EXPECT_EQ(Encoded(Value::Double(std::numeric_limits<double>::quiet_NaN())), "01fff8000000000000");
  EXPECT_EQ(Encoded(Value::MakeDecimal(-250, 10, 2)), "017fffffffffffffffffffffffffffff06");
  EXPECT_EQ(Encoded(Value::Varchar(std::string("a\0b", 3))), "016100ff620001");
  EXPECT_EQ(Encoded(Value::Date(10043)), "01800000000000273b");
  EXPECT_EQ(Encoded(Value::Timestamp(867715200000000)), "018003152eb0432000");
}

std::string StateOf(AggregateFunction function, Type argument, const std::vector<Value>& values) {
  auto state = AggregateState::Make(function, argument);
  EXPECT_THAT(state, testing::IsOk());
  Micros at = 1'000'000;
  for (const Value& value : values) {
    state->Add(value, at, at + 500'000);
    at += 1'000'000;
  }
  std::string bytes = state->Serialize();
  auto back = AggregateState::Deserialize(bytes);
  EXPECT_THAT(back, testing::IsOk());
  EXPECT_EQ(back->Serialize(), bytes);
  return Hex(bytes);
}

TEST(GoldenAggregateState, Counts) {
  EXPECT_EQ(StateOf(AggregateFunction::kCountStar, kNullType, {Value(), Value()}),
            "01010000000200000000000000");
  EXPECT_EQ(StateOf(AggregateFunction::kCount, kBigint, {Value::Bigint(7), Value()}),
            "01020200000100000000000000");
  EXPECT_EQ(StateOf(AggregateFunction::kCountDistinct, kVarchar,
                    {Value::Varchar("b"), Value::Varchar("a"), Value::Varchar("b")}),
            "010a050000000200000004000000016100010400000001620001");
}

TEST(GoldenAggregateState, Sums) {
  EXPECT_EQ(StateOf(AggregateFunction::kSum, kBigint, {Value::Bigint(7), Value::Bigint(-9)}),
            "01040200000200000000000000feffffffffffffffffffffffffffffffffffffffffffffff");
  EXPECT_EQ(StateOf(AggregateFunction::kAvg, Decimal(10, 2),
                    {Value::MakeDecimal(250, 10, 2), Value::MakeDecimal(125, 10, 2)}),
            "0105040a020200000000000000770100000000000000000000000000000000000000000000");
  EXPECT_EQ(
      StateOf(AggregateFunction::kSum, kDouble,
              {Value::Double(1e16), Value::Double(0.5), Value::Double(-1e16)}),
      "0104030000030000000000000000000000000000000000000000000000000000000000000000210100000200");
  EXPECT_EQ(
      StateOf(AggregateFunction::kSum, kDouble,
              {Value::Double(1), Value::Double(std::numeric_limits<double>::infinity())}),
      "0104030000020000000000000000000000000000000100000000000000000000000000000000210100000400");
}

TEST(GoldenAggregateState, Extremes) {
  EXPECT_EQ(StateOf(AggregateFunction::kMin, kDouble, {Value::Double(2), Value::Double(-0.0)}),
            "010603000009000000018000000000000000");
  EXPECT_EQ(StateOf(AggregateFunction::kLast, kVarchar, {Value::Varchar("a"), Value::Varchar("b")}),
            "0109050000160000000180000000001e84800180000000002625a001620001");
  EXPECT_EQ(StateOf(AggregateFunction::kTimeSince, kNullType, {Value(), Value()}),
            "010b000000090000000180000000001e8480");
}

FeatureViewDefinition Orders() {
  FeatureViewDefinition view;
  view.name = "orders";
  view.source = "main.shop.orders";
  view.columns = {{"customer_id", kBigint}, {"at", kTimestamp}, {"amount", Decimal(10, 2)}};
  view.entity = {"customer_id"};
  view.timestamp = "at";
  view.known_at = Call("+", {ColumnRef("at"), Literal(Value::Interval(3'600'000'000))});
  view.windows = {{"w90", int64_t{90} * kMicrosPerDay, -1}, {"life", std::nullopt, -1}};
  view.outputs = {
      {"spend_90d",
       Aggregate("sum", {ColumnRef("amount")}, "w90",
                 Call(">", {ColumnRef("amount"), Literal(Value::Bigint(0))})),
       -1},
      {"recency",
       Call("days_between", {Aggregate("max", {ColumnRef("at")}, "life"), Call("as_of", {})}), -1},
  };
  return view;
}

TEST(GoldenCanonicalText, Outputs) {
  auto program = Compile(Orders());
  ASSERT_THAT(program, testing::IsOk());
  EXPECT_EQ((*program)->outputs[0].canonical_text,
            "millpond-feature 1\n"
            "source \"main.shop.orders\"\n"
            "entity \"customer_id\" BIGINT\n"
            "timestamp \"at\" TIMESTAMP\n"
            "known_at add@1(column(\"at\"),literal(INTERVAL,3600000000))\n"
            "settle 1000000\n"
            "column \"amount\" DECIMAL(10,2)\n"
            "column \"at\" TIMESTAMP\n"
            "type DECIMAL(38,2)\n"
            "value "
            "sum@1(column(\"amount\"),window=range(7776000000000),filter=greater@1(column("
            "\"amount\"),literal(BIGINT,0)))\n");
  EXPECT_EQ((*program)->outputs[0].hash,
            "92d5e702b712bbad9f8df8e39d387cf29f9e72dd9b8c2476289fb7eb8f5bf4fd");
  EXPECT_EQ((*program)->outputs[1].canonical_text,
            "millpond-feature 1\n"
            "source \"main.shop.orders\"\n"
            "entity \"customer_id\" BIGINT\n"
            "timestamp \"at\" TIMESTAMP\n"
            "known_at add@1(column(\"at\"),literal(INTERVAL,3600000000))\n"
            "settle 1000000\n"
            "column \"at\" TIMESTAMP\n"
            "type BIGINT\n"
            "value days_between@1(max@1(column(\"at\"),window=unbounded),as_of@1())\n");
  EXPECT_EQ((*program)->outputs[1].hash,
            "63dc27c51c5d073d2a59747b794ef2979d50faa75f3143d75a7a926f723f9c6d");
}

}  // namespace
}  // namespace millpond::kernel
