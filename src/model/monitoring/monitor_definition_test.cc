#include "model/monitoring/monitor_definition.h"

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"

namespace millpond::model {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;

TEST(MonitorDefinitionTest, AnEmptyFileWatchesTheModelOfItsNameByDefaults) {
  MP_ASSERT_OK_AND_ASSIGN(auto monitor, ParseMonitorDefinition("", "monitors/churn.yml"));
  EXPECT_EQ(monitor.model, "churn");
  EXPECT_EQ(monitor.period, PeriodKind::kDay);
  EXPECT_EQ(monitor.psi.high, 0.2);
  EXPECT_EQ(monitor.hysteresis.fire_after, 2);
  EXPECT_FALSE(monitor.webhook);
}

TEST(MonitorDefinitionTest, EveryKey) {
  MP_ASSERT_OK_AND_ASSIGN(auto monitor, ParseMonitorDefinition(R"(model: churn
period: MONTH
features: [recency_days]
cohort:
  by: region
  sql: SELECT customer_id, region FROM customers
reference: test
replay: {from: 1998-01-01, sql: "SELECT customer_id FROM customers WHERE since < :as_of"}
minimum_rows: 10
bootstrap: 50
thresholds:
  psi: {alert: 0.3, clear: 0.2}
  average_precision_drop: {alert: 0.04}
  calibration_gap: {alert: 0.1, clear: 0.1}
hysteresis: {fire_after: 1, clear_after: 3}
webhook: {env: HOOK}
)",
                                                               "monitors/a.yml"));
  EXPECT_EQ(monitor.name, "a");
  EXPECT_EQ(monitor.cohort.by, "region");
  EXPECT_EQ(monitor.reference, SplitName::kTest);
  EXPECT_EQ(monitor.psi.high, 0.3);
  // A lower alert brings its clear along.
  EXPECT_EQ(monitor.average_precision_drop.low, 0.04);
  EXPECT_EQ(monitor.hysteresis.clear_after, 3);
  EXPECT_EQ(monitor.webhook->name(), "$HOOK");
}

struct Refused {
  const char* text;
  const char* message;
};

TEST(MonitorDefinitionTest, Refusals) {
  const Refused cases[] = {
      {"perod: DAY", "m.yml:1:8: unknown key 'perod'; did you mean 'period'?"},
      {"period: YEAR", "m.yml:1:9: a period is DAY, WEEK or MONTH, not 'YEAR'"},
      {"thresholds: {psy: {alert: 1}}", "unknown key 'psy'; did you mean 'psi'?"},
      {"thresholds: {psi: {alert: 0.1, clear: 0.2}}", "want 0 < alert and clear <= alert"},
      {"webhook: https://hooks.example/secret", "a webhook's address is a secret"},
      {"webhook: {env: A, file: b}", "want one of env: NAME and file: PATH"},
      {"hysteresis: {fire_after: 0}", "numbers of periods, 1 to 1000"},
      {"reference: holdout", "train, calibrate, test or all, not 'holdout'"},
      {"cohort: {by: a, sql: 'SELECT :as_of'}", "belongs into cohort.by"},
      {"bootstrap: 3", "20 to 100000 resamples"},
      {"replay: {}", "from"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(ParseMonitorDefinition(one.text, "monitors/m.yml"),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr(one.message)))
        << one.text;
  }
  EXPECT_THAT(ParseMonitorDefinition("model: churn", "monitors/expectations.yml"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("unknown key 'model'")));
}

TEST(MonitorDefinitionTest, ModelsWithoutAFileAndExpectationsAreWatchedToo) {
  testing::TempDir dir;
  testing::TestEnvironment machine;
  MP_ASSERT_OK(machine.local->ReplaceFile(dir / "weekly.yml", "model: churn\nperiod: WEEK\n"));
  std::vector<ModelDefinition> models(2);
  models[0].name = "churn";
  models[1].name = "winback";
  MP_ASSERT_OK_AND_ASSIGN(auto monitors,
                          LoadMonitorDefinitions(*machine.local, dir.path(), models));
  std::vector<std::string> names;
  for (const auto& monitor : monitors) names.push_back(monitor.name);
  EXPECT_THAT(names, ElementsAre("expectations", "weekly", "winback"));
  models.pop_back();
  models[0].name = "chum";
  EXPECT_THAT(LoadMonitorDefinitions(*machine.local, dir.path(), models),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("did you mean 'chum'?")));
}

}  // namespace
}  // namespace millpond::model
