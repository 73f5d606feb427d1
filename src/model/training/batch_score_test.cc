// Batch scoring over a project with a trained model. Kept here since scoring must not know
// training.
#include "model/scoring/batch_score.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <map>

#include "data/arrow/status.h"
#include "model/scoring/scoring_model.h"
#include "model/training/trainer_test_project.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::HasSubstr;

class BatchScoreTest : public TrainerTest {
 protected:
  void SetUp() override {
    TrainerTest::SetUp();
    if (HasFatalFailure()) return;
    MP_ASSERT_OK_AND_ASSIGN(auto trained, Train());
    request_ = {.model = "stopped",
                .model_version = trained.version,
                .run_id = trained.run_id,
                .model_path = trained.model_path,
                .candidates_file = "models/stopped.yml",
                .candidates_sql =
                    "SELECT customer, count(*) AS bought FROM purchases\n"
                    "WHERE ts < :as_of GROUP BY customer",
                .as_of = *ParseTimestamp("2020-08-01"),
                .action = {"save", 50, 0.1},
                .reasons = 2,
                .table = "main.default.stopped_scores",
                .work_list = "main.default.stopped_work_list"};
  }

  Result<ScoreReport> Score() {
    return ScoreBatch({*catalog_, *engine_, *features_, {"ada"}}, request_);
  }

  Batch Rows(const std::string& select) {
    auto read = [&]() -> Result<Batch> {
      MP_ASSIGN_OR_RETURN(auto session, engine_->Connect({"ada"}));
      MP_ASSIGN_OR_RETURN(auto reader, session->Select(select));
      MP_ARROW_ASSIGN_OR_RETURN(auto table, reader->ToTable());
      MP_ARROW_ASSIGN_OR_RETURN(auto batch, table->CombineChunksToBatch());
      return platform::ToKernel(*batch);
    };
    auto rows = read();
    EXPECT_THAT(rows, millpond::testing::IsOk());
    return rows.value_or(Batch());
  }

  int64_t One(const std::string& select) {
    Batch rows = Rows(select);
    return rows.rows == 1 ? rows.columns[0].int64s()[0] : -1;
  }

  ScoreRequest request_;
};

TEST_F(BatchScoreTest, ScoresEveryCandidateAsTheModelDoes) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Score());
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(report.rows, One("SELECT count(DISTINCT customer) FROM purchases"));
  Batch scores = Rows("SELECT * FROM stopped_scores ORDER BY customer");
  EXPECT_EQ(scores.names,
            (std::vector<std::string>{"customer", "bought", "as_of", "model", "model_version",
                                      "margin", "probability", "reasons"}));
  EXPECT_EQ(scores.columns[2].int64s()[0], request_.as_of);
  // The features that were used lie beside; the model answers the same for them again.
  Batch features = Rows("SELECT * FROM stopped_scores_features ORDER BY customer");
  MP_ASSERT_OK_AND_ASSIGN(auto model, ScoringModel::Open(*machine_.local, request_.model_path));
  MP_ASSERT_OK_AND_ASSIGN(auto again, model->Score(features, 2));
  ASSERT_EQ(scores.rows, features.rows);
  for (size_t row = 0; row < static_cast<size_t>(scores.rows); ++row) {
    EXPECT_EQ(scores.columns[5].doubles()[row], again.margins[row]);
    EXPECT_EQ(scores.columns[6].doubles()[row], again.probabilities[row]);
    EXPECT_EQ(scores.columns[7].text(static_cast<int64_t>(row)), again.reasons[row]);
  }
  // And they are the features at T.
  EXPECT_EQ(One("SELECT count(*) FROM stopped_scores_features f JOIN (SELECT customer, count(*) n "
                "FROM purchases WHERE ts < TIMESTAMPTZ '2020-08-01 00:00:00+00' GROUP BY customer) "
                "p USING (customer) WHERE f.purchases <> p.n"),
            0);
}

TEST_F(BatchScoreTest, TheWorkListFillsTheCapacityPastTheHeldOut) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Score());
  EXPECT_EQ(report.work_list_rows - report.holdout_rows, 50);
  EXPECT_GT(report.holdout_rows, 0);
  EXPECT_EQ(One("SELECT count(*) FROM stopped_work_list WHERE NOT holdout"), 50);
  EXPECT_EQ(One("SELECT count(*) FROM stopped_work_list WHERE holdout AND propensity <> 0"), 0);
  EXPECT_EQ(One("SELECT count(DISTINCT rank) FROM stopped_work_list"), report.work_list_rows);
  // Nobody who is left out ranks above one who is on it.
  EXPECT_EQ(One("SELECT count(*) FROM stopped_scores WHERE margin > (SELECT min(margin) FROM "
                "stopped_work_list) AND customer NOT IN (SELECT customer FROM stopped_work_list)"),
            0);
  Batch first = Rows("SELECT rank, campaign, reasons FROM stopped_work_list ORDER BY rank LIMIT 1");
  EXPECT_EQ(first.columns[0].int64s()[0], 1);
  EXPECT_EQ(first.columns[1].text(0), "save");
  EXPECT_THAT(std::string(first.columns[2].text(0)), HasSubstr("\"contribution\""));
}

TEST_F(BatchScoreTest, NothingIsDoneTwice) {
  MP_ASSERT_OK_AND_ASSIGN(auto first, Score());
  Open();
  MP_ASSERT_OK_AND_ASSIGN(auto second, Score());
  EXPECT_TRUE(second.unchanged);
  EXPECT_EQ(second.version, first.version);
  EXPECT_EQ(second.work_list_version, first.work_list_version);
  EXPECT_EQ(second.rows, first.rows);
  EXPECT_EQ(second.work_list_rows, first.work_list_rows);
  // Another capacity concerns the list alone.
  request_.action.capacity = 20;
  MP_ASSERT_OK_AND_ASSIGN(auto third, Score());
  EXPECT_FALSE(third.unchanged);
  EXPECT_EQ(third.version, first.version);
  EXPECT_EQ(third.work_list_version, first.work_list_version + 1);
  // New rows concern everything.
  Sql("INSERT INTO purchases SELECT customer, ts - INTERVAL 1 DAY, amount FROM purchases "
      "WHERE customer = 7");
  MP_ASSERT_OK_AND_ASSIGN(auto fourth, Score());
  EXPECT_FALSE(fourth.unchanged);
  EXPECT_GT(fourth.version, first.version);
}

TEST_F(BatchScoreTest, AMissingWorkListIsMadeByTheNextRun) {
  std::string list = request_.work_list;
  request_.work_list.clear();
  MP_ASSERT_OK(Score());
  request_.work_list = list;  // as if the first run had been killed before the list
  MP_ASSERT_OK_AND_ASSIGN(auto report, Score());
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(report.work_list_rows - report.holdout_rows, 50);
}

TEST_F(BatchScoreTest, AModelIsRefusedFeaturesItWasNotTrainedOn) {
  Sql(R"(CREATE OR REPLACE FEATURE VIEW buying ENTITY (customer) TIMESTAMP ts AS SELECT
           days_between(max(ts) OVER life, as_of()) AS recency_days,
           count(*) OVER w AS purchases_30d, sum(amount) OVER w AS amount_30d,
           count(*) OVER life AS purchases
         FROM purchases
         WINDOW w AS (RANGE INTERVAL 31 DAYS PRECEDING), life AS (RANGE UNBOUNDED PRECEDING))");
  EXPECT_THAT(Score(), FailsWith(ErrorKind::kConflict, HasSubstr("buying.purchases_30d")));
}

TEST_F(BatchScoreTest, ErrorsNameTheirPlace) {
  std::string good = request_.candidates_sql;
  request_.candidates_sql = "SELECT customer AS who FROM purchases";
  EXPECT_THAT(Score(), FailsWith(ErrorKind::kInvalidArgument,
                                 AllOf(HasSubstr("stopped.yml"), HasSubstr("'customer'"))));
  request_.candidates_sql = "\n\nSELECT customer FROM purchase";
  EXPECT_THAT(Score(), FailsWith(ErrorKind::kNotFound, HasSubstr("stopped.yml:3:")));
  request_.candidates_sql = "SELECT DISTINCT customer, 1 AS margin FROM purchases";
  EXPECT_THAT(Score(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("rename it")));
  request_.candidates_sql = good;
  request_.model_path = dir_ / "no_model";
  EXPECT_THAT(Score(), FailsWith(ErrorKind::kNotFound, HasSubstr("no_model")));
}

}  // namespace
}  // namespace millpond::model
