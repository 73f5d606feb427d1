#include "platform/features/training_set.h"

#include <arrow/type.h>

#include "base/json.h"
#include "platform/features/features_test_project.h"

namespace millpond::platform {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

const auto kTime = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
const auto kOrders =
    arrow::schema({arrow::field("customer", arrow::int64()), arrow::field("ts", kTime),
                   arrow::field("dollars", arrow::decimal128(10, 2))});
const auto kLabels =
    arrow::schema({arrow::field("name", arrow::utf8()), arrow::field("customer", arrow::int32()),
                   arrow::field("ts", kTime)});

// Times are small numbers of seconds.
std::string Order(int customer, int64_t second, const std::string& dollars) {
  return fmt::format(R"({{"customer": {}, "ts": {}, "dollars": "{}"}})", customer,
                     second * kMicrosPerSecond, dollars);
}

class TrainingSetTest : public FeaturesTest {
 protected:
  void SetUp() override {
    FeaturesTest::SetUp();
    Append("orders", kOrders,
           "[" + Order(1, 100, "1.00") + "," + Order(1, 200, "2.00") + "," +
               Order(2, 150, "10.00") + "]");
    Define("v", "orders");
  }
  void Define(const std::string& name, const std::string& table, const std::string& prefix = "") {
    MP_ASSERT_OK(Create(fmt::format(
        "CREATE FEATURE VIEW {} ENTITY (customer) TIMESTAMP ts KNOWN AT ts + INTERVAL 10 SECONDS "
        "SETTLE 1 SECOND AS SELECT count(*) OVER life AS {}n, sum(dollars) OVER m AS {}spent FROM "
        "{} WINDOW life AS (RANGE UNBOUNDED PRECEDING), m AS (RANGE INTERVAL 100 SECONDS "
        "PRECEDING)",
        name, prefix, prefix, table)));
  }
  static std::shared_ptr<arrow::RecordBatch> Labels(
      const std::vector<std::pair<std::string, int64_t>>& labels) {
    std::string json = "[";
    for (size_t i = 0; i < labels.size(); ++i) {
      json += fmt::format(R"({}{{"name": "l{}", "customer": {}, "ts": {}}})", i == 0 ? "" : ",", i,
                          labels[i].first, labels[i].second * kMicrosPerSecond);
    }
    return Rows(kLabels, json + "]");
  }
};

TEST_F(TrainingSetTest, KeepsEveryLabelAndItsOrder) {
  const auto labels = Labels({{"2", 500},
                              {"1", 211},
                              {"1", 210},
                              {"1", 211},
                              {"9", 500},
                              {"null", 500},
                              {"1", 301},
                              {"1", 300}});
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(labels, {"v"}));
  EXPECT_EQ(Text(set, "name"), "[l0,l1,l2,l3,l4,l5,l6,l7]");
  // The row of second 200 is known from 210, and seen from 211 on (settle).
  EXPECT_EQ(Text(set, "n"), "[1,2,1,2,0,0,2,2]");
  EXPECT_EQ(Text(set, "spent"), "[null,2.00,null,2.00,null,null,null,2.00]");
  EXPECT_THAT(set.feature_columns, ElementsAre("n", "spent"));
  EXPECT_EQ(set.record.label_rows, 8);
  ASSERT_EQ(set.record.views.size(), 1u);
  EXPECT_EQ(set.record.views[0].source_rows, 3);
  EXPECT_EQ(set.record.views[0].table_version, 1);
}

TEST_F(TrainingSetTest, NoLabelsGiveNoRows) {
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(Labels({}), {"v"}));
  EXPECT_EQ(set.rows->num_rows(), 0);
  EXPECT_EQ(set.rows->num_columns(), 5);
}

TEST_F(TrainingSetTest, SeveralViewsStandSideBySide) {
  Define("w", "orders", "w_");
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(Labels({{"1", 300}}), {"v", "w"}));
  EXPECT_THAT(set.feature_columns, ElementsAre("n", "spent", "w_n", "w_spent"));
  EXPECT_THAT(Train(Labels({{"1", 300}}), {"v", "v"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("feature n of view v")));
}

TEST_F(TrainingSetTest, ReadsPinnedVersions) {
  Append("orders", kOrders, "[" + Order(1, 250, "4.00") + "]");
  TrainingOptions options;
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet now, Train(Labels({{"1", 300}}), {"v"}));
  EXPECT_EQ(Text(now, "spent"), "[6.00]");
  options.versions["orders"] = 1;
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet then, Train(Labels({{"1", 300}}), {"v"}, options));
  EXPECT_EQ(Text(then, "spent"), "[2.00]");
  EXPECT_EQ(then.record.views[0].table_version, 1);
}

TEST_F(TrainingSetTest, NamesOfLabelColumnsMayDiffer) {
  const auto schema =
      arrow::schema({arrow::field("who", arrow::int64()), arrow::field("day", arrow::date32())});
  const auto labels = Rows(schema, R"([{"who": 1, "day": 1}])");
  EXPECT_THAT(Train(labels, {"v"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column customer")));
  TrainingOptions options;
  options.time_column = "day";
  options.entity_columns["customer"] = "who";
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(labels, {"v"}, options));
  EXPECT_EQ(Text(set, "n"), "[2]");
}

TEST_F(TrainingSetTest, RefusesTypesThatCannotMatch) {
  const auto schema =
      arrow::schema({arrow::field("customer", arrow::utf8()), arrow::field("ts", kTime)});
  EXPECT_THAT(Train(Rows(schema, R"([{"customer": "1", "ts": 1}])"), {"v"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("cast it in the labels")));
  const auto text_time =
      arrow::schema({arrow::field("customer", arrow::int64()), arrow::field("ts", arrow::utf8())});
  EXPECT_THAT(Train(Rows(text_time, R"([{"customer": 1, "ts": "x"}])"), {"v"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("T must be a TIMESTAMP")));
}

// After the live version a row is known no earlier than its commit; before it, from its claim.
TEST_F(TrainingSetTest, RowsCommittedAfterTheLiveVersionAreKnownFromTheirCommit) {
  machine_.clock.Set(1000 * kMicrosPerSecond);
  MP_ASSERT_OK(store_->Deploy("v"));
  machine_.clock.Set(2000 * kMicrosPerSecond);
  Append("orders", kOrders, "[" + Order(1, 250, "4.00") + "," + Order(1, 1995, "8.00") + "]");
  const auto labels = Labels({{"1", 300}, {"1", 2000}, {"1", 2001}, {"1", 2006}});
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(labels, {"v"}));
  EXPECT_EQ(Text(set, "n"), "[2,2,3,4]");
  EXPECT_TRUE(set.record.views[0].live.has_value());
  // Another view over the same table is not live: there the claim holds.
  Define("other", "orders");
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet other, Train(labels, {"other"}));
  EXPECT_EQ(Text(other, "n"), "[3,3,3,4]");
}

TEST_F(TrainingSetTest, AfterTheLiveVersionASourceMustOnlyGrow) {
  MP_ASSERT_OK(store_->Deploy("v"));
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable({.table = "orders"}));
  auto rows = Reader(Rows(kOrders, "[" + Order(1, 5, "1.00") + "]"));
  data::WriteOptions overwrite;
  overwrite.mode = data::WriteMode::kOverwrite;
  MP_ASSERT_OK(data::WriteTable(table, *rows, overwrite));
  EXPECT_THAT(Train(Labels({{"1", 300}}), {"v"}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("must be append-only")));
}

std::string ManyOrders(int first, int count) {
  std::string json = "[";
  for (int i = first; i < first + count; ++i) {
    json +=
        (i == first ? "" : ",") + Order(i % 37, 100 + i * 7 % 900, fmt::format("{}.25", i % 11));
  }
  return json + "]";
}

// Threads, memory and the way the data arrived do not show.
TEST_F(TrainingSetTest, DependsOnNothingButDataAndLabels) {
  Append("whole", kOrders, ManyOrders(0, 3000));
  for (int i = 0; i < 30; ++i) Append("parts", kOrders, ManyOrders((29 - i) * 100, 100));
  Define("whole_view", "whole");
  Define("parts_view", "parts");
  std::vector<std::pair<std::string, int64_t>> pairs;
  for (int i = 0; i < 500; ++i) pairs.emplace_back(std::to_string(i % 40), 90 + i * 13 % 1000);
  const auto labels = Labels(pairs);
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet expected, Train(labels, {"whole_view"}));
  EXPECT_EQ(expected.record.views[0].passes, 1);
  for (const char* view : {"whole_view", "parts_view"}) {
    for (int threads : {1, 2, 4}) {
      for (int64_t at_once : {0, 1500, 300}) {
        TrainingOptions options;
        options.threads = threads;
        options.max_source_rows = at_once;
        MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(labels, {view}, options));
        EXPECT_TRUE(set.rows->Equals(*expected.rows)) << view << " " << threads << " " << at_once;
        EXPECT_EQ(set.record.views[0].passes > 1, at_once > 0);
      }
    }
  }
}

TEST_F(TrainingSetTest, RefusesWhatFitsInNoPass) {
  Append("whole", kOrders, ManyOrders(0, 3000));
  Define("whole_view", "whole");
  TrainingOptions options;
  options.max_source_rows = 10;  // one entity has more
  EXPECT_THAT(Train(Labels({{"1", 300}}), {"whole_view"}, options),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("raise the memory limit")));
}

// The arbiter, not the data, says how much is held at once.
TEST_F(TrainingSetTest, WorksInPassesWhenMemoryIsShort) {
  Append("whole", kOrders, ManyOrders(0, 20'000));
  Define("whole_view", "whole");
  std::vector<std::pair<std::string, int64_t>> pairs;
  for (int i = 0; i < 100; ++i) pairs.emplace_back(std::to_string(i % 40), 90 + i * 13 % 1000);
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet expected, Train(Labels(pairs), {"whole_view"}));
  Arbiter& arbiter = machine_.arbiter;
  // Take what there is, by halves, then give one MiB back.
  MP_ASSERT_OK_AND_ASSIGN(auto others, arbiter.Reserve(ResourceClass::kBatch, 0, "others"));
  for (int64_t step = arbiter.memory_bytes(); step > 0; step /= 2) {
    while (others.Resize(others.bytes() + step)) {
    }
  }
  MP_ASSERT_OK(others.Resize(others.bytes() - (1 << 20)));
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(Labels(pairs), {"whole_view"}));
  EXPECT_GT(set.record.views[0].passes, 1);
  EXPECT_TRUE(set.rows->Equals(*expected.rows));
  MP_ASSERT_OK(others.Resize(others.bytes() + (1 << 20)));
  EXPECT_THAT(Train(Labels(pairs), {"whole_view"}),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("raise the memory limit")));
}

TEST_F(TrainingSetTest, RefusesASourceWhoseColumnsChangedTheMeaning) {
  const auto wider = arrow::schema(
      {kOrders->field(0), kOrders->field(1), kOrders->field(2), arrow::field("n", arrow::int64())});
  MP_ASSERT_OK(
      Create("CREATE FEATURE VIEW twice ENTITY (customer) TIMESTAMP ts AS SELECT count(*) "
             "OVER w AS n, n * 2 AS twice_n FROM orders WINDOW w AS (RANGE INTERVAL 1 DAY "
             "PRECEDING)"));
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable({.table = "orders"}));
  auto rows = Reader(Rows(wider, "[]"));
  data::WriteOptions overwrite;
  overwrite.mode = data::WriteMode::kOverwrite;
  MP_ASSERT_OK_AND_ASSIGN(overwrite.overwrite_schema, data::Schema::FromArrow(*wider));
  MP_ASSERT_OK(data::WriteTable(table, *rows, overwrite));
  MP_EXPECT_OK(Train(Labels({{"1", 300}}), {"v"}));
  EXPECT_THAT(Train(Labels({{"1", 300}}), {"twice"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("feature view twice")));
}

TEST_F(TrainingSetTest, MemoryIsGivenBack) {
  MP_ASSERT_OK(Train(Labels({{"1", 300}}), {"v"}));
  EXPECT_EQ(machine_.arbiter.reserved_bytes(ResourceClass::kBatch), 0);
}

TEST_F(TrainingSetTest, ATruncatedSourceGivesTheSameValues) {
  Append("orders", kOrders, ManyOrders(0, 500));
  std::vector<std::pair<std::string, int64_t>> pairs;
  for (int i = 0; i < 200; ++i) pairs.emplace_back(std::to_string(i % 37), 100 + i % 20 * 45);
  auto labels = Reader(Labels(pairs));
  MP_ASSERT_OK_AND_ASSIGN(LeakReport report, store_->CheckForLeaks(*labels, {"v"}, {}, 8));
  EXPECT_EQ(report.moments, 8);
  EXPECT_GT(report.rows, 50);
  EXPECT_EQ(report.differing_rows, 0) << report.first;
  // The check can fail: a source cut too early does change values.
  TrainingOptions early;
  early.truncate_source_at = 100 * kMicrosPerSecond;
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet cut, Train(Labels({{"1", 300}}), {"v"}, early));
  EXPECT_EQ(Text(cut, "n"), "[0]");
}

TEST_F(TrainingSetTest, RecordsWhatItWasMadeOf) {
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, Train(Labels({{"1", 300}}), {"v"}));
  const Json record = set.record.ToJson();
  EXPECT_EQ(record["label_rows"], 1);
  EXPECT_EQ(record["views"][0]["view"], "v");
  EXPECT_EQ(record["views"][0]["table_version"], 1);
  EXPECT_EQ(record["views"][0]["features"].size(), 2u);
  EXPECT_TRUE(record["views"][0]["live_version"].is_null());
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet again, Train(Labels({{"1", 300}}), {"v"}));
  EXPECT_EQ(again.record.ToJson(), record);
}

TEST_F(TrainingSetTest, ReadsLabelsFromFilesAndTables) {
  const std::string csv = dir_ / "labels.csv";
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(
      csv, "customer,ts,note\n1,1970-01-01T00:05:00Z,\"a, b\"\n2,1970-01-01 00:05:00,\n"));
  MP_ASSERT_OK_AND_ASSIGN(auto from_csv, store_->OpenLabels(csv, {"v"}));
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet set, store_->TrainingSetFor(*from_csv, {"v"}));
  EXPECT_EQ(Text(set, "n"), "[2,1]");
  EXPECT_EQ(Text(set, "note"), "[a, b,null]");

  // What no view names is passed through letter by letter.
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(
      csv,
      "code,customer,price,ts,id,day,empty\n007,1,1.10,1970-01-01T00:05:00Z,12345678901234567890,"
      "2020-01-01,\n\"\",1,-0,1970-01-01,1e3,true,\n"));
  MP_ASSERT_OK_AND_ASSIGN(from_csv, store_->OpenLabels(csv, {"v"}));
  MP_ASSERT_OK_AND_ASSIGN(set, store_->TrainingSetFor(*from_csv, {"v"}));
  EXPECT_EQ(Text(set, "code"), "[007,]");
  EXPECT_EQ(Text(set, "price"), "[1.10,-0]");
  EXPECT_EQ(Text(set, "id"), "[12345678901234567890,1e3]");
  EXPECT_EQ(Text(set, "day"), "[2020-01-01,true]");
  EXPECT_EQ(Text(set, "empty"), "[null,null]");

  Append("labels", kLabels, R"([{"name": "x", "customer": 1, "ts": 300000000}])");
  MP_ASSERT_OK_AND_ASSIGN(auto from_table, store_->OpenLabels("labels", {"v"}));
  MP_ASSERT_OK_AND_ASSIGN(TrainingSet table_set, store_->TrainingSetFor(*from_table, {"v"}));
  EXPECT_EQ(Text(table_set, "n"), "[2]");

  EXPECT_THAT(store_->OpenLabels(dir_ / "none.csv", {"v"}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("none.csv")));
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(csv, "customer,ts\n1,yesterday\n"));
  MP_ASSERT_OK_AND_ASSIGN(auto bad, store_->OpenLabels(csv, {"v"}));
  EXPECT_THAT(store_->TrainingSetFor(*bad, {"v"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("labels.csv, row 2, column ts")));
  MP_ASSERT_OK(machine_.env.fs.ReplaceFile(csv, "customer,ts\n1,1970-01-01\nx,1970-01-01\n"));
  auto wrong = store_->OpenLabels(csv, {"v"});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().ToString(), HasSubstr("labels.csv"));
  EXPECT_THAT(wrong.error().ToString(), HasSubstr("Row #3"));
}

}  // namespace
}  // namespace millpond::platform
