#include "platform/jobs/job_runs.h"

#include "platform/jobs/job_list.h"
#include "platform/jobs/jobs_test_project.h"

namespace millpond::platform {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class JobRunsTest : public JobsTest {
 protected:
  std::string Begun(const RunRequest& request) {
    auto run = runs_->Enqueue(request);
    EXPECT_TRUE(run.has_value());
    EXPECT_THAT(runs_->Begin(run->run_id), IsOkAnd(true));
    return run->run_id;
  }
};

TEST_F(JobRunsTest, ARunLivesFromWaitingToItsEnd) {
  MP_ASSERT_OK_AND_ASSIGN(auto run, runs_->Enqueue({.job = "a", .scheduled_at = 5}));
  EXPECT_EQ(run.state, RunState::kWaiting);
  EXPECT_THAT(runs_->Begin(run.run_id), IsOkAnd(true));
  EXPECT_THAT(runs_->Begin(run.run_id), IsOkAnd(false));
  machine_.clock.Advance(3 * kMicrosPerSecond);
  MP_ASSERT_OK(runs_->End(run.run_id, {.seconds = 2.5, .changed = true, .summary = "well"}));
  runs_ = OpenRuns();
  MP_ASSERT_OK_AND_ASSIGN(auto found, runs_->Find(run.run_id.substr(0, 6)));
  EXPECT_EQ(found.state, RunState::kSucceeded);
  EXPECT_EQ(found.scheduled_at, 5);
  EXPECT_EQ(found.finished_at - found.started_at, 3 * kMicrosPerSecond);
  EXPECT_EQ(found.seconds, 2.5);
  EXPECT_TRUE(found.changed);
  EXPECT_EQ(found.summary, "well");
  EXPECT_THAT(runs_->End(run.run_id, {}),
              FailsWith(ErrorKind::kConflict, HasSubstr("not running")));
  EXPECT_THAT(runs_->Find("nosuch"), FailsWith(ErrorKind::kNotFound, HasSubstr("jobs history")));
  EXPECT_THAT(runs_->Find("%"), FailsWith(ErrorKind::kNotFound, HasSubstr("jobs history")));
}

TEST_F(JobRunsTest, OneRunOfAJobWaits) {
  const Micros later = machine_clock_.Now() + kMicrosPerHour;
  MP_ASSERT_OK_AND_ASSIGN(
      auto retry,
      runs_->Enqueue({.job = "a", .cause = RunCause::kRetry, .due_at = later, .attempt = 2}));
  EXPECT_THAT(runs_->Due(machine_clock_.Now()), IsOkAnd(::testing::IsEmpty()));
  MP_ASSERT_OK_AND_ASSIGN(auto asked, runs_->Enqueue({.job = "a"}));
  EXPECT_EQ(asked.run_id, retry.run_id);
  MP_ASSERT_OK_AND_ASSIGN(auto due, runs_->Due(machine_clock_.Now()));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].attempt, 2);
  // While it runs, the next one waits.
  EXPECT_THAT(runs_->Begin(asked.run_id), IsOkAnd(true));
  MP_ASSERT_OK_AND_ASSIGN(auto next, runs_->Enqueue({.job = "a"}));
  EXPECT_NE(next.run_id, asked.run_id);
  EXPECT_FALSE(runs_->Begin(next.run_id).has_value());
  MP_ASSERT_OK(runs_->CancelWaiting("a", "its file is gone"));
  EXPECT_EQ(Runs().front().error, "its file is gone");
}

TEST_F(JobRunsTest, TheMarkIsWrittenWithTheRun) {
  const TriggerMark mark{.job = "a", .schedule = "x", .ticks_until = 7, .commits_until = 9};
  MP_ASSERT_OK(runs_->Enqueue({.job = "a"}, &mark));
  runs_ = OpenRuns();
  MP_ASSERT_OK_AND_ASSIGN(auto found, runs_->FindMark("a"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->ticks_until, 7);
  EXPECT_EQ(found->commits_until, 9);
  MP_ASSERT_OK_AND_ASSIGN(found, runs_->FindMark("b"));
  EXPECT_FALSE(found.has_value());
}

TEST_F(JobRunsTest, AKilledRunIsAskedForOnceMore) {
  const std::string first = Begun({.job = "a", .cause = RunCause::kCron, .attempt = 2});
  EXPECT_THAT(runs_->EndKilled("b"), IsOkAnd(0));
  EXPECT_THAT(runs_->EndKilled("a"), IsOkAnd(1));
  auto runs = Runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].state, RunState::kInterrupted);
  EXPECT_EQ(runs[0].state, RunState::kWaiting);
  EXPECT_EQ(runs[0].attempt, 2);
  EXPECT_EQ(runs[0].CauseText(), "interrupted (run " + first + " was killed)");
  EXPECT_THAT(runs_->Begin(runs[0].run_id), IsOkAnd(true));
  EXPECT_THAT(runs_->EndKilled("a"), IsOkAnd(1));
  runs = Runs();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].state, RunState::kInterrupted);
  EXPECT_THAT(runs[0].error, HasSubstr("millpond jobs run a"));
}

TEST_F(JobRunsTest, OldRunsAreLetGoOf) {
  runs_ = OpenRuns(3);
  const std::string other = Begun({.job = "b"});
  MP_ASSERT_OK(runs_->End(other, {}));
  for (int i = 0; i < 10; ++i) {
    const std::string run = Begun({.job = "a", .detail = fmt::format("{}", i)});
    MP_ASSERT_OK(runs_->End(run, {.summary = std::string(10'000, 'x')}));
  }
  std::vector<std::string> details;
  for (const JobRun& run : Runs("a")) details.push_back(run.detail);
  EXPECT_THAT(details, ElementsAre("9", "8", "7"));
  EXPECT_EQ(Runs("a")[0].summary.size(), 4000u);
  EXPECT_EQ(Runs("b").size(), 1u);
}

TEST_F(JobRunsTest, TheListTellsWhatIsNext) {
  WriteJob("by_hand", "task: {kind: work}");
  WriteJob("by_tick", "schedule: {cron: \"15 2 * * *\"}\ntask: {kind: work}");
  WriteJob("by_commit", "schedule: {on_commit: [t]}\ntask: {kind: work}");
  WriteJob("later", "schedule: {after: [by_tick]}\ntask: {kind: work}");
  MP_ASSERT_OK(runs_->End(Begun({.job = "by_tick"}), {.state = RunState::kFailed, .error = "no"}));
  MP_ASSERT_OK(runs_->Enqueue({.job = "by_hand"}));
  const JobFolder folder = Load();
  machine_.clock.Set(*ParseTimestamp("1998-07-01T00:00:00Z"));
  MP_ASSERT_OK_AND_ASSIGN(auto list, ListJobs(folder, *runs_, machine_.clock));
  std::vector<std::string> lines;
  for (const auto& job : list) lines.push_back(job.job + ": " + job.next + ": " + job.state);
  EXPECT_THAT(lines, ElementsAre("by_commit: after the next commit: ", "by_hand: by hand: waiting",
                                 "by_tick: 1998-07-01T02:15Z: failed", "later: after by_tick: "));
  MP_ASSERT_OK_AND_ASSIGN(list, ListJobs(folder, *runs_, FixedClock(machine_.clock.Now())));
  EXPECT_EQ(list[2].next, "never: the project's clock stands still");
  EXPECT_FALSE(list[2].next_tick.has_value());
}

}  // namespace
}  // namespace millpond::platform
