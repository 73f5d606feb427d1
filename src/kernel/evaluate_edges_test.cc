// Single rows at the edges of the visibility rule.
#include "base/testing/result_matchers.h"
#include "kernel/evaluate.h"

namespace millpond::kernel {
namespace {

using ::testing::HasSubstr;

Expr Over(std::string name, std::vector<Expr> arguments, std::string window) {
  return Aggregate(std::move(name), std::move(arguments), std::move(window));
}

FeatureViewDefinition SmallView() {
  FeatureViewDefinition view;
  view.name = "small";
  view.source = "main.default.t";
  view.columns = {{"id", kVarchar}, {"ts", kTimestamp}, {"x", kBigint}};
  view.entity = {"id"};
  view.timestamp = "ts";
  view.settle = 0;
  view.windows = {{"w", 10}};
  view.outputs = {
      {"n", Over("count", {}, "w")},
      {"s", Over("sum", {ColumnRef("x")}, "w")},
      {"mean",
       Call("/", {ColumnRef("s"), Call("nullif", {ColumnRef("n"), Literal(Value::Bigint(0))})})}};
  return view;
}

Value One(const FeatureViewDefinition& view, int64_t event_time, Micros at,
          const RowVersions& versions, int output = 0) {
  auto program = Compile(view);
  Column id = Column::Repeat(Value::Varchar("a"), 1);
  Column ts = Column::Repeat(Value::Timestamp(event_time), 1);
  Column x = Column::Repeat(Value::Bigint(7), 1);
  std::vector<const Column*> columns = {&id, &ts, &x};
  auto source = PrepareSource(**program, columns, 1, versions);
  Column label_at = Column::Repeat(Value::Timestamp(at), 1);
  const Column* entity = &id;
  auto batch = EvaluateFeatures(**program, *source, {&entity, 1}, label_at);
  return batch->columns[output].ValueAt(0);
}

TEST(Evaluate, WindowEdges) {
  // [T-10, T): the row at T-10 is in, the one at T is out.
  EXPECT_EQ(One(SmallView(), 90, 100, {}), Value::Bigint(1));
  EXPECT_EQ(One(SmallView(), 89, 100, {}), Value::Bigint(0));
  EXPECT_EQ(One(SmallView(), 99, 100, {}), Value::Bigint(1));
  EXPECT_EQ(One(SmallView(), 100, 100, {}), Value::Bigint(0));
  EXPECT_EQ(One(SmallView(), 0, 100, {}, 1), Value::Null(Decimal(38, 0)));
  EXPECT_EQ(One(SmallView(), 99, 100, {}, 2), Value::Double(7));
  EXPECT_EQ(One(SmallView(), 0, 100, {}, 2), Value::Null(kDouble));
}

TEST(Evaluate, SettleAndVersionEdges) {
  FeatureViewDefinition view = SmallView();
  view.settle = 3;
  EXPECT_EQ(One(view, 97, 100, {}), Value::Bigint(1));  // known_from = T - settle is seen
  EXPECT_EQ(One(view, 98, 100, {}), Value::Bigint(0));
  std::vector<Micros> floor = {98};
  EXPECT_EQ(One(view, 95, 100, {floor, {}}), Value::Bigint(0));
  EXPECT_EQ(One(view, 95, 101, {floor, {}}), Value::Bigint(1));
  std::vector<Micros> known_to = {98};
  EXPECT_EQ(One(view, 95, 100, {{}, known_to}), Value::Bigint(1));  // T - settle = 97 < 98
  EXPECT_EQ(One(view, 95, 101, {{}, known_to}), Value::Bigint(0));
}

TEST(Evaluate, TimesAtTheEndsOfTheRange) {
  EXPECT_EQ(One(SmallView(), INT64_MIN, INT64_MIN, {}), Value::Bigint(0));
  EXPECT_EQ(One(SmallView(), INT64_MIN, INT64_MIN + 5, {}), Value::Bigint(1));
  EXPECT_EQ(One(SmallView(), INT64_MAX - 1, INT64_MAX, {}), Value::Bigint(1));
  std::vector<Micros> forever = {kForever};
  EXPECT_EQ(One(SmallView(), INT64_MAX - 1, INT64_MAX, {{}, forever}), Value::Bigint(1));
}

TEST(Evaluate, NullTimeGivesNullsAndUnknownEntityAnEmptyWindow) {
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(SmallView()));
  Column id = Column::Repeat(Value::Varchar("a"), 1);
  Column ts = Column::Repeat(Value::Timestamp(95), 1);
  Column x = Column::Repeat(Value::Bigint(7), 1);
  std::vector<const Column*> columns = {&id, &ts, &x};
  MP_ASSERT_OK_AND_ASSIGN(SourceRows source, PrepareSource(*program, columns, 1));
  std::vector<Value> keys = {Value::Varchar("a"), Value::Varchar("b"), Value::Null(kVarchar)};
  std::vector<Value> times = {Value::Null(kTimestamp), Value::Timestamp(100),
                              Value::Timestamp(100)};
  Column key = Column::FromValues(kVarchar, keys);
  const Column* entity = &key;
  MP_ASSERT_OK_AND_ASSIGN(Batch batch, EvaluateFeatures(*program, source, {&entity, 1},
                                                        Column::FromValues(kTimestamp, times)));
  EXPECT_TRUE(batch.columns[0].IsNull(0));
  EXPECT_EQ(batch.columns[0].ValueAt(1), Value::Bigint(0));
  EXPECT_EQ(batch.columns[0].ValueAt(2), Value::Bigint(0));
}

TEST(Evaluate, DatesAreMidnightUtc) {
  FeatureViewDefinition view = SmallView();
  view.columns[1].type = kDate;
  view.windows[0].range = kMicrosPerDay;
  view.known_at = Call("+", {ColumnRef("ts"), Literal(Value::Interval(23 * kMicrosPerHour))});
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(view));
  Column id = Column::Repeat(Value::Varchar("a"), 1);
  Column ts = Column::Repeat(Value::Date(10), 1);
  Column x = Column::Repeat(Value::Bigint(7), 1);
  std::vector<const Column*> columns = {&id, &ts, &x};
  MP_ASSERT_OK_AND_ASSIGN(SourceRows source, PrepareSource(*program, columns, 1));
  const Column* entity = &id;
  MP_ASSERT_OK_AND_ASSIGN(Batch next_day, EvaluateFeatures(*program, source, {&entity, 1},
                                                           Column::Repeat(Value::Date(11), 1)));
  EXPECT_EQ(next_day.columns[0].ValueAt(0), Value::Bigint(1));
  Micros early = 10 * kMicrosPerDay + 22 * kMicrosPerHour;
  MP_ASSERT_OK_AND_ASSIGN(
      Batch same_day,
      EvaluateFeatures(*program, source, {&entity, 1}, Column::Repeat(Value::Timestamp(early), 1)));
  EXPECT_EQ(same_day.columns[0].ValueAt(0), Value::Bigint(0));
}

TEST(Evaluate, RefusesColumnsOfAnotherType) {
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(SmallView()));
  Column id = Column::Repeat(Value::Varchar("a"), 1);
  Column ts = Column::Repeat(Value::Timestamp(95), 1);
  Column x = Column::Repeat(Value::Double(7), 1);
  std::vector<const Column*> columns = {&id, &ts, &x};
  auto source = PrepareSource(*program, columns, 1);
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_THAT(source.error().message(), HasSubstr("column x"));
}

}  // namespace
}  // namespace millpond::kernel
