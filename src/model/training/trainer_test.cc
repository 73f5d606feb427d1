#include "model/training/trainer.h"

#include "model/training/trainer_test_project.h"
#include "platform/tracking/model_folder.h"

namespace millpond::model {
namespace {

using millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

double MetricOf(const Json& evaluation, const std::string& prediction, const std::string& metric) {
  for (const Json& entry : evaluation["metrics"]) {
    if (entry["prediction"] == prediction && entry["metric"] == metric) return entry["value"];
  }
  ADD_FAILURE() << "no " << metric << " of " << prediction;
  return 0;
}

TEST_F(TrainerTest, TrainsRegistersAndRecords) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Train());
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(report.version, 1);
  const Json& evaluation = report.evaluation;
  EXPECT_GT(evaluation["splits"]["train"]["rows"].get<int64_t>(), 300);
  EXPECT_GT(MetricOf(evaluation, "model", "average_precision"),
            MetricOf(evaluation, "prevalence", "average_precision") + 0.1);
  for (const char* name : {"logistic", "frequency"}) MetricOf(evaluation, name, "log_loss");
  EXPECT_THAT(evaluation["verdict"].get<std::string>(), HasSubstr("logistic"));
  EXPECT_THAT(evaluation["features"], SizeIs(4));

  MP_ASSERT_OK_AND_ASSIGN(auto run, tracking_->GetRun(report.run_id));
  EXPECT_EQ(run.info.status, platform::RunStatus::kFinished);
  EXPECT_NE(run.FindMetric("average_precision"), nullptr);
  EXPECT_EQ(*run.FindParam("learner.max_depth"), "3");
  EXPECT_THAT(run.inputs, SizeIs(2));
  MP_ASSERT_OK_AND_ASSIGN(auto champion, registry_->GetByAlias("stopped", "champion"));
  EXPECT_EQ(champion.source, report.model_path);
  MP_ASSERT_OK_AND_ASSIGN(auto folder,
                          platform::ReadModelFolder(*machine_.local, report.model_path));
  EXPECT_EQ(folder.run_id, report.run_id);
  EXPECT_EQ(report.record["tables"]["main.default.purchases"], 0);
  MP_ASSERT_OK_AND_ASSIGN(auto pins, catalog_->Pins());
  EXPECT_THAT(pins, SizeIs(2));
}

TEST_F(TrainerTest, TheSameInputsAreTrainedOnce) {
  MP_ASSERT_OK_AND_ASSIGN(auto first, Train());
  Open();
  MP_ASSERT_OK_AND_ASSIGN(auto second, Train());
  EXPECT_TRUE(second.unchanged);
  EXPECT_EQ(second.run_id, first.run_id);
  EXPECT_EQ(second.evaluation, first.evaluation);
  EXPECT_EQ(second.training_rows, first.training_rows);
  // What the score triggers does not concern the model.
  MP_ASSERT_OK_AND_ASSIGN(auto third,
                          Train(std::string(kStoppedModel) + "action: {capacity: 9}\n"));
  EXPECT_TRUE(third.unchanged);
  MP_ASSERT_OK_AND_ASSIGN(auto fourth, Train(With("max_depth: 3", "max_depth: 2")));
  EXPECT_FALSE(fourth.unchanged);
  EXPECT_EQ(fourth.version, 2);
  // The rows are the same, so their table has no new version.
  EXPECT_EQ(fourth.training_set_version, first.training_set_version);
}

TEST_F(TrainerTest, ADefinitionThatIsBroughtBackIsTheChampionAgain) {
  MP_ASSERT_OK_AND_ASSIGN(auto first, Train());
  MP_ASSERT_OK_AND_ASSIGN(auto other, Train(With("train: [2020-03-01, 2020-04-01]",
                                                 "train: [2020-02-15, 2020-04-01]")));
  EXPECT_EQ(other.version, 2);
  MP_ASSERT_OK_AND_ASSIGN(auto back, Train());
  EXPECT_FALSE(back.unchanged);
  EXPECT_EQ(back.version, 3);
  EXPECT_EQ(back.record["digests"], first.record["digests"]);
  EXPECT_GT(back.training_set_version, other.training_set_version);
  MP_ASSERT_OK_AND_ASSIGN(auto champion, registry_->GetByAlias("stopped", "champion"));
  EXPECT_EQ(champion.run_id, back.run_id);
  MP_ASSERT_OK_AND_ASSIGN(auto history, registry_->History("stopped"));
  EXPECT_EQ(history[0].action, "set_alias");
  EXPECT_EQ(history[0].from_version, 2);
  EXPECT_EQ(history[0].to_version, 3);
  MP_ASSERT_OK_AND_ASSIGN(auto again, Train());
  EXPECT_TRUE(again.unchanged);
}

TEST_F(TrainerTest, ARollbackStandsUntilTheNewestIsPromoted) {
  MP_ASSERT_OK(Train());
  MP_ASSERT_OK(Train(With("max_depth: 3", "max_depth: 2")));
  MP_ASSERT_OK(registry_->Rollback("stopped", "champion", "bob"));
  const auto champion = [&] { return registry_->GetByAlias("stopped", "champion")->version; };
  MP_ASSERT_OK_AND_ASSIGN(auto same, Train(With("max_depth: 3", "max_depth: 2")));
  EXPECT_TRUE(same.unchanged);
  EXPECT_EQ(same.version, 2);
  ASSERT_TRUE(same.held);
  EXPECT_EQ(same.held->version, 1);
  MP_ASSERT_OK_AND_ASSIGN(auto third, Train(With("max_depth: 3", "max_depth: 1")));
  EXPECT_EQ(third.version, 3);
  EXPECT_EQ(champion(), 1);
  ASSERT_TRUE(third.held);
  EXPECT_THAT(third.warnings, Contains(HasSubstr("version 1 stays champion: rollback by bob")));
  MP_ASSERT_OK(registry_->Promote("stopped", "champion", 3, "bob"));
  MP_ASSERT_OK_AND_ASSIGN(auto fourth, Train());
  EXPECT_FALSE(fourth.held);
  EXPECT_EQ(champion(), 4);
}

TEST_F(TrainerTest, ARunIsReproducedAtItsVersionsAfterTheDataChanged) {
  MP_ASSERT_OK_AND_ASSIGN(auto first, Train());
  Sql("INSERT INTO purchases SELECT customer, ts, amount * 2 FROM purchases WHERE customer < 100");
  MP_ASSERT_OK_AND_ASSIGN(auto again, Trainer(Parts()).Reproduce(first.run_id));
  for (const auto& part : again.parts) EXPECT_EQ(part.now, part.recorded) << part.name;
  EXPECT_TRUE(again.equal);
  EXPECT_THAT(again.parts, SizeIs(5));
  EXPECT_THAT(again.notes, IsEmpty());
  MP_ASSERT_OK_AND_ASSIGN(auto second, Train());
  EXPECT_FALSE(second.unchanged);
  EXPECT_EQ(second.version, 2);
  EXPECT_NE(second.record["digests"]["model"], first.record["digests"]["model"]);
  EXPECT_THAT(Trainer(Parts()).Reproduce("ff"), FailsWith(ErrorKind::kNotFound, HasSubstr("ff")));
}

TEST_F(TrainerTest, AnOtherFeatureDefinitionCannotReproduceARun) {
  MP_ASSERT_OK_AND_ASSIGN(auto first, Train());
  Sql(R"(CREATE OR REPLACE FEATURE VIEW buying ENTITY (customer) TIMESTAMP ts AS SELECT
           days_between(max(ts) OVER life, as_of()) AS recency_days,
           count(*) OVER w AS purchases_30d, sum(amount) OVER w AS amount_30d,
           count(*) OVER life AS purchases
         FROM purchases
         WINDOW w AS (RANGE INTERVAL 31 DAYS PRECEDING), life AS (RANGE UNBOUNDED PRECEDING))");
  EXPECT_THAT(Trainer(Parts()).Reproduce(first.run_id),
              FailsWith(ErrorKind::kConflict, HasSubstr("feature 'purchases_30d'")));
  MP_ASSERT_OK_AND_ASSIGN(auto second, Train());
  EXPECT_FALSE(second.unchanged);
}

TEST_F(TrainerTest, AFailedTrainingLeavesAFailedRunAndNoModel) {
  EXPECT_THAT(Train(With("num_boost_round: 20", "num_boost_round: 0")),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("models/stopped.yml:21:11: while training"),
                              HasSubstr("num_boost_round"))));
  MP_ASSERT_OK_AND_ASSIGN(auto experiment, tracking_->GetExperimentByName("stopped"));
  MP_ASSERT_OK_AND_ASSIGN(auto runs, tracking_->ListRuns(experiment.experiment_id));
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].info.status, platform::RunStatus::kFailed);
  EXPECT_THAT(*runs[0].FindTag("millpond.error"), HasSubstr("num_boost_round"));
  EXPECT_THAT(registry_->GetByAlias("stopped", "champion"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("stopped")));
  EXPECT_THAT(catalog_->Pins(), millpond::testing::IsOkAnd(SizeIs(0)));
}

TEST_F(TrainerTest, ARunWhoseProcessDiedIsEndedByTheNext) {
  MP_ASSERT_OK_AND_ASSIGN(auto experiment, tracking_->EnsureExperiment("stopped"));
  MP_ASSERT_OK_AND_ASSIGN(auto dead,
                          tracking_->CreateRun({.experiment_id = experiment.experiment_id,
                                                .tags = {{"millpond.training", "stopped"}}}));
  MP_ASSERT_OK_AND_ASSIGN(auto foreign,
                          tracking_->CreateRun({.experiment_id = experiment.experiment_id}));
  MP_ASSERT_OK(Train());
  EXPECT_EQ(tracking_->GetRun(dead.info.run_id)->info.status, platform::RunStatus::kKilled);
  EXPECT_EQ(tracking_->GetRun(foreign.info.run_id)->info.status, platform::RunStatus::kRunning);
}

TEST_F(TrainerTest, ATableOfSomebodyElseIsNotOverwritten) {
  Sql("CREATE TABLE stopped_training_set AS SELECT 7 AS precious");
  EXPECT_THAT(Train(), FailsWith(ErrorKind::kAlreadyExists,
                                 AllOf(HasSubstr("main.default.stopped_training_set"),
                                       HasSubstr("training set of model stopped"))));
  Sql("SELECT precious FROM stopped_training_set");
}

TEST_F(TrainerTest, ASourceThatWasOverwrittenIsRefusedUnlessAcceptedByName) {
  MP_ASSERT_OK(Train());
  Sql("CREATE OR REPLACE TABLE purchases AS SELECT * FROM purchases");
  EXPECT_THAT(
      Train(),
      FailsWith(ErrorKind::kInvalidArgument,
                AllOf(HasSubstr("models/stopped.yml:14:18"), HasSubstr("feature view buying"),
                      HasSubstr("main.default.purchases"), HasSubstr("version 1 of it"),
                      HasSubstr("accept_restate: [buying]"))));
  MP_ASSERT_OK_AND_ASSIGN(
      auto report, Train(std::string(kStoppedModel) + "leak_check: {accept_restate: [buying]}\n"));
  const Json accepted = report.record["accepted_restatements"];
  ASSERT_THAT(accepted, SizeIs(1));
  EXPECT_EQ(accepted[0]["view"], "buying");
  EXPECT_EQ(report.evaluation["leak_check"]["accepted_restatements"], accepted);
  MP_ASSERT_OK_AND_ASSIGN(auto run, tracking_->GetRun(report.run_id));
  EXPECT_NE(run.FindTag("millpond.accepted_restatement.buying"), nullptr);
}

TEST_F(TrainerTest, ALabelInDisguiseIsWarnedOf) {
  std::string text = With("count(*) FILTER (WHERE ts >= :as_of) = 0 AS label,",
                          "count(*) FILTER (WHERE ts >= :as_of) = 0 AS label,\n"
                          "           count(*) FILTER (WHERE ts >= :as_of) AS later,");
  const std::string views = "  views: [{name: buying}]\n";
  text.replace(text.find(views), views.size(), views + "  request: [later]\n");
  MP_ASSERT_OK_AND_ASSIGN(auto report, Train(text));
  EXPECT_THAT(report.warnings,
              Contains(AllOf(HasSubstr("feature 'later'"), HasSubstr("average precision 1.000"))));
}

TEST_F(TrainerTest, FeaturesThatChangeAtLabelTimeAreWarnedOfInOneLine) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Train());
  const Json changes = report.evaluation["leak_check"]["changes_at_label_time"];
  ASSERT_FALSE(changes.empty());
  ASSERT_THAT(report.warnings, SizeIs(1));
  for (const Json& change : changes) {
    EXPECT_THAT(report.warnings[0], HasSubstr(change["feature"].get<std::string>()));
  }
  EXPECT_THAT(report.warnings[0], HasSubstr("make sure that KNOWN AT is true"));
}

TEST_F(TrainerTest, ErrorsOfADefinitionNameTheirPlace) {
  EXPECT_THAT(Train(With("GROUP BY customer\n", "GROUP BY custmer\n")),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("models/stopped.yml:9:")));
  EXPECT_THAT(Train(With("FROM purchases", "FROM purchase")),
              FailsWith(ErrorKind::kNotFound,
                        AllOf(HasSubstr("models/stopped.yml:7:"), HasSubstr("purchase"))));
  EXPECT_THAT(Train(With("FROM purchases", "FROM read_files('x')")),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("models/stopped.yml:7:")));
  EXPECT_THAT(Train(With("{name: buying}", "{name: buyng}")),
              FailsWith(ErrorKind::kNotFound,
                        AllOf(HasSubstr("models/stopped.yml:14:18"), HasSubstr("buyng"))));
  EXPECT_THAT(Train(With("column: purchases_30d", "column: purchases_9d")),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("models/stopped.yml:23:33"),
                              HasSubstr("baseline 'frequency'"), HasSubstr("purchases_9d"))));
  EXPECT_THAT(Train(With("{name: buying}", "{name: buying, exclude: [recency]}")),
              FailsWith(ErrorKind::kInvalidArgument, AllOf(HasSubstr("models/stopped.yml:14:18"),
                                                           HasSubstr("has no column 'recency'"))));
  EXPECT_THAT(Train(With("= 0 AS label,", "AS label,")),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("BOOLEAN")));
  EXPECT_THAT(Train(With(" = 0 AS label,", " = 0 AS lable,")),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("gives no column 'label'")));
  EXPECT_THAT(Train(With("horizon: 30 days", "horizon: 20 days")),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("not within the horizon")));
  EXPECT_THAT(
      Train(With("calibrate: [2020-05-15]", "calibrate: [2020-04-20]")),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("shorter than the label's horizon")));
}

TEST_F(TrainerTest, TheEvaluationSaysWhatTheActionIsWorth) {
  MP_ASSERT_OK_AND_ASSIGN(auto without, Train());
  EXPECT_TRUE(without.evaluation["action"].is_null());
  MP_ASSERT_OK_AND_ASSIGN(auto report, Train(std::string(kStoppedModel) +
                                             "action: {capacity: 20, value: 5, cost: 1}\n"));
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(report.record["digests"]["model"], without.record["digests"]["model"]);
  const Json action = report.evaluation["action"];
  EXPECT_EQ(action["periods"], 1);
  EXPECT_THAT(action["assumes"].get<std::string>(),
              AllOf(HasSubstr("5 × successes − 1 × contacts"), HasSubstr("ASSUMED")));
  const Json& model = action["rules"][0];
  EXPECT_EQ(model["contacts"], 20);
  // One T and a capacity that precision_at_20 knows too.
  EXPECT_NEAR(model["successes"].get<double>(),
              20 * MetricOf(report.evaluation, "model", "precision_at_20"), 1e-9);
  EXPECT_NEAR(model["net_value"].get<double>(), 5 * model["successes"].get<double>() - 20, 1e-9);
  EXPECT_NEAR(model["expected_net_value"].get<double>(),
              5 * model["expected_successes"].get<double>() - 20, 1e-9);
}

TEST_F(TrainerTest, LabelsOfTheFutureWait) {
  machine_.clock.Set(*ParseTimestamp("2020-07-15"));
  EXPECT_THAT(Train(), FailsWith(ErrorKind::kInvalidArgument,
                                 HasSubstr("part 'test' of the split has no rows")));
}

TEST_F(TrainerTest, DownSamplingTouchesTheTrainingPartOnly) {
  MP_ASSERT_OK_AND_ASSIGN(auto all, Train());
  MP_ASSERT_OK_AND_ASSIGN(
      auto sampled, Train(std::string(kStoppedModel) + "imbalance: {downsample_negatives: 0.5}\n"));
  EXPECT_EQ(sampled.evaluation["splits"], all.evaluation["splits"]);
  EXPECT_LT(sampled.evaluation["training_rows_used"].get<int64_t>(),
            all.evaluation["training_rows_used"].get<int64_t>());
}

}  // namespace
}  // namespace millpond::model
