#include "platform/jobs/triggers.h"

#include "platform/jobs/jobs_test_project.h"

namespace millpond::platform {
namespace {

class TriggersTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    SetClock("1998-07-01T00:00:30Z");
    Restart();
  }

  // As another process would begin.
  void Restart() { triggers_.emplace(*runs_, catalog_->commits(), machine_.clock, machine_clock_); }
  void SetClock(const std::string& at) { machine_.clock.Set(*ParseTimestamp(at)); }
  void Look() { MP_ASSERT_OK(triggers_->Look(folder_)); }

  // The run that waits, which then counts as done; none: "".
  std::string TakeCause() {
    for (const JobRun& run : Runs()) {
      if (run.state != RunState::kWaiting) continue;
      EXPECT_EQ(Runs().front().run_id, run.run_id);
      EXPECT_TRUE(*runs_->Begin(run.run_id));
      MP_EXPECT_OK(runs_->End(run.run_id, {}));
      return run.CauseText();
    }
    return "";
  }

  JobFolder folder_;
  std::optional<Triggers> triggers_;
};

TEST_F(TriggersTest, ATickLeadsToOneRun) {
  WriteJob("nightly", "schedule: {cron: \"15 2 * * *\"}\ntask: {kind: work}");
  folder_ = Load();
  Look();
  EXPECT_EQ(TakeCause(), "");
  SetClock("1998-07-01T02:14:59Z");
  Look();
  EXPECT_EQ(TakeCause(), "");
  SetClock("1998-07-01T02:15:00.4Z");
  Look();
  EXPECT_EQ(Runs().front().scheduled_at, *ParseTimestamp("1998-07-01T02:15:00Z"));
  EXPECT_EQ(TakeCause(), "cron");
  Look();
  Restart();
  Look();
  EXPECT_EQ(TakeCause(), "");
  SetClock("1998-07-02T02:15:01Z");
  Look();
  EXPECT_EQ(TakeCause(), "cron");
}

TEST_F(TriggersTest, TicksThatPassedMeanwhileLeadToOneRunTogether) {
  WriteJob("nightly", "schedule: {cron: \"15 2 * * *\"}\ntask: {kind: work}");
  folder_ = Load();
  Look();
  SetClock("1998-07-02T12:00:00Z");
  Restart();
  Look();
  EXPECT_EQ(TakeCause(), "catch-up (2 ticks missed)");
  Look();
  EXPECT_EQ(TakeCause(), "");
  SetClock("1998-07-05T02:15:20Z");
  Restart();
  Look();
  EXPECT_EQ(TakeCause(), "cron (2 ticks missed before)");
  EXPECT_EQ(Runs().size(), 2u);
}

TEST_F(TriggersTest, YearsOfMissedMinutesAreOneRunToo) {
  WriteJob("often", "schedule: {cron: \"*/7 * * * *\"}\ntask: {kind: work}");
  folder_ = Load();
  Look();
  SetClock("2026-01-01T00:06:59Z");
  Look();
  EXPECT_EQ(Runs().front().scheduled_at, *ParseTimestamp("2026-01-01T00:00:00Z"));
  EXPECT_EQ(TakeCause(), "catch-up (1000 or more ticks missed)");
}

TEST_F(TriggersTest, AJobThatIsNewOrChangedHasMissedNothing) {
  WriteJob("nightly", "schedule: {cron: \"0 * * * *\"}\ntask: {kind: work}");
  SetClock("1998-07-05T12:00:00Z");
  folder_ = Load();
  Look();
  EXPECT_EQ(TakeCause(), "");
  SetClock("1998-07-05T12:59:00Z");
  WriteJob("nightly", "schedule: {cron: \"30 * * * *\"}\ntask: {kind: work}");
  folder_ = Load();
  Look();
  EXPECT_EQ(TakeCause(), "");
  // Gone for a while: nothing was missed either.
  MP_ASSERT_OK(triggers_->ForgetOthersThan({}));
  SetClock("1998-07-06T12:59:00Z");
  Look();
  EXPECT_EQ(TakeCause(), "");
}

TEST_F(TriggersTest, AClockSetBackBeginsAnew) {
  WriteJob("hourly", "schedule: {cron: \"0 * * * *\"}\ntask: {kind: work}");
  folder_ = Load();
  SetClock("2026-07-01T12:00:01Z");
  Look();
  SetClock("1998-07-01T12:59:00Z");
  Look();
  SetClock("1998-07-01T13:00:00Z");
  Look();
  EXPECT_EQ(TakeCause(), "cron");
  // By a second, as time servers do: the tick is not had twice.
  SetClock("1998-07-01T12:59:59Z");
  Look();
  SetClock("1998-07-01T13:00:00Z");
  Look();
  EXPECT_EQ(TakeCause(), "");
}

TEST_F(TriggersTest, CommitsLeadToOneRunWhenTheyHaveGoneQuiet) {
  Commit("main.shop.orders");
  Commit("main.shop.items");
  WriteJob("scores",
           "schedule: {on_commit: [main.shop.orders], quiet_s: 10, max_wait_s: 25}\n"
           "task: {kind: work}");
  folder_ = Load();
  Look();  // what was there before the job is no news
  machine_clock_.Advance(60 * kMicrosPerSecond);
  Look();
  EXPECT_EQ(TakeCause(), "");

  Commit("main.shop.items");
  Look();
  machine_clock_.Advance(60 * kMicrosPerSecond);
  Look();
  EXPECT_EQ(TakeCause(), "");

  Commit("main.shop.orders");
  Look();
  machine_clock_.Advance(9 * kMicrosPerSecond);
  Look();
  EXPECT_EQ(TakeCause(), "");
  Commit("main.shop.orders");
  Look();
  machine_clock_.Advance(9 * kMicrosPerSecond);
  Look();
  EXPECT_EQ(TakeCause(), "");
  machine_clock_.Advance(1 * kMicrosPerSecond);
  Look();
  EXPECT_EQ(TakeCause(), "commit main.shop.orders@2 and 1 before it");
  machine_clock_.Advance(60 * kMicrosPerSecond);
  Look();
  EXPECT_EQ(TakeCause(), "");
}

TEST_F(TriggersTest, CommitsThatNeverRestDoNotKeepARunAway) {
  Commit("main.shop.orders");
  WriteJob("scores",
           "schedule: {on_commit: [main.shop.orders], quiet_s: 10, max_wait_s: 25}\n"
           "task: {kind: work}");
  folder_ = Load();
  Look();
  for (int i = 0; i < 6; ++i) {
    Commit("main.shop.orders");
    Look();
    EXPECT_EQ(TakeCause(), "") << i;
    if (i < 5) machine_clock_.Advance(5 * kMicrosPerSecond - 1);
  }
  machine_clock_.Advance(5);
  Look();
  EXPECT_EQ(TakeCause(), "commit main.shop.orders@6 and 5 before it");
}

TEST_F(TriggersTest, ACommitWithNobodyThereIsFoundByTheNext) {
  Commit("main.shop.orders");
  WriteJob("scores", "schedule: {on_commit: [main.shop.orders], quiet_s: 0}\ntask: {kind: work}");
  folder_ = Load();
  Look();
  Commit("main.shop.orders");
  Restart();
  Look();
  EXPECT_EQ(TakeCause(), "commit main.shop.orders@1");
  Restart();
  Look();
  EXPECT_EQ(TakeCause(), "");
}

TEST_F(TriggersTest, ACommitOfAnotherProgramIsFound) {
  Commit("main.shop.orders");
  WriteJob("scores",
           "schedule: {on_commit: [main.shop.orders, main.shop.none], quiet_s: 0}\n"
           "task: {kind: work}");
  folder_ = Load();
  Look();
  auto table = data::DeltaTable::Open(machine_.env, dir_ / "warehouse/main/shop/orders");
  ASSERT_TRUE(table.has_value());
  auto transaction = data::Transaction::Begin(*table);
  ASSERT_TRUE(transaction.has_value());
  MP_ASSERT_OK(transaction->Commit());
  Look();
  EXPECT_EQ(TakeCause(), "");
  MP_ASSERT_OK(triggers_->Reconcile(folder_));
  Look();
  EXPECT_EQ(TakeCause(), "commit main.shop.orders@1");
}

}  // namespace
}  // namespace millpond::platform
