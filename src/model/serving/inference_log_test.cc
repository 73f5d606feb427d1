#include "model/serving/inference_log.h"

#include <atomic>
#include <thread>

#include "model/serving/serving_test_project.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using ::testing::AllOf;
using ::testing::HasSubstr;

class InferenceLogTest : public ServingTest {
 protected:
  Json Log() { return Parsed(Look("/endpoints/stopped"))["log"]; }
  void Flush() { endpoints_->LogOf(*endpoints_->Find("stopped"))->Flush(); }
};

TEST_F(InferenceLogTest, EveryAnswerIsARowWithWhatItWasMadeOf) {
  OpenEndpoints({Serving("{log_every: 1 hour}")});  // a commit would wake the store
  Json answer = Parsed(Ask(R"({"inputs":{"customer":[3,4]},"params":{"margins":true}})"));
  machine_.clock.Advance(5 * kMicrosPerSecond);
  Parsed(Ask(Customer(5)));  // stale
  Parsed(Ask("{}"), 400);
  Flush();
  Batch rows = Rows("SELECT * FROM stopped_inference ORDER BY as_of, row");
  EXPECT_EQ(
      rows.names,
      (std::vector<std::string>{
          "request_id", "row", "as_of", "customer", "recency_days", "purchases_30d", "amount_30d",
          "purchases", "buying_source_version", "buying_view_version", "feature_age_us", "margin",
          "probability", "model", "model_version", "run_id", "marked", "degraded", "latency_us"}));
  ASSERT_EQ(rows.rows, 3);
  auto value = [&](const char* name, int64_t row) {
    return rows.columns[static_cast<size_t>(rows.Find(name))].ValueAt(row);
  };
  EXPECT_EQ(value("request_id", 0), kernel::Value::Varchar("r-1"));
  EXPECT_EQ(value("row", 1), kernel::Value::Bigint(1));
  EXPECT_EQ(value("as_of", 1), kernel::Value::Timestamp(*ParseTimestamp("2021-01-01")));
  EXPECT_EQ(value("customer", 1), kernel::Value::Bigint(4));
  EXPECT_EQ(value("probability", 1).number(), answer["predictions"][1].get<double>());
  EXPECT_EQ(value("margin", 1).number(), answer["margins"][1].get<double>());
  EXPECT_EQ(value("model", 1), kernel::Value::Varchar("stopped"));
  EXPECT_EQ(value("model_version", 1), kernel::Value::Bigint(1));
  EXPECT_EQ(value("run_id", 1), kernel::Value::Varchar(trained_.run_id));
  EXPECT_EQ(value("buying_view_version", 1), kernel::Value::Bigint(1));
  EXPECT_EQ(value("marked", 1), kernel::Value::Boolean(false));
  EXPECT_EQ(value("marked", 2), kernel::Value::Boolean(true));
  EXPECT_EQ(value("degraded", 2), kernel::Value::Varchar("stale_features"));
  EXPECT_EQ(value("feature_age_us", 2), kernel::Value::Bigint(5 * kMicrosPerSecond));
  EXPECT_GE(value("latency_us", 0).int64(), 0);
  // The features are those of T.
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference i JOIN (SELECT customer, count(*) n FROM "
                "purchases GROUP BY customer) p USING (customer) WHERE i.purchases = p.n"),
            3);
  EXPECT_EQ(Log()["written_rows"], 3);
  EXPECT_EQ(Log()["lost_rows"], 0);
  EXPECT_EQ(Log()["table"], "main.default.stopped_inference");
}

TEST_F(InferenceLogTest, WhatWaitsIsCommittedAtTheEnd) {
  OpenEndpoints({Serving("{log_every: 1 hour}")});
  for (int i = 0; i < 50; ++i) Parsed(Ask(Customer(i)));
  EXPECT_EQ(Log()["waiting_rows"], 50);
  machine_.env.cancellation.Cancel();  // as a server is told to stop
  endpoints_->Stop();
  machine_.env.cancellation = {};
  router_.reset();
  endpoints_.reset();
  online_.reset();
  Open();
  EXPECT_EQ(One("SELECT count(DISTINCT customer) FROM stopped_inference"), 50);
}

TEST_F(InferenceLogTest, SyncIsDurableBeforeTheAnswerAndSharesCommits) {
  OpenEndpoints({Serving("{log: sync}")});
  for (const auto& route : router_->routes()) {
    if (route->pattern.ends_with("stopped/invocations")) {
      EXPECT_EQ(route->thread, RouteThread::kBlocking);
    }
  }
  Parsed(Ask(Customer(1)));
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference"), 1);
  constexpr int kClients = 8, kEach = 10;
  std::atomic<int> failed = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < kEach; ++i) {
        if (Ask(Customer(client * kEach + i)).status != 200) ++failed;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference"), 1 + kClients * kEach);
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable({.table = "stopped_inference"}));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  EXPECT_LT(snapshot->version(), kClients * kEach);
}

TEST_F(InferenceLogTest, SyncRefusesWhatItCannotKeep) {
  Sql("CREATE TABLE stopped_inference AS SELECT 'high' AS margin");
  OpenEndpoints({Serving("{log: sync}")});
  EXPECT_THAT(
      Parsed(Ask(Customer(1)), 503)["message"].get<std::string>(),
      AllOf(HasSubstr("could not be kept"), HasSubstr("'margin'"), HasSubstr("serve.table")));
  Sql("DROP TABLE stopped_inference");
  Parsed(Ask(Customer(1)));
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference"), 1);
}

TEST_F(InferenceLogTest, AsyncShowsItsProblemAndTriesAgain) {
  Sql("CREATE TABLE stopped_inference AS SELECT 'high' AS margin");
  OpenEndpoints({kStoppedModel});
  Parsed(Ask(Customer(1)));
  Flush();
  EXPECT_THAT(Log()["problem"].get<std::string>(), HasSubstr("'margin'"));
  EXPECT_EQ(Log()["waiting_rows"], 1);
  Parsed(Ask(Customer(2)));
  Sql("DROP TABLE stopped_inference");
  Flush();
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference"), 2);
  EXPECT_TRUE(Log()["problem"].is_null());
  EXPECT_EQ(Log()["lost_rows"], 0);
}

TEST_F(InferenceLogTest, ASampleIsOfEntities) {
  OpenEndpoints({Serving("{log: sample, sample: 0.25}")});
  std::string list;
  for (int i = 0; i < 400; ++i) list += fmt::format("{}{}", i == 0 ? "" : ",", i);
  const std::string everybody = R"({"inputs":{"customer":[)" + list + "]}}";
  for (int i = 0; i < 2; ++i) Parsed(Ask(everybody));
  Flush();
  const int64_t customers = One("SELECT count(DISTINCT customer) FROM stopped_inference");
  EXPECT_GT(customers, 60);
  EXPECT_LT(customers, 140);
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference"), 2 * customers);
}

TEST_F(InferenceLogTest, ALaterModelWidensTheTable) {
  OpenEndpoints({kStoppedModel});
  Parsed(Ask(Customer(1)));
  Train(WithRequestFeatures());
  endpoints_->Refresh();
  Parsed(
      Ask(R"({"instances":[{"customer":2,"region":"north","bill":1.5,"vip":null,"share":0.5}]})"));
  Flush();
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference WHERE region IS NULL AND customer = 1 "
                "AND model_version = 1"),
            1);
  EXPECT_EQ(One("SELECT count(*) FROM stopped_inference WHERE region = 'north' AND bill = 1.5 "
                "AND vip IS NULL AND share = 0.5 AND model_version = 2"),
            1);
}

TEST_F(InferenceLogTest, AFullBufferLosesAndCounts) {
  OpenEndpoints({Serving("{log: off}")});
  Endpoint& endpoint = *endpoints_->Find("stopped");
  EXPECT_TRUE(Log().is_null());
  InferenceLogOptions options;
  options.table = {.table = "little"};
  options.max_bytes = 8 << 10;
  options.commit_interval_ms = 3'600'000;
  MP_ASSERT_OK_AND_ASSIGN(auto log, InferenceLog::Open(*catalog_, "little", options, *metrics_));
  endpoint.SetListener(log.get());
  for (int i = 0; i < 100; ++i) Parsed(Ask(Customer(i)));
  const InferenceLog::State state = log->state();
  EXPECT_GT(state.waiting_rows, 10);
  EXPECT_GT(state.lost_rows, 10);
  EXPECT_EQ(state.waiting_rows + state.lost_rows, 100);
  endpoint.SetListener(nullptr);
  log->Stop();
  EXPECT_EQ(One("SELECT count(*) FROM little"), state.waiting_rows);
  EXPECT_EQ(
      metrics_->FindCounter("millpond_endpoint_log_lost_rows_total", "", {{"endpoint", "little"}})
          .value(),
      static_cast<double>(state.lost_rows));
}

TEST_F(InferenceLogTest, AModelWithATakenNameDoesNotAnswer) {
  std::string text = WithRequestFeatures();
  for (size_t at; (at = text.find("share")) != std::string::npos;) text.replace(at, 5, "MARGIN");
  Train(text);
  OpenEndpoints({text});
  EXPECT_THAT(Parsed(Ask(Customer(1)), 503)["message"].get<std::string>(),
              HasSubstr("cannot have the column 'MARGIN' twice"));
}

}  // namespace
}  // namespace millpond::model
