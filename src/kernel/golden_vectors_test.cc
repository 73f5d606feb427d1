// The permanent bytes of the kernel, frozen: docs/formats/row-encoding.md, aggregate-state.md and
// feature-canonical-text.md show the same vectors, which is tested too. A change that makes one of
// these tests fail breaks models that are stored: it needs a new version of the format beside the
// old one.
#include <cmath>
#include <fstream>
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

// What a golden table freezes: its text on the page, and bytes in hex.
struct Vector {
  std::string what;
  std::string bytes;
  bool operator==(const Vector&) const = default;
};

void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.what << ": " << vector.bytes;
}

// The rows "| what | `bytes` |" of a page's golden table: page and test cannot differ.
std::vector<Vector> PageOf(const std::string& page) {
  std::ifstream file(std::string(MILLPOND_FORMATS_DIR) + "/" + page);
  std::vector<Vector> vectors;
  bool golden = false;
  for (std::string line; std::getline(file, line);) {
    golden = golden || line == "## Golden vectors";
    size_t begin = line.find(" | `");
    if (!golden || !line.starts_with("| ") || begin == std::string::npos) continue;
    vectors.push_back({line.substr(2, begin - 2), line.substr(begin + 4)});
    EXPECT_TRUE(vectors.back().bytes.ends_with("` |")) << line;
    vectors.back().bytes.resize(vectors.back().bytes.size() - 3);
  }
  return vectors;
}

std::string Canonical(const Value& value) {
  std::string bytes;
  AppendCanonical(value, &bytes);
  return bytes;
}

TEST(GoldenRowEncoding, Values) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  auto of = [](std::string what, const Value& value) {
    return Vector{std::move(what), Hex(Canonical(value))};
  };
  std::vector<Vector> made = {
      of("NULL of any type", Value()),
      of("BOOLEAN true", Value::Boolean(true)),
      of("BIGINT -1", Value::Bigint(-1)),
      of("BIGINT 1", Value::Bigint(1)),
      of("DOUBLE 1.5", Value::Double(1.5)),
      of("DOUBLE -0", Value::Double(-0.0)),
      of("DOUBLE -1.5", Value::Double(-1.5)),
      of("DOUBLE NaN", Value::Double(nan)),
      of("DECIMAL(10,2) -2.50", Value::MakeDecimal(-250, 10, 2)),
      of("VARCHAR `a`, zero byte, `b`", Value::Varchar(std::string("a\0b", 3))),
      of("DATE 1997-07-01 (10043)", Value::Date(10043)),
      of("TIMESTAMP 1997-07-01T00:00:00Z", Value::Timestamp(867715200000000))};
  std::vector<Vector> frozen = {{"NULL of any type", "00"},
                                {"BOOLEAN true", "0101"},
                                {"BIGINT -1", "017fffffffffffffff"},
                                {"BIGINT 1", "018000000000000001"},
                                {"DOUBLE 1.5", "01bff8000000000000"},
                                {"DOUBLE -0", "018000000000000000"},
                                {"DOUBLE -1.5", "014007ffffffffffff"},
                                {"DOUBLE NaN", "01fff8000000000000"},
                                {"DECIMAL(10,2) -2.50", "017fffffffffffffffffffffffffffff06"},
                                {"VARCHAR `a`, zero byte, `b`", "016100ff620001"},
                                {"DATE 1997-07-01 (10043)", "01800000000000273b"},
                                {"TIMESTAMP 1997-07-01T00:00:00Z", "018003152eb0432000"}};
  EXPECT_EQ(made, frozen);
  EXPECT_EQ(PageOf("row-encoding.md"), frozen);
}

Vector StateOf(std::string what, AggregateFunction function, Type argument,
               const std::vector<Value>& values) {
  auto state = AggregateState::Make(function, argument);
  EXPECT_THAT(state, testing::IsOk());
  Micros at = 1'000'000;
  for (const Value& value : values) {
    // As in a view that reads no column but the argument.
    state->Add(value, at, at + 500'000, Canonical(value));
    at += 1'000'000;
  }
  std::string bytes = state->Serialize();
  auto back = AggregateState::Deserialize(bytes);
  EXPECT_THAT(back, testing::IsOk());
  EXPECT_EQ(back->Serialize(), bytes);
  return {std::move(what), Hex(bytes)};
}

std::vector<Vector> MadeStates() {
  using enum AggregateFunction;
  auto text = [](const char* value) { return Value::Varchar(value); };
  auto number = [](double value) { return Value::Double(value); };
  double infinity = std::numeric_limits<double>::infinity();
  return {StateOf("count(\\*) of two rows", kCountStar, kNullType, {Value(), Value()}),
          StateOf("count(BIGINT) of 7, NULL", kCount, kBigint, {Value::Bigint(7), Value()}),
          StateOf("count_if of true, false, NULL", kCountIf, kBoolean,
                  {Value::Boolean(true), Value::Boolean(false), Value()}),
          StateOf("count_distinct(VARCHAR) of b, a, b", kCountDistinct, kVarchar,
                  {text("b"), text("a"), text("b")}),
          StateOf("sum(BIGINT) of 7, -9", kSum, kBigint, {Value::Bigint(7), Value::Bigint(-9)}),
          StateOf("avg(DECIMAL(10,2)) of 2.50, 1.25", kAvg, Decimal(10, 2),
                  {Value::MakeDecimal(250, 10, 2), Value::MakeDecimal(125, 10, 2)}),
          StateOf("sum(DOUBLE) of 1e16, 0.5, -1e16", kSum, kDouble,
                  {number(1e16), number(0.5), number(-1e16)}),
          StateOf("sum(DOUBLE) of 1, +infinity", kSum, kDouble, {number(1), number(infinity)}),
          StateOf("min(DOUBLE) of 2, -0", kMin, kDouble, {number(2), number(-0.0)}),
          StateOf("max(DATE) of 1997-07-01, NULL", kMax, kDate, {Value::Date(10043), Value()}),
          StateOf("first(BIGINT) of NULL, 7", kFirst, kBigint, {Value(), Value::Bigint(7)}),
          StateOf("last(VARCHAR) of a, b", kLast, kVarchar, {text("a"), text("b")}),
          StateOf("time_since() of two rows", kTimeSince, kNullType, {Value(), Value()})};
}

TEST(GoldenAggregateState, States) {
  std::vector<Vector> frozen = {
      {"count(\\*) of two rows", "01010000000200000000000000"},
      {"count(BIGINT) of 7, NULL", "01020200000100000000000000"},
      {"count_if of true, false, NULL", "01030100000100000000000000"},
      {"count_distinct(VARCHAR) of b, a, b",
       "010a050000000200000004000000016100010400000001620001"},
      {"sum(BIGINT) of 7, -9",
       "01040200000200000000000000feffffffffffffffffffffffffffffffffffffffffffffff"},
      {"avg(DECIMAL(10,2)) of 2.50, 1.25",
       "0105040a020200000000000000770100000000000000000000000000000000000000000000"},
      {"sum(DOUBLE) of 1e16, 0.5, -1e16",
       "0104030000030000000000000000000000000000000000000000000000000000000000000000210100000200"},
      {"sum(DOUBLE) of 1, +infinity",
       "0104030000020000000000000000000000000000000100000000000000000000000000000000210100000400"},
      {"min(DOUBLE) of 2, -0", "010603000009000000018000000000000000"},
      {"max(DATE) of 1997-07-01, NULL", "01070600000900000001800000000000273b"},
      {"first(BIGINT) of NULL, 7",
       "0108020000180000000180000000000f424001800000000016e3600100ff000100"},
      {"last(VARCHAR) of a, b",
       "01090500001e0000000180000000001e84800180000000002625a001016200ff01000101620001"},
      {"time_since() of two rows", "010b000000090000000180000000001e8480"}};
  EXPECT_EQ(MadeStates(), frozen);
  EXPECT_EQ(PageOf("aggregate-state.md"), frozen);
}

FeatureViewDefinition Orders() {
  FeatureViewDefinition view;
  view.name = "orders";
  view.source = "main.shop.orders";
  view.columns = {
      {"customer_id", kBigint}, {"at", kTimestamp}, {"amount", Decimal(10, 2)}, {"day", kDate}};
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
      {"last_day", Aggregate("last", {ColumnRef("day")}, "life"), -1},
  };
  return view;
}

// The page shows a text indented by four blanks, then its hash.
std::string AsOnThePage(const FeatureOutput& output) {
  std::string text = "\n";
  for (size_t begin = 0; begin < output.canonical_text.size();) {
    size_t end = output.canonical_text.find('\n', begin) + 1;
    text += "    " + output.canonical_text.substr(begin, end - begin);
    begin = end;
  }
  return text + "\nhash `" + output.hash + "`";
}

TEST(GoldenCanonicalText, ThePageShowsTheTextsAndHashes) {
  auto program = Compile(Orders());
  ASSERT_THAT(program, testing::IsOk());
  std::ifstream file(std::string(MILLPOND_FORMATS_DIR) + "/feature-canonical-text.md");
  std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const FeatureOutput& output : (*program)->outputs) {
    EXPECT_THAT(page, ::testing::HasSubstr(AsOnThePage(output)));
  }
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
  EXPECT_EQ((*program)->outputs[2].canonical_text,
            "millpond-feature 1\n"
            "source \"main.shop.orders\"\n"
            "entity \"customer_id\" BIGINT\n"
            "timestamp \"at\" TIMESTAMP\n"
            "known_at add@1(column(\"at\"),literal(INTERVAL,3600000000))\n"
            "settle 1000000\n"
            "column \"amount\" DECIMAL(10,2)\n"
            "column \"at\" TIMESTAMP\n"
            "column \"day\" DATE\n"
            "type DATE\n"
            "value last@1(column(\"day\"),window=unbounded)\n");
  EXPECT_EQ((*program)->outputs[2].hash,
            "7a5be2299d9cf551fafd8c2cd66a060bbe2b7bd23ab5cca3700b99f013541fca");
}

}  // namespace
}  // namespace millpond::kernel
