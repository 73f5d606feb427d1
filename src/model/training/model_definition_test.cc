#include "model/training/model_definition.h"

#include "base/fs/local_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond::model {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kMinimal[] = R"(name: churn
label:
  sql: |
    SELECT customer_id, :as_of AS as_of
    FROM purchases
  entity: [customer_id]
  horizon: 90 days
features:
  views:
    - name: customer_purchases
split:
  train: [1997-04-01, 1997-05-01]
  calibrate: [1997-10-01]
  test: [1998-01-01]
learner:
  kind: xgboost
)";

std::string With(const std::string& from, const std::string& to) {
  std::string text = kMinimal;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

auto Refuses(const std::string& text, const std::string& part) {
  EXPECT_THAT(ParseModelDefinition(text, "models/churn.yml"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr(part)));
}

TEST(ModelDefinitionTest, ReadsTheSmallestModelWithItsDefaults) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, ParseModelDefinition(kMinimal, "models/churn.yml"));
  EXPECT_EQ(model.name, "churn");
  EXPECT_EQ(model.label.horizon, 90 * kMicrosPerDay);
  EXPECT_EQ(model.label.time, "as_of");
  // The SELECT stands on the fourth line of the file.
  EXPECT_EQ(model.label.sql.text.find("SELECT"), 3u);
  EXPECT_EQ(model.split.part(SplitName::kTrain).moments.size(), 2u);
  EXPECT_THAT(model.cluster, ElementsAre("customer_id"));
  EXPECT_THAT(model.calibration, ElementsAre("none", "isotonic"));
  EXPECT_EQ(model.score.table, "main.default.churn_scores");
  EXPECT_EQ(model.training_set, "main.default.churn_training_set");
  EXPECT_EQ(model.keep_negatives, 1);
}

TEST(ModelDefinitionTest, ReadsEveryPart) {
  const std::string text = With("  kind: xgboost\n", R"(  kind: xgboost
  params: {max_depth: 3, eta: 0.05, grow_policy: depthwise}
seed: 7
imbalance: {downsample_negatives: 0.25}
calibration: {candidates: [isotonic]}
metrics: {precision_at: [100, 5%], bootstrap: 50, cluster: [customer_id]}
baselines:
  recency: {column: recency_days, direction: higher}
  frequency: {column: orders_90d}
action: {campaign: save, capacity: 500, holdout: 0.1, value: 20, cost: 1.5}
leak_check: {accept_restate: [customer_purchases], warn_average_precision: 0.9, moments: 3}
score:
  as_of: 1998-07-01
  candidates: SELECT customer_id FROM purchases WHERE d < :as_of
  table: main.churn.scores
training_set: main.churn.churn_training
)");
  MP_ASSERT_OK_AND_ASSIGN(auto model, ParseModelDefinition(text, "models/churn.yml"));
  EXPECT_EQ(model.params["eta"], 0.05);
  EXPECT_EQ(model.params["max_depth"], 3);
  EXPECT_EQ(model.params["grow_policy"], "depthwise");
  EXPECT_EQ(model.seed, 7u);
  EXPECT_EQ(model.keep_negatives, 0.25);
  EXPECT_EQ(model.precision_at[1].value, 0.05);
  EXPECT_TRUE(model.precision_at[1].is_share);
  EXPECT_EQ(model.baselines.at("recency").higher_is_positive, true);
  EXPECT_EQ(model.baselines.at("frequency").higher_is_positive, std::nullopt);
  EXPECT_EQ(model.action.capacity, 500);
  EXPECT_EQ(*model.score.as_of, *ParseTimestamp("1998-07-01"));
  EXPECT_EQ(model.score.candidates->text.find("SELECT"), 28u);
  EXPECT_EQ(model.score.table, "main.churn.scores");
}

TEST(ModelDefinitionTest, ReadsHowAnEndpointBehaves) {
  const std::string minimal = kMinimal;
  MP_ASSERT_OK_AND_ASSIGN(auto plain, ParseModelDefinition(minimal, "models/churn.yml"));
  EXPECT_EQ(plain.serve.log, ServeDefinition::Log::kAsync);
  EXPECT_EQ(plain.serve.degraded, ServeDefinition::Degraded::kRefuse);
  EXPECT_EQ(plain.serve.table, "main.default.churn_inference");
  MP_ASSERT_OK_AND_ASSIGN(auto model,
                          ParseModelDefinition(minimal + R"(score: {table: main.shop.scores}
serve:
  log: sample
  sample: 0.25
  max_feature_age: 5 minutes
  degraded: fallback_model
  fallback: winback@champion
  max_rows: 10
)",
                                               "models/churn.yml"));
  EXPECT_EQ(model.serve.log, ServeDefinition::Log::kSample);
  EXPECT_EQ(model.serve.sample, 0.25);
  EXPECT_EQ(model.serve.table, "main.shop.churn_inference");
  EXPECT_EQ(model.serve.max_feature_age, 300 * kMicrosPerSecond);
  EXPECT_EQ(model.serve.fallback->model, "winback");
  EXPECT_EQ(model.serve.fallback->alias, "champion");
  EXPECT_EQ(model.serve.max_rows, 10);
  MP_ASSERT_OK_AND_ASSIGN(
      model, ParseModelDefinition(minimal + "serve: {degraded: fallback_model, fallback: w@12}\n",
                                  "models/churn.yml"));
  EXPECT_EQ(model.serve.fallback->version, 12);
  EXPECT_EQ(model.serve.fallback->alias, "");
  const std::pair<const char*, const char*> refused[] = {
      {"{log: later}", "17:14: want one of async, sync, sample, off; found 'later'"},
      {"{sample: 0.5}", "only 'log: sample' has a sample"},
      {"{log: sample, sample: 0}", "more than 0, at most 1"},
      {"{max_feature_age: 0}", "longer than nothing"},
      {"{degraded: guess}", "want one of refuse, default_features, fallback_model"},
      {"{degraded: fallback_model}", "needs 'fallback: MODEL@ALIAS'"},
      {"{degraded: fallback_model, fallback: w}", "want MODEL@ALIAS or MODEL@VERSION"},
      {"{degraded: fallback_model, fallback: churn@2}", "cannot stand in for itself"},
      {"{fallback: w@2}", "only with 'degraded: fallback_model'"},
      {"{max_rows: 0}", "want 1 to 100000 rows"},
      {"{maxrows: 1}", "did you mean 'max_rows'?"}};
  for (const auto& [serve, message] : refused) {
    Refuses(minimal + "serve: " + serve + "\n", message);
  }
}

TEST(ModelDefinitionTest, RangesOfTimeMayTouch) {
  const std::string text =
      With("  train: [1997-04-01, 1997-05-01]\n  calibrate: [1997-10-01]\n  test: [1998-01-01]\n",
           "  train: {from: 2013-01-01, to: 2013-02-01}\n"
           "  calibrate: {from: 2013-02-01, to: 2013-03-01}\n"
           "  test: {from: 2013-03-01, to: 2013-04-01}\n  purge: true\n  embargo: 1 day\n");
  MP_ASSERT_OK_AND_ASSIGN(auto model, ParseModelDefinition(text, "models/churn.yml"));
  EXPECT_TRUE(model.split.purge);
  EXPECT_EQ(model.split.embargo, kMicrosPerDay);
  EXPECT_TRUE(model.split.part(SplitName::kTrain).Contains(*ParseTimestamp("2013-01-31T23:59")));
  EXPECT_FALSE(model.split.part(SplitName::kTrain).Contains(*ParseTimestamp("2013-02-01")));
}

TEST(ModelDefinitionTest, ComplaintsNameThePlace) {
  Refuses(With("horizon: 90 days", "horizon: 90 moons"),
          "models/churn.yml:7:12: want a duration such as '90 days'");
  Refuses(With("  entity: [customer_id]\n", ""), "'entity' is missing");
  Refuses(With("learner:", "lerner:"), "unknown key 'lerner'; did you mean 'learner'?");
  Refuses(With("  kind: xgboost", "  kind: forest"),
          "models/churn.yml:16:9: there are the learners");
  Refuses(With("calibrate: [1997-10-01]", "calibrate: [1997-04-01]"),
          "models/churn.yml:13:14: 'calibrate' must be later");
  Refuses(With("[1997-04-01, 1997-05-01]", "[1997-04-31x]"), "models/churn.yml:12:11: want a date");
  Refuses(With("name: customer_purchases", "nam: customer_purchases"), "'name' is missing");
  Refuses(With("kind: xgboost", "kind: xgboost\n  params: {nthread: 4}"),
          "models/churn.yml:17:21: 'nthread' is not a parameter here");
  const auto param = [](const std::string& text) {
    return With("kind: xgboost", "kind: xgboost\n  params: {" + text + "}");
  };
  Refuses(param("early_stopping_rounds: 5"), "churn.yml:17:35: 'early_stopping_rounds' is not a");
  Refuses(param("device: cuda"), "churn.yml:17:20: 'device' is not a parameter here");
  Refuses(param("n_jobs: 4"), "churn.yml:17:20: 'n_jobs' is not a parameter here");
  Refuses(param("max_leafs: 4"),
          "churn.yml:17:23: unknown key 'max_leafs'; did you mean 'max_leaves'");
  Refuses(param("eta: 1, eta: 2"), "churn.yml:17:20: 'eta' stands here a second time");
  Refuses(With("[1997-10-01]", "1997-10-01"), "churn.yml:13:14: want a list of T");
  Refuses(std::string(kMinimal) + "metrics: {precision_at: [.nan]}\n",
          "churn.yml:17:26: want a number");
  Refuses(std::string(kMinimal) + "metrics: {precision_at: [nan]}\n",
          "churn.yml:17:26: want a number");
  Refuses(std::string(kMinimal) + "metrics: {precision_at: [inf]}\n",
          "churn.yml:17:26: want a number");
  Refuses(std::string(kMinimal) + "training_set: my-set\n",
          "churn.yml:17:15: training_set: not a name");
  Refuses(std::string(kMinimal) + "score: {table: a.b.c.d}\n",
          "churn.yml:17:16: score.table: not a");
  Refuses(std::string(kMinimal) + "action: {value: .nan}\n",
          "churn.yml:17:17: value: want a number");
  Refuses(With("name: churn", "name: \"\""),
          "churn.yml:1:7: the model has no name; write name: churn");
  Refuses(std::string(kMinimal) + "sead: 3\n", "unknown key 'sead'; did you mean 'seed'?");
  Refuses(std::string(kMinimal) + "leak_check: {accept_restate: [v]}\n",
          "models/churn.yml:17:13: accept_restate: 'v' is no view of this model");
  Refuses(With("name: churn", "name: winback"), "must be named winback.yml");
  Refuses("name: [", "models/churn.yml:1");
}

TEST(ModelDefinitionTest, AFolderIsReadByName) {
  millpond::testing::TempDir dir;
  auto fs = MakeLocalFileSystem();
  EXPECT_THAT(LoadModelDefinitions(*fs, dir / "models"), IsOkAnd(::testing::SizeIs(0)));
  MP_ASSERT_OK(fs->CreateDirectories(dir / "models"));
  MP_ASSERT_OK(fs->ReplaceFile(dir / "models/churn.yml", kMinimal));
  MP_ASSERT_OK(fs->ReplaceFile(dir / "models/README.md", "x"));
  MP_ASSERT_OK_AND_ASSIGN(auto models, LoadModelDefinitions(*fs, dir / "models"));
  ASSERT_EQ(models.size(), 1u);
  EXPECT_EQ(models[0].file, dir / "models/churn.yml");
  MP_ASSERT_OK(fs->CreateDirectories(dir / "models/winback.yml"));
  EXPECT_THAT(LoadModelDefinitions(*fs, dir / "models"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("models/winback.yml is a folder")));
}

}  // namespace
}  // namespace millpond::model
