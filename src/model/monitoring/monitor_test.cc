// Monitors end to end, on the trainer's small project.
#include "model/monitoring/monitor.h"

#include "base/sha256.h"
#include "model/monitoring/drift_section.h"
#include "model/monitoring/monitoring_tables.h"
#include "model/training/trainer_test_project.h"

namespace millpond::model {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MonitorTest : public TrainerTest {
 protected:
  void SetUp() override {
    TrainerTest::SetUp();
    // Until here the clock stands at 2021: all labels are known.
    MP_ASSERT_OK(Train());
    MP_ASSERT_OK_AND_ASSIGN(
        monitor_, ParseMonitorDefinition("period: MONTH\n"
                                         "replay:\n  from: 2020-03-01\n"
                                         "  sql: SELECT DISTINCT customer FROM purchases WHERE ts "
                                         "< :as_of\n"
                                         "minimum_rows: 50\n",
                                         "monitors/stopped.yml"));
    machine_.clock.Set(*ParseTimestamp("2020-08-10"));
  }

  Result<MonitorReport> Run(MonitorOptions options = {}) {
    return RunMonitors(Parts(), {Definition()}, {monitor_}, options);
  }

  int64_t VersionOf(std::string_view table) {
    auto opened = catalog_->OpenTable(*data::ParseTableName(table));
    return opened ? (*opened->Latest())->version() : -1;
  }

  MonitorDefinition monitor_;
};

TEST_F(MonitorTest, PeriodsAreReplayedJudgedAndPending) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Run());
  EXPECT_THAT(report.problems, IsEmpty());
  ASSERT_EQ(report.monitors.size(), 1U);
  const auto& quality = report.monitors[0].quality;
  ASSERT_EQ(quality.size(), 6U);  // March to August
  EXPECT_EQ(quality[0].status, "known");
  EXPECT_TRUE(quality[0].replayed);
  EXPECT_GT(quality[0].labelled_rows, 50);
  EXPECT_LE(quality[0].labelled_rows, quality[0].rows);
  EXPECT_GT(quality[0].average_precision, 0.3);
  EXPECT_LE(quality[0].average_precision_low, quality[0].average_precision);
  EXPECT_GE(quality[0].average_precision_high, quality[0].average_precision);
  EXPECT_EQ(quality[5].status, "label pending");
  EXPECT_EQ(quality[5].label_known_at.at, *ParseTimestamp("2020-08-31"));
  EXPECT_TRUE(std::isnan(quality[5].average_precision));
  // Four features and the answer, in six periods.
  EXPECT_EQ(report.monitors[0].drift.size(), 30U);
}

TEST_F(MonitorTest, RunningAgainChangesNothingUntilLabelsAreKnown) {
  MP_ASSERT_OK(Run());
  const int64_t drift = VersionOf(kDriftTable), quality = VersionOf(kQualityTable);
  MP_ASSERT_OK_AND_ASSIGN(auto again, Run());
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.monitors[0].computed, 0);
  machine_.clock.Set(*ParseTimestamp("2020-08-31T00:00:01Z"));
  MP_ASSERT_OK_AND_ASSIGN(auto later, Run());
  EXPECT_EQ(later.monitors[0].computed, 1);
  EXPECT_EQ(later.monitors[0].quality[5].status, "known");
  EXPECT_EQ(VersionOf(kDriftTable), drift);
  EXPECT_EQ(VersionOf(kQualityTable), quality + 1);
}

TEST_F(MonitorTest, ComputedAgainOnRequestGivesTheSameRows) {
  MP_ASSERT_OK(Run());
  const int64_t drift = VersionOf(kDriftTable);
  MonitorOptions options;
  options.from = *ParseTimestamp("2020-04-01");
  options.to = *ParseTimestamp("2020-06-01");
  MP_ASSERT_OK_AND_ASSIGN(auto report, Run(options));
  EXPECT_EQ(report.monitors[0].computed, 2);
  EXPECT_FALSE(report.changed);
  EXPECT_EQ(VersionOf(kDriftTable), drift);
}

// Killed between two tables: drift is there, quality is not.
TEST_F(MonitorTest, ARunThatWasCutOffIsFinished) {
  MP_ASSERT_OK_AND_ASSIGN(auto whole, Run());
  MP_ASSERT_OK(catalog_->DropTable(*data::ParseTableName(kQualityTable)));
  const int64_t drift = VersionOf(kDriftTable);
  MP_ASSERT_OK_AND_ASSIGN(auto rest, Run());
  EXPECT_EQ(rest.monitors[0].quality.size(), whole.monitors[0].quality.size());
  EXPECT_EQ(rest.monitors[0].quality[1].average_precision,
            whole.monitors[0].quality[1].average_precision);
  EXPECT_EQ(VersionOf(kDriftTable), drift);
}

// Amounts that arrive in another unit: the source is named, the other features are not.
TEST_F(MonitorTest, AFeatureWhoseSourceBrokeIsNamed) {
  Sql("INSERT INTO purchases SELECT customer, ts + INTERVAL 90 DAYS, amount * 100 FROM purchases "
      "WHERE ts >= TIMESTAMP '2020-02-10' AND ts < TIMESTAMP '2020-03-30' AND amount < 10000");
  MP_ASSERT_OK_AND_ASSIGN(auto report, Run());
  EXPECT_THAT(report.problems, IsEmpty());
  std::vector<std::string> changed;
  for (const auto& alert : report.fresh) {
    if (alert.cause == "feature_changed") changed.push_back(alert.object);
    if (alert.object == "amount_30d") {
      EXPECT_EQ(alert.command, "millpond sql \"DESCRIBE HISTORY main.default.purchases\"");
    }
  }
  EXPECT_THAT(changed, Contains("amount_30d"));
}

TEST_F(MonitorTest, WhatCannotBeWatchedIsAProblemOfItsMonitorAlone) {
  MonitorDefinition wrong = monitor_;
  wrong.name = "wrong";
  wrong.features = {"recency_day"};
  wrong.file = "monitors/wrong.yml";
  MP_ASSERT_OK_AND_ASSIGN(auto report, RunMonitors(Parts(), {Definition()}, {wrong, monitor_}));
  EXPECT_THAT(report.problems, ElementsAre(AllOf(HasSubstr("monitor wrong"),
                                                 HasSubstr("did you mean 'recency_days'?"))));
  EXPECT_EQ(report.monitors.size(), 1U);
}

TEST_F(MonitorTest, CohortsMayUseAttributesOfTheEntity) {
  MP_ASSERT_OK_AND_ASSIGN(
      monitor_, ParseMonitorDefinition(
                    "period: MONTH\n"
                    "cohort:\n  by: datediff('month', since, as_of)\n"
                    "  sql: SELECT customer, min(ts) AS since FROM purchases GROUP BY customer\n"
                    "replay:\n  from: 2020-03-01\n"
                    "  sql: SELECT DISTINCT customer FROM purchases WHERE ts < :as_of\n",
                    "monitors/stopped.yml"));
  MP_ASSERT_OK_AND_ASSIGN(auto report, Run());
  EXPECT_THAT(report.problems, IsEmpty());
  const auto& drift = report.monitors[0].drift;
  ASSERT_FALSE(drift.empty());
  EXPECT_GT(drift.front().matched_share, 0.9);  // March is of the training set
  EXPECT_LT(drift.back().matched_share, 0.5);   // August has older customers
  monitor_.cohort.by = "no_such_column";
  monitor_.file = "monitors/stopped.yml";
  MP_ASSERT_OK_AND_ASSIGN(auto failed, Run());
  EXPECT_THAT(failed.problems, ElementsAre(HasSubstr("no_such_column")));
}

// Answers of an endpoint have a T of their own; the label of the day's begin judges them.
TEST_F(MonitorTest, AnswersOfAnEndpointAreAPopulationOfTheirOwn) {
  Sql("CREATE TABLE stopped_inference AS SELECT customer, as_of + INTERVAL 5 HOURS AS as_of, "
      "recency_days, purchases_30d, amount_30d, purchases, random() AS margin, 0.5::DOUBLE AS "
      "probability, 'stopped' AS model, 1::BIGINT AS model_version, 41::BIGINT AS feature_age_us "
      "FROM stopped_training_set WHERE split = 'test'");
  Sql("INSERT INTO stopped_inference SELECT customer, as_of, NULL, NULL, NULL, NULL, margin, "
      "probability, 'another', 1, NULL FROM stopped_inference");
  monitor_.replay_from = std::nullopt;
  MP_ASSERT_OK_AND_ASSIGN(auto report, Run());
  EXPECT_THAT(report.problems, IsEmpty());
  const auto& quality = report.monitors[0].quality;
  ASSERT_EQ(quality.size(), 1U);
  EXPECT_EQ(quality[0].population, "endpoint");
  EXPECT_EQ(quality[0].status, "known");
  EXPECT_GT(quality[0].rows, 50);
  EXPECT_EQ(quality[0].labelled_rows, quality[0].rows);
  EXPECT_EQ(report.monitors[0].drift.size(), 5U);
  EXPECT_EQ(report.monitors[0].drift[0].rows, quality[0].rows);
  Sql("INSERT INTO stopped_inference SELECT * FROM stopped_inference WHERE model = 'stopped' LIMIT "
      "1");
  MP_ASSERT_OK_AND_ASSIGN(auto more, Run());
  EXPECT_EQ(more.monitors[0].computed, 1);
}

TEST_F(MonitorTest, TheSectionShowsPeriods) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Run());
  EXPECT_TRUE(report.changed);
  EXPECT_THAT(SummaryOf(report), HasSubstr("6 periods computed"));
  Page page("p", "");
  MP_ASSERT_OK_AND_ASSIGN(auto facts, ReadMonitoringFacts(*catalog_));
  DriftSection(page, facts);
  EXPECT_THAT(page.Render(), AllOf(HasSubstr("Drift against the training set"),
                                   HasSubstr("pending until 2020-08-31")));
  Page empty("p", "");
  DriftSection(empty, {});
  EXPECT_THAT(empty.Render(), HasSubstr("Nothing is watched yet"));
}

}  // namespace
}  // namespace millpond::model
