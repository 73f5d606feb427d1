// Which version answers while the alias moves.
#include <atomic>
#include <thread>

#include "base/db/sqlite.h"
#include "model/serving/serving_test_project.h"

namespace millpond::model {
namespace {

using ::testing::HasSubstr;

class SwapTest : public ServingTest {
 protected:
  void SetUp() override {
    ServingTest::SetUp();
    Train(With("max_depth: 3", "max_depth: 2"));
  }
  void Promote(int64_t version) {
    MP_ASSERT_OK(registry_->SetAlias("stopped", "champion", version, "ada"));
  }
  std::string Version() { return Parsed(Ask(Customer(3)))["model_version"]; }
  std::string Problem() {
    Json problem = Parsed(Look("/endpoints/stopped"))["problem"];
    return problem.is_null() ? "" : problem.get<std::string>();
  }
  // Asks until the version answers; the watcher's time is not the test's to know.
  bool WaitFor(const std::string& version) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (Version() != version) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

TEST_F(SwapTest, NoRequestNoticesASwap) {
  OpenEndpoints({kStoppedModel});
  std::map<std::string, double> answers;  // what each version says
  for (int64_t version : {2, 1}) {
    Promote(version);
    endpoints_->Refresh();
    Json answer = Parsed(Ask(Customer(3)));
    answers[answer["model_version"]] = answer["predictions"][0].get<double>();
  }
  ASSERT_EQ(answers.size(), 2u);
  ASSERT_NE(answers["1"], answers["2"]);
  endpoints_->Start();
  std::atomic<bool> stop = false;
  std::atomic<int64_t> asked = 0, wrong = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        const HttpResponse response = Ask(Customer(3));
        ++asked;
        auto answer = ParseJson(response.body, "an answer");
        const bool right = response.status == 200 && answer &&
                           answers.at((*answer)["model_version"]) == (*answer)["predictions"][0];
        if (!right) ++wrong;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const int64_t version = i % 2 == 0 ? 2 : 1;
    Promote(version);
    EXPECT_TRUE(WaitFor(std::to_string(version)));
  }
  stop = true;
  for (auto& client : clients) client.join();
  endpoints_->Stop();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(asked, 100);
  EXPECT_GE(Parsed(Look("/endpoints/stopped"))["swaps"].get<double>(), 20);
}

TEST_F(SwapTest, TheVersionBeforeStaysLoaded) {
  OpenEndpoints({kStoppedModel});
  EXPECT_EQ(Version(), "2");
  Promote(1);
  endpoints_->Refresh();
  EXPECT_EQ(Version(), "1");
  MP_ASSERT_OK_AND_ASSIGN(auto version, registry_->GetVersion("stopped", 2));
  MP_ASSERT_OK(machine_.local->RemoveTree(version.source));
  Promote(2);
  endpoints_->Refresh();
  EXPECT_EQ(Version(), "2");
  EXPECT_EQ(Problem(), "");
}

TEST_F(SwapTest, AVersionThatCannotBeLoadedIsRefused) {
  Promote(1);
  OpenEndpoints({kStoppedModel});
  MP_ASSERT_OK_AND_ASSIGN(auto version, registry_->GetVersion("stopped", 2));
  const std::string file = JoinPath(version.source, "model.ubj");
  MP_ASSERT_OK_AND_ASSIGN(std::string whole, machine_.local->ReadFile(file));
  MP_ASSERT_OK(machine_.local->ReplaceFile(file, whole.substr(0, whole.size() / 2)));
  Promote(2);
  endpoints_->Refresh();
  EXPECT_EQ(Version(), "1");
  EXPECT_THAT(Problem(), HasSubstr("model.ubj"));
  EXPECT_EQ(Parsed(Look("/endpoints/stopped"))["state"], "READY_WITH_PROBLEM");
  Promote(1);
  endpoints_->Refresh();
  EXPECT_EQ(Problem(), "");
}

TEST_F(SwapTest, AVersionOfOtherFeaturesIsRefused) {
  Promote(1);
  OpenEndpoints({kStoppedModel});
  const Json before = Parsed(Ask(Customer(3)));
  Sql(R"(CREATE OR REPLACE FEATURE VIEW buying ENTITY (customer) TIMESTAMP ts AS SELECT
           days_between(max(ts) OVER life, as_of()) AS recency_days,
           count(*) OVER w AS purchases_30d, sum(amount) OVER w AS amount_30d,
           count(*) OVER life AS purchases
         FROM purchases
         WINDOW w AS (RANGE INTERVAL 60 DAYS PRECEDING), life AS (RANGE UNBOUNDED PRECEDING))");
  Promote(2);  // trained on the definition before
  endpoints_->Refresh();
  Json answer = Parsed(Ask(Customer(3)));
  EXPECT_EQ(answer["model_version"], "1");
  EXPECT_EQ(answer["predictions"], before["predictions"]);
  EXPECT_EQ(answer["degraded"], "none");
  EXPECT_THAT(Problem(), HasSubstr("buying.purchases_30d is not the one"));
  // One that was trained on it takes over, and those who hold the old version still get its values.
  const auto old = endpoints_->Find("stopped")->state()->model;
  Train();
  endpoints_->Refresh();
  EXPECT_EQ(Version(), "3");
  EXPECT_EQ(Problem(), "");
  auto request = old->schema().MakeBatch(1);
  request.columns[0].Set(0, kernel::Value::Bigint(3));
  MP_ASSERT_OK_AND_ASSIGN(auto values, old->GetFeatures(*online_, request, machine_.clock.Now()));
  MP_ASSERT_OK_AND_ASSIGN(auto scored, old->Score(request, &values, 0));
  EXPECT_EQ(scored.probabilities[0], before["predictions"][0].get<double>());
}

TEST_F(SwapTest, WithoutAnAliasItGoesOn) {
  OpenEndpoints({kStoppedModel});
  MP_ASSERT_OK_AND_ASSIGN(auto meta, SqliteDatabase::Open(dir_ / "state/meta.db"));
  MP_ASSERT_OK(meta.Execute("DELETE FROM registry_aliases"));
  endpoints_->Refresh();
  EXPECT_EQ(Version(), "2");
  EXPECT_THAT(Problem(), HasSubstr("no version of model stopped has the alias champion"));
  Promote(1);
  endpoints_->Refresh();
  EXPECT_EQ(Version(), "1");
  EXPECT_EQ(Problem(), "");
}

}  // namespace
}  // namespace millpond::model
