#include <limits>

#include "platform/tracking/tracking_test_fixture.h"

namespace millpond::platform {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class RunSearchTest : public TrackingFixture {
 protected:
  // Runs a, b, c, d; a started first.
  void SetUp() override {
    TrackingFixture::SetUp();
    a_ = NewRun({{"loss", 0.1, 0, 1}, {"auc", 0.9, 0, 1}}, {{"lr", "0.1"}, {"kind", "tree"}},
                {{"team", "blue"}, {"mlflow.runName", "first"}}, 1000);
    b_ = NewRun({{"loss", 0.2, 0, 1}}, {{"lr", "0.01"}, {"kind", "Tree"}}, {{"team", "red"}}, 2000);
    c_ = NewRun({{"loss", kNan, 0, 1}}, {{"lr", "0.1"}}, {}, 3000);
    d_ = NewRun({}, {{"kind", "linear*[x"}}, {{"team", "blue"}}, 4000);
    MP_ASSERT_OK(store_->UpdateRun(a_, RunStatus::kFinished, 9000));
  }

  std::vector<std::string> Find(const std::string& filter,
                                const std::vector<std::string>& order_by = {}) {
    auto page = store_->SearchRuns({"0"}, {.filter = filter, .order_by = order_by});
    EXPECT_THAT(page, millpond::testing::IsOk());
    std::vector<std::string> ids;
    if (!page) return ids;
    for (const auto& run : page->items) ids.push_back(run.info.run_id);
    return ids;
  }

  std::string a_, b_, c_, d_;
};

TEST_F(RunSearchTest, FindsByMetricsParamsTagsAndAttributes) {
  EXPECT_THAT(Find(""), ElementsAre(d_, c_, b_, a_));
  EXPECT_THAT(Find("metrics.loss > 0.1"), ElementsAre(b_));
  EXPECT_THAT(Find("metrics.loss <= 0.2 AND metrics.auc = 0.9"), ElementsAre(a_));
  EXPECT_THAT(Find("metrics.loss != 0.1"), ElementsAre(c_, b_));  // NaN is not 0.1
  EXPECT_THAT(Find("metrics.loss < 5"), ElementsAre(b_, a_));
  EXPECT_THAT(Find("params.lr = '0.1'"), ElementsAre(c_, a_));
  EXPECT_THAT(Find("params.lr != '0.1'"), ElementsAre(b_));
  EXPECT_THAT(Find("params.kind LIKE '%ree'"), ElementsAre(b_, a_));
  EXPECT_THAT(Find("params.kind LIKE 't___'"), ElementsAre(a_));
  EXPECT_THAT(Find("params.kind ILIKE 'T%'"), ElementsAre(b_, a_));
  EXPECT_THAT(Find("params.kind LIKE '%*[_'"), ElementsAre(d_));
  EXPECT_THAT(Find("tags.team = 'blue'"), ElementsAre(d_, a_));
  EXPECT_THAT(Find("tags.team IS NULL"), ElementsAre(c_));
  EXPECT_THAT(Find("params.kind IS NOT NULL AND tags.team = 'red'"), ElementsAre(b_));
  EXPECT_THAT(Find("status = 'FINISHED'"), ElementsAre(a_));
  EXPECT_THAT(Find("start_time >= 2000 AND attributes.start_time < 4000"), ElementsAre(c_, b_));
  EXPECT_THAT(Find("end_time = 9000"), ElementsAre(a_));
  EXPECT_THAT(Find("run_name = 'first'"), ElementsAre(a_));
  EXPECT_THAT(Find("run_id IN ('" + a_ + "', '" + c_ + "', 'no')"), ElementsAre(c_, a_));
  EXPECT_THAT(Find("attribute.run_id NOT IN ('" + a_ + "')"), ElementsAre(d_, c_, b_));
}

TEST_F(RunSearchTest, AQuoteInAValueIsPartOfTheValue) {
  MP_ASSERT_OK(store_->SetTag(a_, {"note", "it's'; DROP TABLE tracking_runs; --"}));
  EXPECT_THAT(Find("tags.note = 'it''s''; DROP TABLE tracking_runs; --'"), ElementsAre(a_));
  EXPECT_THAT(Find("tags.`x') OR 1=1 --` = 'y'"), IsEmpty());
  EXPECT_THAT(Find(""), SizeIs(4));
}

TEST_F(RunSearchTest, OrdersWithMissingValuesLast) {
  EXPECT_THAT(Find("", {"metrics.loss"}), ElementsAre(a_, b_, c_, d_));
  EXPECT_THAT(Find("", {"metrics.loss DESC"}), ElementsAre(b_, a_, c_, d_));
  EXPECT_THAT(Find("", {"params.lr ASC", "start_time DESC"}), ElementsAre(b_, c_, a_, d_));
  EXPECT_THAT(Find("", {"tags.team DESC"}), ElementsAre(b_, d_, a_, c_));
  EXPECT_THAT(Find("", {"attributes.start_time ASC"}), ElementsAre(a_, b_, c_, d_));
  EXPECT_THAT(Find("", {"end_time DESC"}), ElementsAre(a_, d_, c_, b_));
}

TEST_F(RunSearchTest, FindsByDataset) {
  MP_ASSERT_OK(store_->LogInputs(b_, {{.name = "orders",
                                       .digest = "v3",
                                       .source_type = "delta",
                                       .source = "{}",
                                       .context = "training",
                                       .tags = {{"owner", "ada"}}}}));
  EXPECT_THAT(Find("dataset.name = 'orders' AND datasets.digest LIKE 'v%'"), ElementsAre(b_));
  EXPECT_THAT(Find("dataset.context IN ('training')"), ElementsAre(b_));
  EXPECT_THAT(Find("dataset.context = 'eval'"), IsEmpty());
  MP_ASSERT_OK_AND_ASSIGN(auto run, store_->GetRun(b_));
  ASSERT_THAT(run.inputs, SizeIs(1));
  EXPECT_THAT(run.inputs[0].tags, ElementsAre(Tag{"owner", "ada"}));
}

TEST_F(RunSearchTest, PagesWithoutGapsAndViewsDeletedOnes) {
  std::vector<std::string> found;
  std::string token;
  do {
    MP_ASSERT_OK_AND_ASSIGN(
        auto page, store_->SearchRuns(
                       {"0"}, {.order_by = {"tags.team"}, .max_results = 1, .page_token = token}));
    for (const auto& run : page.items) found.push_back(run.info.run_id);
    token = page.next_page_token;
  } while (!token.empty());
  EXPECT_THAT(found, ElementsAre(d_, a_, b_, c_));
  MP_ASSERT_OK(store_->DeleteRun(b_));
  EXPECT_THAT(Find(""), SizeIs(3));
  EXPECT_THAT(store_->SearchRuns({"0"}, {.view = ViewType::kDeletedOnly})->items, SizeIs(1));
  EXPECT_THAT(store_->SearchRuns({"0"}, {.view = ViewType::kAll})->items, SizeIs(4));
  EXPECT_THAT(store_->SearchRuns({}, {})->items, IsEmpty());
  EXPECT_THAT(store_->SearchRuns({"0", "7"}, {.order_by = {"start_time"}})->items, SizeIs(3));
}

TEST_F(RunSearchTest, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"metrics.loss = 'x'", "Expected numeric value type for metric. Found 'x'"},
      {"metrics.loss LIKE 'x'", "Invalid comparator 'LIKE' not one of"},
      {"metrics.loss IS NULL", "only supported for tags and params"},
      {"params.lr = 5", "Expected a quoted string value for parameter (e.g. 'my-value')"},
      {"params.lr > '5'", "Invalid comparator '>' not one of"},
      {"tags.team IN ('a')", "Invalid comparator 'IN'"},
      {"colour = 'x'", "Invalid attribute key 'colour' specified. Valid keys are"},
      {"start_time = 'x'", "Expected numeric value type for numeric attribute: start_time"},
      {"status IN ('FINISHED')", "support comparison with a list"},
      {"status = 5", "Expected a quoted string value for attributes. Got value 5"},
      {"dataset.size = 'x'", "Invalid dataset key 'size' specified"},
      {"metrics.a = 1 AND metrics.b = 'x'", "(in the clause at character 19)"},
  };
  for (const auto& [filter, message] : cases) {
    EXPECT_THAT(store_->SearchRuns({"0"}, {.filter = filter}),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr(message)))
        << filter;
  }
  EXPECT_THAT(store_->SearchRuns({"0"}, {.order_by = {"metrics.a", "metric.a DESC"}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("duplicate fields")));
  EXPECT_THAT(store_->SearchRuns({"0"}, {.order_by = {"dataset.name"}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid order_by entity")));
  EXPECT_THAT(store_->SearchRuns({"zero"}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid experiment ID 'zero'")));
  for (const char* token : {"x", "!!!!", "e30=", "eyJvZmZzZXQiOiAtMX0="}) {
    EXPECT_THAT(store_->SearchRuns({"0"}, {.page_token = token}),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid page token")))
        << token;
  }
}

TEST_F(RunSearchTest, ExperimentsAreSearchedToo) {
  MP_ASSERT_OK(store_->CreateExperiment("churn", {{"team", "blue"}}));
  MP_ASSERT_OK(store_->CreateExperiment("flights", {}, "s3://bucket/flights"));
  const auto names = [&](const std::string& filter, const std::vector<std::string>& order = {}) {
    std::vector<std::string> found;
    auto page = store_->SearchExperiments({.filter = filter, .order_by = order});
    EXPECT_THAT(page, millpond::testing::IsOk());
    for (const auto& each : page->items) found.push_back(each.name);
    return found;
  };
  EXPECT_THAT(names("name LIKE 'f%'"), ElementsAre("flights"));
  EXPECT_THAT(names("tags.team = 'blue'"), ElementsAre("churn"));
  EXPECT_THAT(names("tags.team IS NULL"), UnorderedElementsAre("Default", "flights"));
  EXPECT_THAT(names("experiment_id IN ('1', '2')", {"name DESC"}), ElementsAre("flights", "churn"));
  EXPECT_THAT(names("creation_time > 0", {"experiment_id"}),
              ElementsAre("Default", "churn", "flights"));
  EXPECT_THAT(store_->SearchExperiments({.filter = "experiment_id = 'x'"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("numeric value")));
  EXPECT_THAT(store_->SearchExperiments({.filter = "metrics.a = 1"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Invalid entity type 'metric'")));
}

TEST_F(RunSearchTest, MetricsHistoriesAreDrawnFrom) {
  std::vector<Metric> points;
  for (int64_t i = 0; i < 500; ++i) points.push_back({"curve", double(i), i, 1000 - i});
  MP_ASSERT_OK(store_->LogBatch(a_, points, {}, {}));
  MP_ASSERT_OK(store_->LogBatch(a_, points, {}, {}));  // repeated points are no new points
  MP_ASSERT_OK_AND_ASSIGN(auto all, store_->MetricHistory(a_, "curve"));
  ASSERT_THAT(all, SizeIs(500));
  EXPECT_EQ(all.front().step, 499);  // by timestamp
  MP_ASSERT_OK_AND_ASSIGN(auto page, store_->MetricHistoryPage(a_, "curve", 300, ""));
  MP_ASSERT_OK_AND_ASSIGN(page, store_->MetricHistoryPage(a_, "curve", 300, page.next_page_token));
  EXPECT_THAT(page.items, SizeIs(200));
  EXPECT_EQ(page.next_page_token, "");
  for (const int64_t most : {1, 2, 7, 499, 500, 1000}) {
    MP_ASSERT_OK_AND_ASSIGN(auto sample, store_->SampleMetric({a_, b_}, "curve", {}, most));
    EXPECT_THAT(sample, SizeIs(std::min<int64_t>(most, 500)));
    EXPECT_EQ(sample.back().step, 499);
    EXPECT_EQ(sample.front().step, most > 1 ? 0 : 499);
  }
  MP_ASSERT_OK_AND_ASSIGN(auto range, store_->SampleMetric({a_}, "curve", {{10, 12}}, 100));
  EXPECT_THAT(range, SizeIs(3));
  MP_ASSERT_OK_AND_ASSIGN(auto several, store_->MetricOfRuns({b_, a_}, "loss", 10));
  EXPECT_THAT(several, SizeIs(2));
}

}  // namespace
}  // namespace millpond::platform
