#include "platform/jobs/scheduler.h"

#include <gmock/gmock.h>

#include <thread>

#include "platform/jobs/job_lock.h"
#include "platform/jobs/job_routes.h"
#include "platform/jobs/jobs_test_project.h"
#include "platform/jobs/run_task.h"

namespace millpond::platform {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;

constexpr seconds kDeadline{30};

class SchedulerTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    machine_.clock.Set(*ParseTimestamp("1998-07-01T00:00:30Z"));
  }
  void TearDown() override { scheduler_.reset(); }

  void Start() {
    auto started = Begin();
    ASSERT_TRUE(started.has_value()) << started.error().ToString();
    scheduler_ = std::move(*started);
  }
  Result<std::unique_ptr<Scheduler>> Begin() {
    return Scheduler::Start({*machine_.local, machine_.clock, machine_clock_, catalog_->commits(),
                             kinds_, *runs_, metrics_},
                            {.jobs_dir = dir_ / "jobs",
                             .locks_dir = dir_ / "locks",
                             .poll_interval_ms = 5,
                             .reconcile_interval_ms = 5});
  }

  // "failed 1, waiting 2": states and attempts, oldest first.
  std::string Story(const std::string& job) {
    std::string story;
    auto runs = Runs(job);
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      story +=
          fmt::format("{}{} {}", story.empty() ? "" : ", ", ToString(run->state), run->attempt);
    }
    return story;
  }
  void ExpectStory(const std::string& job, const std::string& story) {
    EXPECT_TRUE(Within(kDeadline, [&] { return Story(job) == story; }))
        << "is: " << Story(job) << "\nnot: " << story;
  }
  // Until the scheduler has looked at everything twice more.
  void LetItLook() {
    for (int i = 0; i < 2; ++i) {
      WriteJob("probe" + std::to_string(++probes_), "task: {kind: work}");
      EXPECT_TRUE(Within(kDeadline, [&] {
        return scheduler_->jobs()->Find("probe" + std::to_string(probes_)) != nullptr;
      }));
    }
  }

  MetricsRegistry metrics_;
  std::unique_ptr<Scheduler> scheduler_;
  int probes_ = 0;
};

TEST_F(SchedulerTest, AFailureIsTriedAgainWithBackoff) {
  std::atomic<int> calls = 0;
  work_ = [&](const TaskRun& run, const std::string&) -> Result<TaskOutcome> {
    EXPECT_EQ(run.attempt, ++calls);
    if (calls < 3) return Fail(ErrorKind::kUnavailable, "the disk is away, call {}", calls.load());
    return TaskOutcome{true, "at last"};
  };
  WriteJob("a",
           "schedule: {cron: \"1 0 * * *\"}\ntask: {kind: work}\n"
           "retry: {attempts: 3, backoff_s: 10, max_backoff_s: 100}");
  Start();
  LetItLook();
  machine_.clock.Set(*ParseTimestamp("1998-07-01T00:01:00Z"));
  ExpectStory("a", "failed 1, waiting 2");
  EXPECT_EQ(Runs("a")[1].error, "the disk is away, call 1");
  EXPECT_EQ(Runs("a")[0].CauseText(), "retry (of run " + Runs("a")[1].run_id + ")");
  EXPECT_EQ(Runs("a")[0].due_at - machine_clock_.Now(), 10 * kMicrosPerSecond);
  machine_clock_.Advance(10 * kMicrosPerSecond - 1);
  LetItLook();
  EXPECT_EQ(Story("a"), "failed 1, waiting 2");
  machine_clock_.Advance(1);
  ExpectStory("a", "failed 1, failed 2, waiting 3");
  EXPECT_EQ(Runs("a")[0].due_at - machine_clock_.Now(), 20 * kMicrosPerSecond);
  machine_clock_.Advance(20 * kMicrosPerSecond);
  ExpectStory("a", "failed 1, failed 2, succeeded 3");
  EXPECT_EQ(Runs("a")[0].summary, "at last");
  EXPECT_THAT(metrics_.Render(),
              HasSubstr("millpond_job_runs_total{job=\"a\",state=\"failed\"} 2"));
}

TEST_F(SchedulerTest, AttemptsEndAndWhatCannotHelpIsNotTried) {
  work_ = [&](const TaskRun&, const std::string& note) -> Result<TaskOutcome> {
    if (note == "throws") throw std::runtime_error("thrown");
    return Fail(note == "user" ? ErrorKind::kInvalidArgument : ErrorKind::kUnavailable, "no");
  };
  const std::string head = "schedule: {cron: \"1 0 * * *\"}\nretry: {attempts: 2, backoff_s: 0}\n";
  WriteJob("system", head + "task: {kind: work}");
  WriteJob("user", head + "task: {kind: work, note: user}");
  WriteJob("throws", head + "task: {kind: work, note: throws}");
  Start();
  LetItLook();
  machine_.clock.Set(*ParseTimestamp("1998-07-01T00:01:00Z"));
  ExpectStory("system", "failed 1, failed 2");
  ExpectStory("user", "failed 1");
  ExpectStory("throws", "failed 1, failed 2");
  EXPECT_THAT(Runs("throws")[0].error, HasSubstr("thrown"));
  MP_ASSERT_OK(scheduler_->RunNow("system", "ann"));
  ExpectStory("system", "failed 1, failed 2, failed 1");  // by hand: whoever asked has seen it
  LetItLook();
  EXPECT_EQ(Runs("system").size(), 3u);
  EXPECT_EQ(Runs("system")[0].CauseText(), "by hand (ann)");
}

TEST_F(SchedulerTest, OneRunOfAJobAtATimeAndOthersBeside) {
  std::atomic<int> a = 0, most_a = 0;
  std::atomic<bool> b_ran = false, let_go = false;
  work_ = [&](const TaskRun& run, const std::string&) -> Result<TaskOutcome> {
    if (run.job == "b") {
      b_ran = true;
    } else {
      most_a = std::max<int>(most_a, ++a);
      while (!let_go && !run.cancellation.cancelled()) std::this_thread::yield();
      --a;
    }
    return TaskOutcome{};
  };
  WriteJob("a", "task: {kind: work}");
  WriteJob("b", "task: {kind: work}");
  Start();
  MP_ASSERT_OK(scheduler_->RunNow("a", ""));
  EXPECT_TRUE(Within(kDeadline, [&] { return a == 1; }));
  MP_ASSERT_OK_AND_ASSIGN(const auto waits, scheduler_->RunNow("a", ""));
  MP_ASSERT_OK_AND_ASSIGN(const auto same, scheduler_->RunNow("a", ""));
  EXPECT_EQ(waits.run_id, same.run_id);
  MP_ASSERT_OK(scheduler_->RunNow("b", ""));
  EXPECT_TRUE(Within(kDeadline, [&] { return b_ran.load(); }));
  EXPECT_EQ(Story("a"), "running 1, waiting 1");
  let_go = true;
  ExpectStory("a", "succeeded 1, succeeded 1");
  EXPECT_EQ(most_a, 1);
  EXPECT_THAT(scheduler_->RunNow("c", ""),
              FailsWith(ErrorKind::kNotFound, HasSubstr("no job 'c'")));
}

TEST_F(SchedulerTest, StopCancelsWhatRunsAndTheNextStartRunsIt) {
  std::atomic<int> begun = 0;
  work_ = [&](const TaskRun& run, const std::string&) -> Result<TaskOutcome> {
    if (++begun > 1) return TaskOutcome{true, "the second time"};
    while (true) MP_RETURN_IF_ERROR(run.cancellation.Check());
  };
  WriteJob("a", "task: {kind: work}");
  Start();
  MP_ASSERT_OK(scheduler_->RunNow("a", ""));
  EXPECT_TRUE(Within(kDeadline, [&] { return begun == 1; }));
  scheduler_->Stop();
  EXPECT_EQ(Story("a"), "interrupted 1, waiting 1");
  scheduler_.reset();
  Start();
  ExpectStory("a", "interrupted 1, succeeded 1");
  EXPECT_EQ(Runs("a")[0].cause, RunCause::kInterrupted);
}

TEST_F(SchedulerTest, AKilledRunIsFoundAtTheNextStart) {
  WriteJob("a", "task: {kind: work}");
  MP_ASSERT_OK_AND_ASSIGN(const auto run, runs_->Enqueue({.job = "a"}));
  MP_ASSERT_OK(runs_->Begin(run.run_id));
  MP_ASSERT_OK(machine_.local->CreateDirectories(dir_ / "locks"));
  {
    // Somebody has the lock: it runs elsewhere.
    MP_ASSERT_OK_AND_ASSIGN(auto lock, LockJob(dir_ / "locks", "a"));
    Start();
    LetItLook();
    EXPECT_EQ(Story("a"), "running 1");
  }
  ExpectStory("a", "interrupted 1, succeeded 1");
}

TEST_F(SchedulerTest, ATaskThatTakesTooLongIsStopped) {
  work_ = [&](const TaskRun& run, const std::string&) -> Result<TaskOutcome> {
    while (true) MP_RETURN_IF_ERROR(run.cancellation.Check());
  };
  WriteJob("a", "task: {kind: work}\ntimeout_s: 0.05");
  Start();
  MP_ASSERT_OK(scheduler_->RunNow("a", ""));
  ExpectStory("a", "failed 1");
  EXPECT_THAT(Runs("a")[0].error, HasSubstr("longer than its timeout_s (0.05 s)"));
}

TEST_F(SchedulerTest, AJobAfterOthersRunsWhenOneHasSucceeded) {
  std::atomic<bool> fail = true;
  work_ = [&](const TaskRun& run, const std::string&) -> Result<TaskOutcome> {
    if (run.job == "first" && fail) return Fail(ErrorKind::kInvalidArgument, "no");
    return TaskOutcome{};
  };
  WriteJob("first", "task: {kind: work}");
  WriteJob("second", "schedule: {after: [first]}\ntask: {kind: work}");
  Start();
  MP_ASSERT_OK(scheduler_->RunNow("first", ""));
  ExpectStory("first", "failed 1");
  fail = false;
  MP_ASSERT_OK(scheduler_->RunNow("first", ""));
  ExpectStory("second", "succeeded 1");
  EXPECT_EQ(Runs("second")[0].CauseText(), "after first (" + Runs("first")[0].run_id + ")");
}

TEST_F(SchedulerTest, FilesAreReadAgainAndABadOneLeavesItsJob) {
  WriteJob("a", "task: {kind: work, note: one}");
  Start();
  WriteJob("a", "task: {kind: wrok, note: two}");
  EXPECT_TRUE(Within(kDeadline, [&] { return scheduler_->jobs()->problems.size() == 1; }));
  MP_ASSERT_OK(scheduler_->RunNow("a", ""));
  ExpectStory("a", "succeeded 1");
  EXPECT_EQ(Runs("a")[0].summary, "done one");
  // Gone: what waits for it is cancelled.
  MP_ASSERT_OK(runs_->Enqueue({.job = "a", .due_at = machine_clock_.Now() + kMicrosPerHour}));
  MP_ASSERT_OK(machine_.local->Remove(dir_ / "jobs/a.yml"));
  ExpectStory("a", "succeeded 1, cancelled 1");
}

TEST_F(SchedulerTest, ACommitWakesIt) {
  Commit("main.shop.orders");
  WriteJob("a", "schedule: {on_commit: [main.shop.orders], quiet_s: 0}\ntask: {kind: work}");
  Start();
  LetItLook();
  EXPECT_EQ(Story("a"), "");
  Commit("main.shop.orders");
  ExpectStory("a", "succeeded 1");
  EXPECT_EQ(Runs("a")[0].CauseText(), "commit main.shop.orders@1");
}

TEST_F(SchedulerTest, ASecondSchedulerIsRefused) {
  Start();
  EXPECT_THAT(Begin(),
              FailsWith(ErrorKind::kConflict, HasSubstr("scheduler of this project's jobs")));
}

TEST_F(SchedulerTest, RoutesTellAndRun) {
  WriteJob("a", "schedule: {cron: \"15 2 * * *\"}\ntask: {kind: work, note: x}");
  Start();
  Router router;
  AddJobRoutes(router, {*scheduler_, *runs_, machine_.clock});
  const auto ask = [&](const char* method, const std::string& path, const char* limit = nullptr) {
    HttpRequest request{.method = method, .path = path};
    request.principal = "ann";
    if (limit != nullptr) request.query.emplace_back("limit", limit);
    return router.Dispatch(request);
  };
  const auto asked = ask("POST", "/api/jobs/a/run");
  EXPECT_EQ(asked.status, 202) << asked.body;
  ExpectStory("a", "succeeded 1");
  const auto list = ask("GET", "/api/jobs");
  EXPECT_THAT(list.body, HasSubstr(R"("next_tick":"1998-07-01T02:15:00.000000Z")"));
  EXPECT_THAT(list.body, HasSubstr(R"("summary":"done x")"));
  const auto runs = ask("GET", "/api/jobs/a/runs", "5");
  EXPECT_THAT(runs.body, HasSubstr(R"("detail":"ann")"));
  EXPECT_EQ(ask("GET", "/api/jobs/a/runs", "0").status, 400);
  EXPECT_EQ(ask("GET", "/api/jobs/b/runs").status, 404);
  EXPECT_EQ(ask("POST", "/api/jobs/b/run").status, 404);
}

}  // namespace
}  // namespace millpond::platform
