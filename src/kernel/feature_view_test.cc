// Compilation: what names mean, what hashes depend on, and where errors point.
#include "kernel/feature_view.h"

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Expr Sum(std::string column, std::string window = "w", int64_t offset = -1) {
  return Aggregate("sum", {ColumnRef(std::move(column))}, std::move(window), {}, offset);
}

FeatureViewDefinition Orders() {
  FeatureViewDefinition view;
  view.name = "orders";
  view.source = "main.shop.orders";
  view.columns = {
      {"id", kBigint}, {"ts", kTimestamp}, {"Amount", Decimal(10, 2)}, {"note", kVarchar}};
  view.entity = {"id"};
  view.timestamp = "ts";
  view.windows = {{"w", 100, 7}, {"again", 100, -1}, {"life", {}, -1}};
  view.outputs = {{"spend", Sum("amount"), 20},
                  {"orders", Aggregate("count", {}, "w"), 30},
                  {"basket", Call("/", {ColumnRef("spend"), ColumnRef("orders")}), 40}};
  return view;
}

std::string HashOf(const FeatureViewDefinition& view, size_t output) {
  auto program = Compile(view);
  EXPECT_THAT(program, testing::IsOk());
  return (*program)->outputs[output].hash;
}

TEST(Compile, TypesAndUsedColumns) {
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(Orders()));
  EXPECT_EQ(program->outputs[0].type, Decimal(38, 2));
  EXPECT_EQ(program->outputs[1].type, kBigint);
  EXPECT_EQ(program->outputs[2].type, kDouble);
  std::vector<std::string> used;
  for (const auto& column : program->used_columns) used.push_back(column.name);
  EXPECT_EQ(used, (std::vector<std::string>{"id", "ts", "Amount"}));
}

TEST(Compile, EqualAggregatesAreComputedOnce) {
  FeatureViewDefinition view = Orders();
  view.outputs.push_back({"twice", Call("+", {Sum("AMOUNT", "again"), Sum("amount")}), -1});
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(view));
  EXPECT_EQ(program->aggregates.size(), 2U);
  EXPECT_EQ(program->windows.size(), 1U);
}

TEST(Hash, DependsOnMeaningNotOnNames) {
  std::string hash = HashOf(Orders(), 2);
  FeatureViewDefinition view = Orders();
  view.name = "other";
  view.outputs[0].name = "spend_100";
  view.outputs[2].name = "mean_basket";
  view.outputs[2].expression = Call("/", {ColumnRef("spend_100"), ColumnRef("ORDERS")});
  view.windows[0].name = "renamed";
  view.outputs[0].expression.window = "RENAMED";
  view.outputs[1].expression.window = "again";
  view.known_at = ColumnRef("ts");
  view.columns.push_back({"unused", kVarchar});
  EXPECT_EQ(HashOf(view, 2), hash);
}

TEST(Hash, OfFirstAndLastDependsOnTheColumnsThatBreakTies) {
  FeatureViewDefinition view = Orders();
  view.columns.push_back({"kind", kVarchar});
  view.outputs.push_back({"newest", Aggregate("last", {ColumnRef("amount")}, "w"), -1});
  view.outputs[3].expression.window = view.outputs[0].expression.window;
  view.outputs.push_back({"newest_too", Call("+", {ColumnRef("newest"), ColumnRef("newest")}), -1});
  std::string sum = HashOf(view, 0), last = HashOf(view, 3), through = HashOf(view, 4);
  view.outputs.push_back({"kinds", Aggregate("count", {ColumnRef("kind")}, "w"), -1});
  view.outputs[5].expression.window = view.outputs[0].expression.window;
  EXPECT_EQ(HashOf(view, 0), sum);
  EXPECT_NE(HashOf(view, 3), last);
  EXPECT_NE(HashOf(view, 4), through);
  std::swap(view.outputs[3], view.outputs[5]);  // in whatever order the outputs stand
  std::swap(view.outputs[4], view.outputs[5]);
  FeatureViewDefinition other = Orders();
  other.columns = view.columns;
  other.outputs = view.outputs;
  EXPECT_EQ(HashOf(other, 4), HashOf(view, 4));
}

TEST(Hash, DependsOnEverythingThatChangesAValue) {
  std::string hash = HashOf(Orders(), 0);
  std::vector<FeatureViewDefinition> changed(8, Orders());
  changed[0].settle = 2 * kMicrosPerSecond;
  changed[1].known_at = Call("+", {ColumnRef("ts"), Literal(Value::Interval(1))});
  changed[2].where = Call(">", {ColumnRef("amount"), Literal(Value::Bigint(0))});
  changed[3].windows[0].range = 101;
  changed[4].columns[2].type = Decimal(10, 3);
  changed[5].source = "main.shop.orders2";
  changed[6].outputs[0].expression.filter = {Call("is_null", {ColumnRef("note")})};
  changed[7].columns[1].type = kDate;
  for (const auto& view : changed) EXPECT_NE(HashOf(view, 0), hash);
}

TEST(Hash, AnotherOutputLeavesItAlone) {
  FeatureViewDefinition view = Orders();
  view.outputs.push_back({"last_note", Aggregate("last", {ColumnRef("note")}, "life"), -1});
  EXPECT_EQ(HashOf(view, 0), HashOf(Orders(), 0));
}

Result<std::shared_ptr<const FeatureProgram>> CompileWith(Expr output) {
  FeatureViewDefinition view = Orders();
  view.outputs.push_back({"extra", std::move(output), 50});
  return Compile(view, [](int64_t offset) { return fmt::format("f.sql:2:{}", offset); });
}

TEST(CompileError, PointsAtTheNode) {
  EXPECT_THAT(CompileWith(Aggregate("sum", {ColumnRef("amuont", 61)}, "w", {}, 60)),
              FailsWith(ErrorKind::kNotFound, StartsWith("f.sql:2:61: source main.shop.orders")));
  EXPECT_THAT(CompileWith(Sum("note", "w", 60)),
              FailsWith(ErrorKind::kInvalidArgument, "f.sql:2:60: sum does not take VARCHAR"));
  EXPECT_THAT(CompileWith(Sum("amount", "w60", 60)),
              FailsWith(ErrorKind::kInvalidArgument,
                        "f.sql:2:60: there is no window w60; the view defines w, again, life"));
  EXPECT_THAT(
      CompileWith(ColumnRef("amount", 63)),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("f.sql:2:63: source column amount")));
  EXPECT_THAT(CompileWith(ColumnRef("later", 63)),
              FailsWith(ErrorKind::kNotFound, HasSubstr("f.sql:2:63: there is no output later")));
  EXPECT_THAT(CompileWith(Aggregate("median", {ColumnRef("amount")}, "w", {}, 64)),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("f.sql:2:64: aggregate median")));
  EXPECT_THAT(
      CompileWith(Aggregate("sum", {Call("as_of", {}, 66)}, "w", {}, 65)),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("f.sql:2:66: as_of() has no place")));
  EXPECT_THAT(CompileWith(Aggregate("sum", {Sum("amount", "w", 68)}, "w", {}, 67)),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("f.sql:2:68: aggregate sum")));
  EXPECT_THAT(CompileWith(Literal(Value(), 50)),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("f.sql:2:50: output extra has no")));
  Expr distinct = Sum("amount", "w", 70);
  distinct.distinct = true;
  EXPECT_THAT(CompileWith(distinct),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("sum(DISTINCT ...)")));
}

TEST(CompileError, OfTheHead) {
  FeatureViewDefinition view = Orders();
  view.entity = {"customer"};
  EXPECT_THAT(Compile(view), FailsWith(ErrorKind::kNotFound, HasSubstr("ENTITY: source")));
  view = Orders();
  view.timestamp = "note";
  EXPECT_THAT(Compile(view), FailsWith(ErrorKind::kInvalidArgument,
                                       HasSubstr("TIMESTAMP of feature view orders")));
  view = Orders();
  view.where = ColumnRef("note");
  EXPECT_THAT(Compile(view),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("WHERE of feature view orders")));
  view = Orders();
  view.windows[0].range = 0;
  EXPECT_THAT(Compile(view), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("w has no length")));
  view = Orders();
  view.outputs[1].name = "SPEND";
  EXPECT_THAT(Compile(view), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'SPEND'")));
  view = Orders();
  view.outputs.clear();
  EXPECT_THAT(Compile(view), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no outputs")));
}

TEST(CompileError, ChainsOfDoublingsEnd) {
  FeatureViewDefinition view = Orders();
  for (int i = 0; i < 40; ++i) {
    std::string below = i == 0 ? "spend" : fmt::format("d{}", i - 1);
    view.outputs.push_back(
        {fmt::format("d{}", i), Call("+", {ColumnRef(below), ColumnRef(below)}), -1});
  }
  EXPECT_THAT(Compile(view), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("longer than")));
}

TEST(Interval, TextsAndUnits) {
  EXPECT_THAT(ParseInterval("90 days"), testing::IsOkAnd(90 * kMicrosPerDay));
  EXPECT_THAT(ParseInterval("1 hour 30 minutes"), testing::IsOkAnd(5'400'000'000));
  EXPECT_THAT(ParseInterval("1 day 01:30:00"), testing::IsOkAnd(kMicrosPerDay + 5'400'000'000));
  EXPECT_THAT(ParseInterval("3 months"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no fixed length")));
  EXPECT_THAT(ParseInterval("soon"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'soon'")));
  EXPECT_THAT(IntervalMicros(INT64_MAX, "weeks"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("too long")));
}

}  // namespace
}  // namespace millpond::kernel
