#include "pipeline/flows/flow_runner.h"

#include <filesystem>

#include "pipeline/flows/flow_test_project.h"
#include "pipeline/flows/flow_turn.h"
#include "pipeline/flows/push_flow_test_text.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kPatienceMs = 60'000;

// Silver from files and pushes, and a view of it.
constexpr const char* kShop =
    "CREATE STREAMING TABLE lines AS SELECT line, file FROM STREAM read_files('data', format => "
    "'text');\n"
    "CREATE STREAMING TABLE events AS\n"
    "SELECT CAST(line AS BIGINT) AS user_id FROM STREAM(lines)\n"
    "UNION ALL SELECT user_id FROM STREAM(clicks);\n"
    "CREATE MATERIALIZED VIEW users AS SELECT count(*) AS n FROM events;\n";

class FlowRunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    project_.Write("transformations/1.sql", std::string(kPushed) + kShop);
    project_.Write("data/a.txt", "1\n");
    opened_ = *project_.Open();
    spools_.emplace(opened_.catalog->workspace(), IngestLimits{}, metrics_);
  }
  void TearDown() override { runner_.reset(); }

  // With the given waits; a minute where the test should see that nobody needed to wait for it.
  void Start(int poll_ms = 60'000, int view_gap_ms = 60'000) {
    FlowRunnerOptions options{.transformations = project_.dir() + "/transformations",
                              .poll_interval_ms = poll_ms,
                              .commit_interval_ms = 1,
                              .view_gap_ms = view_gap_ms,
                              .retry_first_ms = 20,
                              .retry_last_ms = 100};
    options.on_turn = [this](const FlowReport& report, const std::string& error) {
      std::lock_guard lock(mutex_);
      turns_.push_back(report.name + (error.empty() ? "" : " failed"));
      changed_.notify_all();
    };
    MP_ASSERT_OK_AND_ASSIGN(
        runner_,
        FlowRunner::Start({*opened_.catalog, *opened_.engine, &*spools_, metrics_}, options));
  }

  void Push(const std::string& rows) {
    MP_EXPECT_OK(spools_->Push({"main", "default", "clicks"}, rows, PushForm::kJson, ""));
  }

  // Waits for a turn of the flow that changed something (or failed); earlier ones do not count.
  void Await(const std::string& turn) {
    std::unique_lock lock(mutex_);
    bool seen = changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMs), [&] {
      auto found = std::find(turns_.begin(), turns_.end(), turn);
      if (found == turns_.end()) return false;
      turns_.erase(turns_.begin(), found + 1);
      return true;
    });
    EXPECT_TRUE(seen) << turn;
  }

  std::vector<std::string> Rows(const std::string& sql) { return project_.Rows(sql); }

  TestProject project_;
  MetricsRegistry metrics_;
  TestProject::Opened opened_;
  std::optional<IngestSpools> spools_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> turns_;
  std::unique_ptr<FlowRunner> runner_;
};

TEST_F(FlowRunnerTest, APushReachesSilverAtOnceAndTheViewWhenSettled) {
  Start();
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  EXPECT_THAT(Rows("SELECT n FROM users"), ElementsAre("1"));
  {
    std::lock_guard lock(mutex_);
    turns_.clear();
  }
  Push(R"([{"user_id": 2}, {"user_id": 3}])");
  Await("main.default.events");
  EXPECT_THAT(Rows("SELECT * FROM events"), ElementsAre("1", "2", "3"));
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  EXPECT_THAT(Rows("SELECT n FROM users"), ElementsAre("3"));

  auto status = runner_->status();
  ASSERT_EQ(status.flows.size(), 4u);
  EXPECT_EQ(status.error, "");
  for (const FlowStatus& flow : status.flows) {
    EXPECT_EQ(flow.failures, 0) << flow.flow;
    EXPECT_GT(flow.epochs, 0) << flow.flow;
    EXPECT_GE(flow.version, 1) << flow.flow;
    EXPECT_EQ(flow.last_commit, project_.machine().clock.Now()) << flow.flow;
  }
  EXPECT_THAT(metrics_.Render(),
              AllOf(HasSubstr("millpond_ingest_rows_total{table=\"main.default.clicks\"} 2"),
                    HasSubstr("millpond_flow_rows_total{flow=\"main.default.events\"} 3"),
                    HasSubstr("millpond_ingest_waiting_bytes{table=\"main.default.clicks\"} 0"),
                    HasSubstr("millpond_flow_lag_seconds{flow=\"main.default.clicks\"} 0"),
                    HasSubstr("millpond_flow_epoch_seconds_count{flow=\"main.default.events\"}")));
}

TEST_F(FlowRunnerTest, FilesAndViewsComeWithThePolls) {
  Start(/*poll_ms=*/20, /*view_gap_ms=*/20);
  Await("main.default.users");
  project_.Write("data/b.txt", "5\n6\n");
  Await("main.default.events");
  Await("main.default.users");
  EXPECT_THAT(Rows("SELECT n FROM users"), ElementsAre("3"));
}

TEST_F(FlowRunnerTest, ACommitOfAnotherInThisProcessWakesWhoReadsIt) {
  project_.Write("transformations/2.sql",
                 "CREATE STREAMING TABLE copies AS SELECT n FROM STREAM(hand_made);");
  auto session = *opened_.engine->Connect({"test"});
  MP_EXPECT_OK(session->Execute("CREATE TABLE hand_made AS SELECT 1 AS n"));
  Start();
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  {
    std::lock_guard lock(mutex_);
    turns_.clear();
  }
  MP_EXPECT_OK(session->Execute("INSERT INTO hand_made SELECT 2 AS n"));
  Await("main.default.copies");
  EXPECT_THAT(Rows("SELECT n FROM copies"), ElementsAre("1", "2"));
}

TEST_F(FlowRunnerTest, AFailingFlowIsTriedAgainAndStopsNoOther) {
  project_.Write(
      "transformations/2.sql",
      "CREATE STREAMING TABLE bad (CONSTRAINT even EXPECT (user_id % 2 = 0) ON VIOLATION "
      "FAIL UPDATE) AS SELECT user_id FROM STREAM read_push('bad', schema => 'user_id "
      "BIGINT');");
  Start();
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  MP_EXPECT_OK(
      spools_->Push({"main", "default", "bad"}, R"([{"user_id": 7}])", PushForm::kJson, ""));
  Await("main.default.bad failed");
  Await("main.default.bad failed");
  Push(R"([{"user_id": 2}])");
  Await("main.default.events");
  auto status = runner_->status();
  bool found = false;
  for (const FlowStatus& flow : status.flows) {
    if (flow.flow != "main.default.bad") continue;
    found = true;
    EXPECT_GE(flow.failures, 2);
    EXPECT_THAT(flow.last_error, HasSubstr("expectation even"));
    EXPECT_GT(flow.lag_seconds, 0);
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(metrics_.Render(),
              HasSubstr("millpond_flow_failures_total{flow=\"main.default.bad\"}"));
  // The cause is corrected in the project's files, which the next look reads.
  project_.Write("transformations/2.sql",
                 "CREATE STREAMING TABLE bad AS SELECT user_id FROM STREAM read_push('bad', schema "
                 "=> 'user_id BIGINT');");
  runner_->Wake();
  Await("main.default.bad");
  EXPECT_THAT(Rows("SELECT * FROM bad"), ElementsAre("7"));
  EXPECT_EQ(runner_->status().error, "");
}

TEST_F(FlowRunnerTest, FilesThatCannotBeReadLeaveTheFlowsAsTheyWere) {
  Start();
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  project_.Write("transformations/2.sql", "CREATE STREAMING TABLE x AS SELECT 1;");
  Push(R"([{"user_id": 2}])");
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  EXPECT_THAT(Rows("SELECT * FROM events"), ElementsAre("1", "2"));
  EXPECT_THAT(runner_->status().error, HasSubstr("transformations/2.sql:1:24"));
  project_.Remove("transformations/2.sql");
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  EXPECT_EQ(runner_->status().error, "");
}

TEST_F(FlowRunnerTest, ARunBesideItComesInBetween) {
  Start(/*poll_ms=*/1, /*view_gap_ms=*/1);
  for (int i = 0; i < 3; ++i) {
    Push(fmt::format(R"([{{"user_id": {}}}])", 10 + i));
    MP_EXPECT_OK(project_.Run());
  }
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  EXPECT_THAT(Rows("SELECT * FROM events"), ElementsAre("1", "10", "11", "12"));
  EXPECT_THAT(Rows("SELECT n FROM users"), ElementsAre("4"));
}

TEST_F(FlowRunnerTest, StopsWhileSomebodyElseHasTheTurn) {
  auto turn = *FlowTurn::Take(project_.Workspace(), {});
  Start();
  Push(R"([{"user_id": 2}])");
  EXPECT_FALSE(runner_->Settle(1000));
  EXPECT_THAT(runner_->status().waiting_for, HasSubstr("run of this project's flows"));
  runner_->Stop();
  EXPECT_FALSE(runner_->Settle(50));
  // What was pushed is still there for the next one.
  EXPECT_GT(spools_->targets().at(0).waiting_bytes, 0);
}

TEST_F(FlowRunnerTest, ASpoolHasOneOwner) {
  Start();
  ASSERT_TRUE(runner_->Settle(kPatienceMs));
  auto other = *project_.Open();
  IngestSpools spools(other.catalog->workspace(), {}, metrics_);
  EXPECT_THAT(FlowRunner::Start({*other.catalog, *other.engine, &spools, metrics_},
                                {.transformations = project_.dir() + "/transformations"}),
              FailsWith(ErrorKind::kConflict, HasSubstr("push spool of main.default.clicks")));
}

}  // namespace
}  // namespace millpond::pipeline
