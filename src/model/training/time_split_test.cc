#include "model/training/time_split.h"

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Micros kDay = kMicrosPerDay;

ModelDefinition Definition() {
  ModelDefinition definition;
  definition.file = "models/m.yml";
  definition.split.parts[0] = {.moments = {0, 10 * kDay}};
  definition.split.parts[1] = {.from = 20 * kDay, .to = 30 * kDay};
  definition.split.parts[2] = {.moments = {40 * kDay}};
  return definition;
}

struct Row {
  Micros t, known;
  bool label;
};

kernel::Batch Labels(const std::vector<Row>& rows) {
  kernel::Batch batch{
      .names = {"as_of", "label", "label_known_at"},
      .columns = {kernel::Column(kernel::kTimestamp), kernel::Column(kernel::kBoolean),
                  kernel::Column(kernel::kTimestamp)},
      .rows = static_cast<int64_t>(rows.size())};
  for (const Row& row : rows) {
    batch.columns[0].Append(kernel::Value::Timestamp(row.t));
    batch.columns[1].Append(kernel::Value::Boolean(row.label));
    batch.columns[2].Append(kernel::Value::Timestamp(row.known));
  }
  return batch;
}

std::vector<Row> GoodRows() {
  return {{0, 5 * kDay, true},           {0, 5 * kDay, false},
          {10 * kDay, 20 * kDay, false}, {15 * kDay, 16 * kDay, true},  // between the parts
          {20 * kDay, 25 * kDay, true},  {29 * kDay, 35 * kDay, false},
          {40 * kDay, 45 * kDay, true},  {40 * kDay, 45 * kDay, false}};
}

TEST(TimeSplitTest, DealsRowsByTheirT) {
  MP_ASSERT_OK_AND_ASSIGN(auto split, SplitByTime(Definition(), Labels(GoodRows()), 99 * kDay));
  EXPECT_THAT(split.rows[0], ElementsAre(0, 1, 2));
  EXPECT_THAT(split.rows[1], ElementsAre(4, 5));
  EXPECT_THAT(split.rows[2], ElementsAre(6, 7));
  EXPECT_EQ(split.counts[0].positives, 1);
  EXPECT_EQ(split.training_cutoff, 20 * kDay);
}

TEST(TimeSplitTest, ALabelKnownTooLateFailsOrIsPurged) {
  auto rows = GoodRows();
  rows.push_back({10 * kDay, 20 * kDay + 1, true});
  auto definition = Definition();
  EXPECT_THAT(SplitByTime(definition, Labels(rows), 99 * kDay),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("1 rows of part 'train' have labels that are known only after "
                                  "part 'calibrate' begins")));
  definition.split.purge = true;
  MP_ASSERT_OK_AND_ASSIGN(auto split, SplitByTime(definition, Labels(rows), 99 * kDay));
  EXPECT_THAT(split.rows[0], ElementsAre(0, 1, 2));
  EXPECT_EQ(split.counts[0].purged, 1);
  definition.split.embargo = kDay;
  MP_ASSERT_OK_AND_ASSIGN(split, SplitByTime(definition, Labels(rows), 99 * kDay));
  EXPECT_EQ(split.counts[0].purged, 2);
}

TEST(TimeSplitTest, WhatIsNotKnownYetWaits) {
  auto rows = GoodRows();
  rows.push_back({40 * kDay, 46 * kDay, true});
  MP_ASSERT_OK_AND_ASSIGN(auto split, SplitByTime(Definition(), Labels(rows), 45 * kDay));
  EXPECT_EQ(split.counts[2].rows, 2);
  EXPECT_EQ(split.counts[2].waiting, 1);
  EXPECT_THAT(SplitByTime(Definition(), Labels(rows), 44 * kDay),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("part 'test' of the split has no rows (3 wait for their label")));
}

TEST(TimeSplitTest, APartOfOneLabelIsRefused) {
  auto rows = GoodRows();
  rows[4].label = false;
  EXPECT_THAT(SplitByTime(Definition(), Labels(rows), 99 * kDay),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("2 rows, all with one label")));
}

}  // namespace
}  // namespace millpond::model
