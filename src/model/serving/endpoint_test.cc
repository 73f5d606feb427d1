// Endpoints over a real project: what they answer, and what they answer when something is missing
// (the table of docs/serving.md).
#include <map>

#include "model/scoring/batch_score.h"
#include "model/serving/serving_test_project.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EndpointTest : public ServingTest {
 protected:
  // Batch scoring of everybody now, beside what was sent: by customer.
  struct Expected {
    double margin = 0, probability = 0;
    std::string reasons, body;
  };
  std::map<int64_t, Expected> ScoreEverybody(const std::string& further_columns = "") {
    ScoreRequest request{.model = "stopped",
                         .model_version = trained_.version,
                         .run_id = trained_.run_id,
                         .model_path = trained_.model_path,
                         .candidates_file = "test.sql",
                         .candidates_sql = "SELECT customer" + further_columns +
                                           " FROM (SELECT DISTINCT customer FROM purchases)",
                         .as_of = machine_.clock.Now(),
                         .action = {},
                         .reasons = 3,
                         .table = "main.default.scores",
                         .work_list = ""};
    auto report = ScoreBatch({*catalog_, *engine_, *features_, {"ada"}}, request);
    EXPECT_THAT(report, millpond::testing::IsOk());
    std::map<int64_t, Expected> expected;
    Batch rows = Rows("SELECT * FROM scores ORDER BY customer");
    auto column = [&](const char* name) -> const kernel::Column& {
      return rows.columns[static_cast<size_t>(rows.Find(name))];
    };
    for (int64_t row = 0; row < rows.rows; ++row) {
      const auto at = static_cast<size_t>(row);
      expected[column("customer").int64s()[at]] = {column("margin").doubles()[at],
                                                   column("probability").doubles()[at],
                                                   std::string(column("reasons").text(row)), ""};
    }
    return expected;
  }

  void ExpectAnswers(const std::map<int64_t, Expected>& expected) {
    ASSERT_GT(expected.size(), 300u);
    for (const auto& [customer, want] : expected) {
      const std::string body = fmt::format(
          R"({{"dataframe_records":[{}],"params":{{"margins":true,"reasons":3}}}})",
          want.body.empty() ? fmt::format(R"({{"customer":{}}})", customer) : want.body);
      Json answer = Parsed(Ask(body));
      ASSERT_EQ(answer["predictions"].size(), 1u);
      EXPECT_EQ(answer["predictions"][0].get<double>(), want.probability) << customer;
      EXPECT_EQ(answer["margins"][0].get<double>(), want.margin) << customer;
      EXPECT_EQ(answer["reasons"][0], *ParseJson(want.reasons, "reasons")) << customer;
      EXPECT_EQ(answer["degraded"], "none");
    }
  }
};

TEST_F(EndpointTest, AnswersWhatBatchScoringSays) {
  OpenEndpoints({kStoppedModel});
  ExpectAnswers(ScoreEverybody());
  // And when rows come that are known from their commit on.
  machine_.clock.Advance(kMicrosPerDay);
  Sql("INSERT INTO purchases SELECT customer, TIMESTAMPTZ '2021-01-01 12:00:00+00', 5 "
      "FROM (SELECT DISTINCT customer FROM purchases) WHERE customer % 2 = 0");
  machine_.clock.Advance(10 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  ExpectAnswers(ScoreEverybody());
}

TEST_F(EndpointTest, AsksWhoMayCallTheModel) {
  OpenEndpoints({kStoppedModel});
  Parsed(Ask(Customer(1)));
  access_.forbidden = "stopped";
  EXPECT_THAT(Parsed(Ask(Customer(1)), 403)["message"].get<std::string>(),
              HasSubstr("EXECUTE stopped"));
  Parsed(Ask(Customer(1), "/invocations"), 403);
}

TEST_F(EndpointTest, TakesRequestFeaturesAsTrainingDid) {
  Train(WithRequestFeatures());
  OpenEndpoints({WithRequestFeatures()});
  auto expected = ScoreEverybody(
      ", CASE WHEN customer % 3 = 0 THEN 'north' ELSE 'south' END AS region,"
      " ((customer % 7) / 4)::DECIMAL(10,2) AS bill, customer % 2 = 0 AS vip,"
      " (customer % 5)::DOUBLE / 3 AS share");
  for (auto& [customer, want] : expected) {
    want.body = DumpJson(Json{{"customer", customer},
                              {"region", customer % 3 == 0 ? "north" : "south"},
                              {"bill", static_cast<double>(customer % 7) / 4},
                              {"vip", customer % 2 == 0},
                              {"share", static_cast<double>(customer % 5) / 3}});
  }
  ExpectAnswers(expected);
  Json whole = Parsed(Look("/endpoints/stopped"));
  EXPECT_EQ(whole["columns"][0]["name"], "customer");
  EXPECT_EQ(whole["columns"][2]["type"], "DECIMAL(10,2)");
  EXPECT_THAT(Ask(Customer(1)).body, HasSubstr("lacks the column 'region'"));
}

TEST_F(EndpointTest, AnAnswerSaysWhoMadeIt) {
  OpenEndpoints({kStoppedModel});
  Json answer = Parsed(Ask(R"({"inputs":{"customer":[1,2,999999]},"params":{"top_k":3}})"));
  EXPECT_EQ(answer["predictions"].size(), 3u);
  EXPECT_FALSE(answer.contains("margins"));
  EXPECT_EQ(answer["model"], "stopped");
  EXPECT_EQ(answer["model_version"], "1");
  EXPECT_EQ(answer["as_of"], "2021-01-01T00:00:00.000000Z");
  EXPECT_EQ(answer["feature_age_ms"], 0);
  EXPECT_EQ(answer["request_id"], "r-1");
  EXPECT_EQ(answer["ignored_params"], Json({"top_k"}));
  EXPECT_EQ(Parsed(Ask(Customer(2)))["predictions"][0], answer["predictions"][1]);
  EXPECT_EQ(Parsed(Ask(Customer(2), "/invocations"))["predictions"][0], answer["predictions"][1]);
  EXPECT_EQ(Parsed(Ask(R"({"instances":[]})"))["predictions"], Json::array());
  Json list = Parsed(Look("/endpoints"))["endpoints"];
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["state"], "READY");
  EXPECT_EQ(list[0]["requests"], 4);
  EXPECT_EQ(list[0]["rows"], 5);
  EXPECT_EQ(list[0]["answers"]["none"], 4);
  EXPECT_GT(list[0]["latency_p99_ms"].get<double>(), 0);
  EXPECT_EQ(Look("/ping").status, 200);
  EXPECT_EQ(Look("/version").body, "0.4.0");
  EXPECT_EQ(Parsed(Look("/api/2.0/endpoints/"))["endpoints"][0]["name"], "stopped");
}

TEST_F(EndpointTest, WhatIsWrongWithARequestIsSaid) {
  OpenEndpoints({Serving("{max_rows: 2}")});
  const std::string path = "/endpoints/stopped/invocations";
  EXPECT_THAT(Parsed(Ask("customer\n1\n", path, "text/csv"), 415)["message"].get<std::string>(),
              HasSubstr("takes JSON, not text/csv"));
  Parsed(Ask(Customer(1), path, "application/json; charset=utf-8"));
  Parsed(Ask(Customer(1), path, ""));
  EXPECT_EQ(Parsed(Ask("{", path), 400)["error_code"], "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(Parsed(Ask(R"({"inputs":{"customer":[1,2,3]}})"), 413)["message"].get<std::string>(),
              HasSubstr("at most 2 rows"));
  EXPECT_THAT(
      Parsed(Ask(Customer(1), "/endpoints/stoped/invocations"), 404)["message"].get<std::string>(),
      HasSubstr("did you mean 'stopped'?"));
  EXPECT_THAT(Ask(R"({"instances":[{"recency_days":1}]})").body, HasSubstr("computed here"));
  Json list = Parsed(Look("/endpoints"))["endpoints"];
  EXPECT_EQ(list[0]["errors"]["request"], 4);
  EXPECT_EQ(list[0]["errors"]["server"], 0);
}

TEST_F(EndpointTest, WithoutAModelItSaysWhatToRun) {
  std::string other = With("name: stopped", "name: other");
  OpenEndpoints({other, kStoppedModel});
  EXPECT_THAT(
      Parsed(Ask(Customer(1), "/endpoints/other/invocations"), 503)["message"].get<std::string>(),
      AllOf(HasSubstr("endpoint other has no model"), HasSubstr("run `millpond run`")));
  EXPECT_EQ(Parsed(Look("/endpoints/other"))["state"], "NOT_READY");
  // Two endpoints: /invocations has to be told which.
  EXPECT_THAT(Parsed(Ask(Customer(1), "/invocations"), 404)["message"].get<std::string>(),
              HasSubstr("There are: other, stopped"));
  HttpRequest named{.method = "POST", .path = "/invocations", .body = Customer(1)};
  named.headers.Add("X-Millpond-Endpoint", "stopped");
  Json answer = Parsed(router_->Dispatch(named));
  EXPECT_EQ(answer["model"], "stopped");
  EXPECT_EQ(answer["request_id"].get<std::string>().size(), 36u);
  Train(other);
  endpoints_->Refresh();
  EXPECT_EQ(Parsed(Ask(Customer(1), "/endpoints/other/invocations"))["model"], "other");
}

// The real store, of which reads can be made to fail.
class BreakableStore : public platform::OnlineStore {
 public:
  explicit BreakableStore(platform::OnlineStore& store) : store_(store) {}
  Status Serve(const std::string& view) override { return store_.Serve(view); }
  std::vector<platform::OnlineViewStatus> Views() const override { return store_.Views(); }
  Result<std::vector<kernel::SourceColumn>> EntityColumns(const std::string& view) const override {
    return store_.EntityColumns(view);
  }
  Result<platform::OnlineFeatures> Get(const std::string& view, const Batch& entity, Micros as_of,
                                       int64_t version) override {
    if (broken) return Fail(ErrorKind::kUnavailable, "the disk is on fire");
    return store_.Get(view, entity, as_of, version);
  }
  Status CatchUp() override { return store_.CatchUp(); }

  bool broken = false;

 private:
  platform::OnlineStore& store_;
};

// Without a log: its commits would wake the store, which is to be behind here.
class DegradedTest : public EndpointTest {
 protected:
  // What the model says to rows without features.
  double WithoutFeatures() {
    const auto state = endpoints_->Find("stopped")->state();
    auto scored = state->model->Score(state->model->schema().MakeBatch(1), nullptr, 0);
    EXPECT_THAT(scored, millpond::testing::IsOk());
    return scored ? scored->probabilities[0] : -1;
  }
};

TEST_F(DegradedTest, WithoutAFeatureStoreItRefusesByDefault) {
  OpenEndpointsOver(nullptr, {kStoppedModel});
  Json refused = Parsed(Ask(Customer(1)), 503);
  EXPECT_EQ(refused["error_code"], "TEMPORARILY_UNAVAILABLE");
  EXPECT_THAT(refused["message"].get<std::string>(),
              AllOf(HasSubstr("serve.degraded says refuse"), HasSubstr("another process has it")));
  EXPECT_EQ(Parsed(Look("/endpoints/stopped"))["errors"]["server"], 1);
}

TEST_F(DegradedTest, WithoutAFeatureStoreItAnswersFromDefaultsWhereThatIsDeclared) {
  OpenEndpointsOver(nullptr, {Serving("{log: off, degraded: default_features}")});
  Json answer = Parsed(Ask(Customer(1)));
  EXPECT_EQ(answer["degraded"], "default_features");
  EXPECT_EQ(answer["predictions"][0].get<double>(), WithoutFeatures());
  EXPECT_TRUE(answer["feature_age_ms"].is_null());
  EXPECT_EQ(Parsed(Look("/endpoints/stopped"))["answers"]["default_features"], 1);
}

TEST_F(DegradedTest, AReadThatFailsIsDegradedAndComesBack) {
  OpenOnline();
  BreakableStore store(*online_);
  OpenEndpointsOver(&store, {Serving("{log: off, degraded: default_features}")});
  Json before = Parsed(Ask(Customer(1)));
  EXPECT_EQ(before["degraded"], "none");
  store.broken = true;
  Json broken = Parsed(Ask(Customer(1)));
  EXPECT_EQ(broken["degraded"], "default_features");
  EXPECT_EQ(broken["predictions"][0].get<double>(), WithoutFeatures());
  store.broken = false;
  EXPECT_EQ(Parsed(Ask(Customer(1)))["predictions"], before["predictions"]);
  endpoints_.reset();
}

TEST_F(DegradedTest, AFallbackModelAnswers) {
  const std::string backup = With("name: stopped", "name: backup");
  Train(backup);
  OpenOnline();
  BreakableStore store(*online_);
  OpenEndpointsOver(&store,
                    {Serving("{log: off, degraded: fallback_model, fallback: backup@champion}")});
  EXPECT_EQ(Parsed(Ask(Customer(1)))["model"], "stopped");
  store.broken = true;
  Json answer = Parsed(Ask(Customer(1)));
  EXPECT_EQ(answer["degraded"], "fallback_model");
  EXPECT_EQ(answer["model"], "backup");
  EXPECT_EQ(answer["model_version"], "1");
  EXPECT_EQ(answer["predictions"].size(), 1u);
  endpoints_.reset();
}

TEST_F(DegradedTest, AFallbackThatCannotAnswerIsNamed) {
  OpenEndpointsOver(nullptr, {Serving("{log: off, degraded: fallback_model, fallback: backup@7}")});
  EXPECT_THAT(Parsed(Ask(Customer(1)), 503)["message"].get<std::string>(),
              AllOf(HasSubstr("its fallback cannot answer"), HasSubstr("backup")));
  // Nor one that wants what requests to this endpoint do not have.
  std::string backup = WithRequestFeatures();
  backup.replace(0, backup.find('\n'), "name: backup");
  Train(backup);
  OpenEndpointsOver(nullptr, {Serving("{log: off, degraded: fallback_model, fallback: backup@1}")});
  EXPECT_THAT(Parsed(Ask(Customer(1)), 503)["message"].get<std::string>(),
              HasSubstr("backup needs the column 'region'"));
}

TEST_F(DegradedTest, StaleFeaturesAreMarkedAndAnswered) {
  OpenEndpoints({Serving("{log: off}")});
  machine_.clock.Advance(5 * kMicrosPerSecond);  // the view settles in one
  Json answer = Parsed(Ask(Customer(1)));
  EXPECT_EQ(answer["degraded"], "stale_features");
  EXPECT_EQ(answer["feature_age_ms"], 5000);
  MP_ASSERT_OK(online_->CatchUp());
  EXPECT_EQ(Parsed(Ask(Customer(1)))["degraded"], "none");
}

TEST_F(DegradedTest, FeaturesPastTheirAgeCountAsMissing) {
  OpenEndpoints({Serving("{log: off, max_feature_age: 5 minutes, degraded: default_features}")});
  machine_.clock.Advance(299 * kMicrosPerSecond);
  EXPECT_EQ(Parsed(Ask(Customer(1)))["degraded"], "stale_features");
  machine_.clock.Advance(2 * kMicrosPerSecond);
  EXPECT_EQ(Parsed(Ask(Customer(1)))["degraded"], "default_features");
  OpenEndpoints({Serving("{log: off, max_feature_age: 5 minutes}")});
  EXPECT_THAT(Parsed(Ask(Customer(1)), 503)["message"].get<std::string>(),
              HasSubstr("older than max_feature_age allows (300 s)"));
}

}  // namespace
}  // namespace millpond::model
