// A small project for the trainer's tests: 400 customers who buy on random days until they stop, a
// feature view over their purchases, and a model that predicts who has stopped.
#pragma once

#include <gtest/gtest.h>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "model/training/trainer.h"

namespace millpond::model {

inline constexpr char kStoppedModel[] = R"(name: stopped
label:
  sql: |
    SELECT customer, :as_of AS as_of,
           count(*) FILTER (WHERE ts >= :as_of) = 0 AS label,
           :as_of + INTERVAL 30 DAYS AS label_known_at
    FROM purchases
    WHERE ts < :as_of + INTERVAL 30 DAYS
    GROUP BY customer
    HAVING max(ts) FILTER (WHERE ts < :as_of) >= :as_of - INTERVAL 60 DAYS
  entity: [customer]
  horizon: 30 days
features:
  views: [{name: buying}]
split:
  train: [2020-03-01, 2020-04-01]
  calibrate: [2020-05-15]
  test: [2020-07-01]
learner:
  kind: xgboost
  params: {max_depth: 3, num_boost_round: 20, eta: 0.2}
metrics: {precision_at: [20], bootstrap: 50}
baselines: {frequency: {column: purchases_30d, direction: lower}}
seed: 7
)";

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    machine_.clock.Set(*ParseTimestamp("2021-01-01"));
    Open();
    Sql(R"(CREATE TABLE purchases AS
           SELECT c::BIGINT AS customer, to_timestamp(1577836800 + d * 86400 + c) AS ts,
                  (hash(c * 7 + d) % 10000 / 100.0)::DECIMAL(10,2) AS amount
           FROM range(400) customers(c), range(250) days(d)
           WHERE hash(c * 1000 + d) % 10 < 1 + c % 3 AND d < 40 + hash(c * 13) % 300)");
    Sql(R"(CREATE FEATURE VIEW buying ENTITY (customer) TIMESTAMP ts AS SELECT
             days_between(max(ts) OVER life, as_of()) AS recency_days,
             count(*) OVER w30 AS purchases_30d,
             sum(amount) OVER w30 AS amount_30d,
             count(*) OVER life AS purchases
           FROM purchases
           WINDOW w30 AS (RANGE INTERVAL 30 DAYS PRECEDING), life AS (RANGE UNBOUNDED PRECEDING))");
  }

  void Open() {
    features_.reset();
    engine_.reset();
    catalog_.reset();
    const data::Workspace workspace{.env = machine_.env,
                                    .name = "test",
                                    .project_dir = dir_.path(),
                                    .state_dir = dir_ / "state",
                                    .warehouse_dir = dir_ / "state/warehouse",
                                    .readable_roots = {dir_.path()}};
    MP_ASSERT_OK(machine_.local->CreateDirectories(workspace.state_dir));
    MP_ASSERT_OK_AND_ASSIGN(catalog_, data::Catalog::Open(workspace));
    MP_ASSERT_OK_AND_ASSIGN(engine_, data::SqlEngine::Open(*catalog_, {}));
    MP_ASSERT_OK_AND_ASSIGN(features_, platform::FeatureStore::Open(*catalog_, *engine_));
    MP_ASSERT_OK_AND_ASSIGN(
        tracking_, platform::TrackingStore::Open({dir_ / "state/meta.db", dir_ / "state/artifacts"},
                                                 machine_.random, machine_.clock));
    registry_.emplace(*tracking_, machine_.clock);
    artifacts_.emplace(*machine_.local);
  }

  void Sql(const std::string& text) {
    MP_ASSERT_OK_AND_ASSIGN(auto session, engine_->Connect({"local"}));
    MP_ASSERT_OK(session->Execute(text, "test.sql"));
  }

  TrainerParts Parts() {
    return {*catalog_, *engine_, *features_, *tracking_, *registry_, *artifacts_, {"ada"}};
  }

  static ModelDefinition Definition(const std::string& text = kStoppedModel) {
    auto parsed = ParseModelDefinition(text, "models/stopped.yml");
    EXPECT_THAT(parsed, millpond::testing::IsOk());
    return parsed.value_or(ModelDefinition());
  }

  static std::string With(const std::string& from, const std::string& to) {
    std::string text = kStoppedModel;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  Result<TrainReport> Train(const std::string& text = kStoppedModel, TrainOptions options = {}) {
    return Trainer(Parts()).Train(Definition(text), options);
  }

  millpond::testing::TempDir dir_;
  millpond::testing::TestEnvironment machine_;
  std::unique_ptr<data::Catalog> catalog_;
  std::unique_ptr<data::SqlEngine> engine_;
  std::unique_ptr<platform::FeatureStore> features_;
  std::unique_ptr<platform::TrackingStore> tracking_;
  std::optional<platform::ModelRegistry> registry_;
  std::optional<platform::ArtifactStore> artifacts_;
};

}  // namespace millpond::model
