#include "model/monitoring/alerts.h"

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AlertsTest : public ::testing::Test {
 protected:
  AlertsTest() { monitor_ = {.name = "m", .model = "m", .cohort = {.by = "age"}}; }

  // One period a day; the n-th of them.
  void Drift(int day, const std::string& name, double psi, double within, double step = 0) {
    DriftRow row;
    row.monitor = row.model = "m";
    row.population = "batch";
    row.kind = "feature";
    row.name = name;
    row.period_start.at = day * kMicrosPerDay;
    row.period_end.at = (day + 1) * kMicrosPerDay;
    row.rows = 1000;
    row.psi = psi;
    row.psi_within = within;
    row.matched_share = std::isnan(within) ? 0 : 1;
    row.psi_step = step;
    drift_.push_back(row);
  }

  void Quality(int day, double drop, double high, double gap, double half_width = 0.01) {
    QualityRow row;
    row.monitor = row.model = "m";
    row.population = "batch";
    row.status = "known";
    row.period_start.at = day * kMicrosPerDay;
    row.period_end.at = (day + 1) * kMicrosPerDay;
    row.rows = row.labelled_rows = 1000;
    row.average_precision = 0.6 * (1 - drop);
    row.average_precision_high = high;
    row.evaluation_average_precision = 0.65;
    row.evaluation_low = 0.6;
    row.average_precision_drop = drop;
    row.prevalence = 0.5;
    row.calibration_gap = gap;
    row.calibration_gap_low = gap - half_width;
    row.calibration_gap_high = gap + half_width;
    quality_.push_back(row);
  }

  void Expectation(int day, double jump) {
    ExpectationRow row;
    row.monitor = "m";
    row.flow = "main.shop.orders";
    row.expectation = "has_price";
    row.action = "quarantine";
    row.period_start.at = day * kMicrosPerDay;
    row.period_end.at = (day + 1) * kMicrosPerDay;
    row.rows = 100;
    row.share = row.jump = jump;
    row.usual_share = 0;
    expectations_.push_back(row);
  }

  // "cause object transition day" of what is new; then it is recorded.
  std::vector<std::string> News(int now_day = 100) {
    auto fresh = NewAlerts(
        {monitor_, drift_, quality_, expectations_, recorded_, sources_, now_day * kMicrosPerDay});
    std::vector<std::string> news;
    for (const auto& alert : fresh) {
      news.push_back(fmt::format("{} {} {} {}", alert.cause, alert.object, alert.transition,
                                 alert.period_start.at / kMicrosPerDay));
      recorded_.push_back(alert);
    }
    return news;
  }

  MonitorDefinition monitor_;
  std::vector<DriftRow> drift_;
  std::vector<QualityRow> quality_;
  std::vector<ExpectationRow> expectations_;
  std::vector<AlertRow> recorded_;
  std::map<std::string, std::string> sources_ = {{"a", "main.shop.orders"}};
};

TEST_F(AlertsTest, AgeingIsOneAlertOfThePopulation) {
  for (int day : {1, 2}) {
    Drift(day, "a", 0.5, 0.02);
    Drift(day, "b", 0.9, 0.01);
    Drift(day, "c", 0.01, 0.01);
  }
  EXPECT_THAT(News(), ElementsAre("population_aged m fired 2"));
  EXPECT_THAT(
      recorded_[0].message,
      HasSubstr("the population aged: b, a moved against the training set (PSI up to 0.90"));
  EXPECT_THAT(News(), IsEmpty());
  EXPECT_EQ(FiringAlerts(recorded_).size(), 1U);
  for (int day : {3, 4}) Drift(day, "b", 0.05, 0.01);
  EXPECT_THAT(News(), ElementsAre("population_aged m cleared 4"));
  EXPECT_THAT(FiringAlerts(recorded_), IsEmpty());
}

TEST_F(AlertsTest, AChangedFeatureIsNamedWithItsSource) {
  for (int day : {1, 2, 3}) {
    Drift(day, "a", 0.5, 0.4);
    Drift(day, "b", 0.5, 0.02);
  }
  EXPECT_THAT(News(), ElementsAre("population_aged m fired 2", "feature_changed a fired 2"));
  EXPECT_EQ(recorded_[1].command, "millpond sql \"DESCRIBE HISTORY main.shop.orders\"");
}

TEST_F(AlertsTest, WithoutMatchedCohortsAStepTellsTheChange) {
  Drift(1, "a", 0.02, kNoNumber, kNoNumber);
  Drift(2, "a", 0.60, kNoNumber, 0.5);
  Drift(3, "a", 0.61, kNoNumber, 0.01);
  EXPECT_THAT(News(), ElementsAre("feature_changed a fired 3"));
}

TEST_F(AlertsTest, OnlyPeriodsThatEndedAndHaveRowsCount) {
  Drift(1, "a", 0.5, 0.4);
  Drift(2, "a", 0.5, 0.4);
  EXPECT_THAT(News(/*now_day=*/2), IsEmpty());
  drift_[1].rows = monitor_.minimum_rows - 1;
  EXPECT_THAT(News(), IsEmpty());
  drift_[1].rows = monitor_.minimum_rows;
  EXPECT_THAT(News(), ElementsAre("feature_changed a fired 2"));
}

TEST_F(AlertsTest, HistoryThatIsComputedAnewTellsNothingTwice) {
  Drift(1, "a", 0.5, 0.4);
  Drift(2, "a", 0.5, 0.4);
  EXPECT_THAT(News(), ElementsAre("feature_changed a fired 2"));
  drift_[0].psi = drift_[1].psi = 0.01;
  EXPECT_THAT(News(), IsEmpty());
  Drift(3, "a", 0.01, 0.01);
  Drift(4, "a", 0.01, 0.01);
  EXPECT_THAT(News(), ElementsAre("feature_changed a cleared 4"));
}

TEST_F(AlertsTest, QualityCountsWhereItIsSure) {
  Quality(1, 0.2, 0.66, 0);  // its interval reaches the evaluation's value
  Quality(2, 0.2, 0.66, 0);
  EXPECT_THAT(News(), IsEmpty());
  Quality(3, 0.2, 0.5, -0.08);
  Quality(4, 0.2, 0.5, -0.08);
  EXPECT_THAT(News(), ElementsAre("quality_dropped m fired 4", "calibration_off m fired 4"));
  EXPECT_THAT(recorded_[1].message, HasSubstr("too high: 0.500 observed and 0.580 predicted"));
}

// Small periods whose intervals hold everything say neither that it is bad nor that it is good.
TEST_F(AlertsTest, UncertaintyClearsNothing) {
  for (int day : {1, 2}) Quality(day, 0.3, 0.5, -0.2);
  EXPECT_THAT(News(), ElementsAre("quality_dropped m fired 2", "calibration_off m fired 2"));
  for (int day : {3, 4}) Quality(day, 0.3, 0.7, -0.2, 0.25);
  EXPECT_THAT(News(), IsEmpty());
  // Under `clear`, what is measured is good enough however wide the interval is.
  for (int day : {5, 6}) Quality(day, 0.04, 0.7, -0.02, 0.25);
  EXPECT_THAT(News(), ElementsAre("quality_dropped m cleared 6", "calibration_off m cleared 6"));
}

// The model no longer has the feature, or the monitor does not watch it: its series ends.
TEST_F(AlertsTest, WhatIsNoLongerWatchedIsOver) {
  for (int day : {1, 2}) Drift(day, "a", 0.5, 0.4);
  EXPECT_THAT(News(3), ElementsAre("feature_changed a fired 2"));
  for (int day : {3, 4}) Drift(day, "b", 0.01, 0.01);
  EXPECT_THAT(News(5), ElementsAre("feature_changed a cleared 5"));
  EXPECT_THAT(recorded_.back().message,
              HasSubstr("it is no longer watched: 1970-01-05 has no row of it"));
  EXPECT_THAT(News(6), IsEmpty());
  EXPECT_THAT(FiringAlerts(recorded_), IsEmpty());
}

TEST_F(AlertsTest, APopulationThatIsGoneIsOver) {
  for (int day : {1, 2}) Quality(day, 0.2, 0.5, 0);
  EXPECT_THAT(News(3), ElementsAre("quality_dropped m fired 2"));
  quality_.clear();
  EXPECT_THAT(News(4), ElementsAre("quality_dropped m cleared 4"));
  recorded_[0].monitor = recorded_[1].monitor = "another";
  recorded_.pop_back();
  EXPECT_THAT(News(5), IsEmpty());
}

TEST_F(AlertsTest, AnExpectationThatIsTakenOutIsOver) {
  for (int day : {1, 2}) Expectation(day, 0.05);
  EXPECT_THAT(News(3), ElementsAre("expectation_failing main.shop.orders.has_price fired 2"));
  EXPECT_THAT(News(9), IsEmpty());  // the flow did not run since
  Expectation(9, 0);
  expectations_.back().expectation = "has_date";
  EXPECT_THAT(News(10), ElementsAre("expectation_failing main.shop.orders.has_price cleared 10"));
}

TEST_F(AlertsTest, ExpectationsNameTheQuarantine) {
  Expectation(1, 0);
  Expectation(2, 0.05);
  Expectation(3, 0.05);
  EXPECT_THAT(News(), ElementsAre("expectation_failing main.shop.orders.has_price fired 3"));
  EXPECT_EQ(recorded_[0].command,
            "millpond sql \"SELECT * FROM main.shop.orders_quarantine LIMIT 20\"");
}

}  // namespace
}  // namespace millpond::model
