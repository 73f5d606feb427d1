#include "model/serving/inference_audit.h"

#include "model/serving/serving_test_project.h"

namespace millpond::model {
namespace {

using platform::AuditKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InferenceAuditTest : public ServingTest {
 protected:
  void SetUp() override {
    ServingTest::SetUp();
    OpenEndpoints({kStoppedModel});
  }

  void Answer(int64_t customer) {
    Parsed(Ask(Customer(customer)));
    endpoints_->LogOf(*endpoints_->Find("stopped"))->Flush();
    MP_ASSERT_OK(online_->CatchUp());
  }

  std::vector<InferenceAudit> Audit(const InferenceAuditRequest& request = {},
                                    const std::string& model = kStoppedModel) {
    auto audits =
        AuditInferences({*features_, *registry_, *engine_, {"ada"}}, Parse(model), request);
    EXPECT_THAT(audits, millpond::testing::IsOk());
    return audits.value_or(std::vector<InferenceAudit>());
  }
  int64_t Kept() { return One("SELECT count(*) FROM main.monitoring.audits"); }
};

TEST_F(InferenceAuditTest, NothingServedIsNothingAudited) {
  EXPECT_THAT(Audit(), IsEmpty());
}

TEST_F(InferenceAuditTest, WhatWasServedIsEqualUnderBothRules) {
  Answer(3);
  machine_.clock.Advance(kMicrosPerDay);  // two days of T
  Sql("INSERT INTO purchases VALUES (3, TIMESTAMPTZ '2021-01-01 12:00:00+00', 5)");
  machine_.clock.Advance(10 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  Answer(3);
  machine_.clock.Advance(kMicrosPerSecond);
  auto audits = Audit();
  ASSERT_EQ(audits.size(), 2u);
  for (const auto& audit : audits) {
    EXPECT_EQ(audit.table, "main.default.stopped_inference");
    EXPECT_EQ(audit.report.view, "buying");
    EXPECT_EQ(audit.report.rows, 2);
    EXPECT_EQ(audit.report.equal, 2) << DumpJson(audit.report.ToJson());
  }
  EXPECT_EQ(Kept(), 2);
  EXPECT_EQ(One("SELECT sum(equal)::BIGINT FROM main.monitoring.audits"), 4);
}

TEST_F(InferenceAuditTest, GoesOnWhereItEndedAndKeepsNoLook) {
  Answer(3);
  machine_.clock.Advance(kMicrosPerDay);
  EXPECT_EQ(Audit()[0].report.rows, 1);
  EXPECT_EQ(Audit()[0].report.rows, 0);  // a day later: past the overlap
  EXPECT_EQ(Kept(), 4);
  const auto look = Audit({.kinds = {AuditKind::kSkew}, .from = *ParseTimestamp("2020-12-31")});
  ASSERT_EQ(look.size(), 1u);
  EXPECT_EQ(look[0].report.rows, 1);
  EXPECT_EQ(Kept(), 4);
}

TEST_F(InferenceAuditTest, ARowThatWasServedOtherwiseIsNamed) {
  Answer(3);
  Sql("INSERT INTO stopped_inference SELECT * REPLACE ('forged' AS request_id, purchases + 1 AS "
      "purchases) FROM stopped_inference");
  machine_.clock.Advance(kMicrosPerSecond);
  const auto audits = Audit();
  ASSERT_EQ(audits.size(), 2u);
  for (const auto& audit : audits) {
    EXPECT_EQ(audit.report.different, 1);
    EXPECT_EQ(audit.report.equal, 1);
    ASSERT_EQ(audit.report.first.size(), 1u);
    EXPECT_EQ(audit.report.first[0].request_id, "forged");
    EXPECT_EQ(audit.report.first[0].feature, "purchases");
  }
}

TEST_F(InferenceAuditTest, AnswersWithoutFeaturesAreCountedApart) {
  Answer(3);
  Sql("INSERT INTO stopped_inference SELECT * REPLACE (NULL AS buying_source_version, NULL AS "
      "purchases, true AS marked) FROM stopped_inference");
  machine_.clock.Advance(kMicrosPerSecond);
  const auto audits = Audit();
  ASSERT_EQ(audits.size(), 2u);
  EXPECT_EQ(audits[0].report.rows, 1);
  EXPECT_EQ(audits[0].without_features, 1);
}

TEST_F(InferenceAuditTest, EachVersionOfTheModelIsAuditedByItsOwnFeatures) {
  std::string text = kStoppedModel;
  const std::string views = "views: [{name: buying}]";
  text.replace(text.find(views), views.size(), "views: [{name: buying, exclude: [purchases]}]");
  Train(text);
  OpenEndpoints({text});
  Answer(3);  // by version 2, without a column of the feature
  Train(kStoppedModel);
  OpenEndpoints({kStoppedModel});
  Answer(3);  // by version 3, which widens the table
  machine_.clock.Advance(kMicrosPerSecond);
  const auto audits = Audit();
  ASSERT_EQ(audits.size(), 2u);
  EXPECT_EQ(audits[0].report.equal, 2) << DumpJson(audits[0].report.ToJson());
  MP_ASSERT_OK(registry_->DeleteVersion("stopped", 2, "ada"));
  const auto gone = Audit({.from = 0});
  EXPECT_EQ(gone[0].report.equal, 1);
  EXPECT_EQ(gone[0].report.unauditable, 1);
}

TEST_F(InferenceAuditTest, FeaturesThatTheModelLeavesOutAreNotAskedFor) {
  std::string text = kStoppedModel;
  const std::string views = "views: [{name: buying}]";
  ASSERT_NE(text.find(views), std::string::npos);
  text.replace(text.find(views), views.size(), "views: [{name: buying, exclude: [recency_days]}]");
  Train(text);
  endpoints_->Refresh();
  OpenEndpoints({text});
  Answer(4);
  machine_.clock.Advance(kMicrosPerSecond);
  const auto audits = Audit({}, text);
  ASSERT_EQ(audits.size(), 2u);
  EXPECT_EQ(audits[0].report.equal, 1);
  Sql("CREATE OR REPLACE TABLE stopped_inference AS SELECT * EXCLUDE (purchases_30d, amount_30d, "
      "purchases) FROM stopped_inference");
  const auto bare = Audit({.from = 0}, text);
  EXPECT_EQ(bare[0].report.unauditable, 1);
  EXPECT_THAT(bare[0].report.unauditable_because,
              ElementsAre(HasSubstr("have no feature of buying")));
}

}  // namespace
}  // namespace millpond::model
