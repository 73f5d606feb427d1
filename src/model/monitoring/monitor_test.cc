// Monitors end to end, on the trainer's small project.
#include "model/monitoring/monitor.h"

#include "base/sha256.h"
#include "model/monitoring/drift_section.h"
#include "model/monitoring/monitored_labels.h"
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

// What was computed by day has no part in what is judged by month, nor has a feature that is no
// longer watched.
TEST_F(MonitorTest, RowsOfAnEarlierDefinitionAreNotJudged) {
  monitor_.period = PeriodKind::kDay;
  monitor_.replay_from = *ParseTimestamp("2020-07-30");
  MP_ASSERT_OK_AND_ASSIGN(auto days, Run());
  EXPECT_EQ(days.monitors[0].quality.size(), 12U);  // 30 July to 10 August
  monitor_.period = PeriodKind::kMonth;
  monitor_.features = {"purchases"};
  MP_ASSERT_OK_AND_ASSIGN(auto months, Run());
  ASSERT_EQ(months.monitors[0].quality.size(), 1U);
  EXPECT_EQ(months.monitors[0].quality[0].period_end.at, *ParseTimestamp("2020-09-01"));
  EXPECT_EQ(months.monitors[0].drift.size(), 2U);  // purchases and the answer
}

// At five past midnight the last day's purchases are not there yet: who made them counts as stopped
// until they come.
TEST_F(MonitorTest, LabelsThatComeLateAreJudgedAgain) {
  Sql("CREATE TABLE late AS SELECT * FROM purchases WHERE ts >= TIMESTAMP '2020-07-15'");
  Sql("CREATE OR REPLACE TABLE purchases AS SELECT * FROM purchases WHERE ts < TIMESTAMP "
      "'2020-07-15'");
  MP_ASSERT_OK_AND_ASSIGN(auto before, Run());
  const QualityRow early = before.monitors[0].quality[4];  // July, known on 31 July
  ASSERT_EQ(early.status, "known");
  const int64_t drift = VersionOf(kDriftTable);
  Sql("INSERT INTO purchases SELECT * FROM late");
  MP_ASSERT_OK_AND_ASSIGN(auto after, Run());
  // July and June, known on 1 July; May's have been known for more than a horizon and a period.
  EXPECT_EQ(after.monitors[0].computed, 2);
  EXPECT_LT(after.monitors[0].quality[4].prevalence, early.prevalence);
  EXPECT_EQ(VersionOf(kDriftTable), drift);
  MP_ASSERT_OK_AND_ASSIGN(auto again, Run());
  EXPECT_EQ(again.monitors[0].computed, 0);
  EXPECT_FALSE(again.changed);
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

// A scoring as `millpond run` leaves it: a version of each of both tables.
class AddedFeatureTest : public MonitorTest {
 protected:
  void SetUp() override {
    MonitorTest::SetUp();
    monitor_.replay_from = std::nullopt;
    Sql("CREATE FEATURE VIEW spending ENTITY (customer) TIMESTAMP ts AS SELECT max(amount) OVER "
        "life AS amount_max FROM purchases WINDOW life AS (RANGE UNBOUNDED PRECEDING)");
    second_ = With("views: [{name: buying}]", "views: [{name: buying}, {name: spending}]");
    machine_.clock.Set(*ParseTimestamp("2021-01-01"));
    MP_ASSERT_OK(Train(second_));
    machine_.clock.Set(*ParseTimestamp("2020-08-10"));
  }

  void Scored(const std::string& as_of, int version) {
    const std::string from = " FROM stopped_training_set WHERE as_of = TIMESTAMP '2020-05-15'";
    Sql(
        fmt::format("CREATE OR REPLACE TABLE stopped_scores AS SELECT customer, TIMESTAMP '{}' AS "
                    "as_of, 0.1::DOUBLE AS margin, 0.5::DOUBLE AS probability, {}::BIGINT AS "
                    "model_version{}",
                    as_of, version, from));
    Sql(
        fmt::format("CREATE OR REPLACE TABLE stopped_scores_features AS SELECT customer, TIMESTAMP "
                    "'{}' AS as_of, recency_days, purchases_30d, amount_30d, purchases{}{}",
                    as_of, version == 2 ? ", amount_max" : "", from));
  }

  Result<MonitorReport> RunSecond() {
    return RunMonitors(Parts(), {Definition(second_)}, {monitor_});
  }

  std::string second_;
};

TEST_F(AddedFeatureTest, ThePeriodBeforeIsCountedWithoutIt) {
  Scored("2020-06-02", 1);
  Scored("2020-07-02", 2);
  MP_ASSERT_OK_AND_ASSIGN(auto report, RunSecond());
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.monitors[0].quality.size(), 2U);
  for (const auto& row : report.monitors[0].drift) {
    if (row.model_version != 2) continue;
    const bool has_step = row.name != "amount_max" && row.kind != "prediction";
    EXPECT_EQ(std::isnan(row.psi_step), !has_step) << row.name;
  }
}

TEST_F(AddedFeatureTest, ACohortOfItHasNoStep) {
  monitor_.cohort.by = "amount_max > 50";
  Scored("2020-07-02", 2);
  Scored("2020-06-02", 1);
  MP_ASSERT_OK_AND_ASSIGN(auto report, RunSecond());
  // June itself cannot be grouped by a column that it lacks, and that is said; July stands.
  EXPECT_THAT(report.problems, ElementsAre(HasSubstr("amount_max")));
  MP_ASSERT_OK_AND_ASSIGN(auto quality, ReadMonitoringRows<QualityRow>(*catalog_));
  EXPECT_EQ(quality.size(), 1U);
}

TEST_F(AddedFeatureTest, APeriodIsJudgedByTheVersionThatAnsweredLast) {
  Scored("2020-07-02", 1);
  Scored("2020-07-09", 2);
  MP_ASSERT_OK_AND_ASSIGN(auto report, RunSecond());
  EXPECT_THAT(report.problems, IsEmpty());
  ASSERT_EQ(report.monitors[0].quality.size(), 1U);
  EXPECT_EQ(report.monitors[0].quality[0].model_version, 2);
  bool seen = false;
  for (const auto& row : report.monitors[0].drift) {
    EXPECT_EQ(row.rows, report.monitors[0].quality[0].rows) << row.name;
    if (row.name != "amount_max") continue;
    EXPECT_EQ(row.null_share, 0);
    seen = true;
  }
  EXPECT_TRUE(seen);
}

// Labels that bring their own T.
class OwnMomentsTest : public MonitorTest {
 protected:
  static ModelDefinition Own() {
    const std::string text = kStoppedModel;
    const size_t begin = text.find("    SELECT"), end = text.find("  entity:");
    const size_t split = text.find("split:"), learner = text.find("learner:");
    return Definition(text.substr(0, begin) +
                      "    SELECT customer, ts AS as_of, amount > 50 AS label,\n"
                      "           ts + INTERVAL 1 DAYS AS label_known_at FROM purchases\n" +
                      text.substr(end, split - end) +
                      "split:\n  train: {from: 2020-03-01, to: 2020-05-01}\n"
                      "  calibrate: {from: 2020-05-01, to: 2020-06-01}\n"
                      "  test: {from: 2020-06-01, to: 2020-07-01}\n" +
                      text.substr(learner));
  }
};

// Its rows are there only once their labels are: what was replayed earlier would stay too small.
TEST_F(OwnMomentsTest, APeriodIsReplayedOnceItsLabelsAreKnown) {
  const Micros now = machine_.clock.Now();
  MP_ASSERT_OK_AND_ASSIGN(auto asked, FindMonitoredRows(Parts(), Own(), monitor_, now));
  EXPECT_EQ(asked.size(), 6U);  // replay.sql says whom, at the period's begin
  monitor_.replay_sql = std::nullopt;
  MP_ASSERT_OK_AND_ASSIGN(auto found, FindMonitoredRows(Parts(), Own(), monitor_, now));
  ASSERT_EQ(found.size(), 4U);  // March to June, whose last labels are known on 31 July
  EXPECT_EQ(found.back().period.begin, *ParseTimestamp("2020-06-01"));
}

TEST_F(OwnMomentsTest, LabelsOfOtherMomentsAreNotKept) {
  const auto parts = Parts();
  const auto model = Own();
  MP_ASSERT_OK_AND_ASSIGN(auto labels, MonitoredLabels::Make(parts, model));
  MP_ASSERT_OK_AND_ASSIGN(const kernel::Batch* all, labels.All());
  ASSERT_GT(all->rows, 100);
  EXPECT_GE(machine_.arbiter.reserved_bytes(), all->rows * 24);  // customer, T, known_at
  const Micros t = all->columns[1].int64s()[0];
  MP_ASSERT_OK_AND_ASSIGN(auto known, labels.Known(std::vector{t}, machine_.clock.Now()));
  EXPECT_EQ(known.size(), 1U);  // each second is one customer's
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
