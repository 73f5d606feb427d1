#include "platform/jobs/scheduler.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/resources/thread_priority.h"
#include "data/catalog/commit_feed.h"
#include "platform/jobs/job_lock.h"
#include "platform/jobs/run_task.h"
#include "platform/jobs/triggers.h"

namespace millpond::platform {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr int kPatienceMs = 2000;  // with who asks whether jobs are scheduled
constexpr int kEndAgainMs = 1000;

// Names, sizes and times of the folder's files.
std::string Inventory(FileSystem& fs, const std::string& dir) {
  const auto entries = fs.List(dir);
  if (!entries) return "none";
  std::string text;
  for (const FileInfo& entry : *entries) {
    text += fmt::format("{} {} {}\n", entry.path, entry.size_bytes, entry.modified);
  }
  return text;
}

class ThreadedScheduler : public Scheduler, public data::CommitFeedListener {
 public:
  ThreadedScheduler(SchedulerParts parts, SchedulerOptions options, FileLock lock)
      : parts_(parts),
        options_(std::move(options)),
        lock_(std::move(lock)),
        triggers_(parts.runs, parts.commits, parts.project_clock, parts.machine_clock),
        running_gauge_(parts.metrics.FindGauge("millpond_jobs_running", "Runs of jobs at work")),
        waiting_gauge_(parts.metrics.FindGauge("millpond_jobs_waiting", "Runs of jobs that wait")) {
  }

  ~ThreadedScheduler() override { Stop(); }

  void Begin() {
    Reload();
    parts_.commits.Subscribe(this);
    threads_.emplace_back([this] { Look(); });
    for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { Work(); });
  }

  std::shared_ptr<const JobFolder> jobs() const override {
    std::lock_guard lock(mutex_);
    return folder_;
  }

  Result<JobRun> RunNow(const std::string& job, const std::string& who) override {
    MP_ASSIGN_OR_RETURN(const JobDefinition* found, jobs()->Require(job, options_.jobs_dir));
    MP_ASSIGN_OR_RETURN(auto run,
                        parts_.runs.Enqueue({.job = found->name,
                                             .cause = RunCause::kByHand,
                                             .detail = who,
                                             .scheduled_at = parts_.project_clock.Now()}));
    Wake();
    return run;
  }

  void Wake() override {
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  void Stop() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      stop_.Cancel();
      changed_.notify_all();
    }
    if (threads_.empty()) return;
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    parts_.commits.Unsubscribe(this);
  }

  void OnCommit(const data::CommitRecord&) override { Wake(); }

 private:
  void Look();
  void LookOnce();
  void Reload();
  Status CancelOrphans();
  Status EndKilledRuns();
  void Work();
  // Holds the lock of the job whose run it has moved to running.
  struct Claimed {
    std::shared_ptr<const JobFolder> folder;
    const JobDefinition* job;
    JobRun run;
    FileLock lock;
  };
  Result<std::optional<Claimed>> Claim();
  // None if another process runs the job, or the run does not wait any more.
  Result<std::optional<Claimed>> Take(std::shared_ptr<const JobFolder> folder,
                                      const JobDefinition& job, JobRun run);
  void Run(Claimed& claimed);
  void Finish(const JobRun& run, const RunEnd& end, const std::vector<RunRequest>& next);
  void Told(std::string_view doing, const Status& status);

  SchedulerParts parts_;
  SchedulerOptions options_;
  FileLock lock_;
  Triggers triggers_;
  Gauge& running_gauge_;
  Gauge& waiting_gauge_;
  CancellationToken stop_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = true;
  bool stopping_ = false;
  int64_t rounds_ = 0;          // looks so far; a worker that found nothing waits for the next
  std::set<std::string> busy_;  // jobs that a worker has
  std::shared_ptr<const JobFolder> folder_ = std::make_shared<JobFolder>();
  std::string told_;  // the last warning; written once

  // Of the looking thread alone.
  std::string files_;
  SteadyTime reconciled_ = {};
};

void ThreadedScheduler::Told(std::string_view doing, const Status& status) {
  const std::string text = status ? "" : fmt::format("{}: {}", doing, status.error().ToString());
  std::lock_guard lock(mutex_);
  if (!text.empty() && text != told_) LogWarn("jobs", "{}", text);
  if (!text.empty()) told_ = text;
}

// -- the looking thread

void ThreadedScheduler::Look() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, milliseconds(options_.poll_interval_ms),
                        [&] { return stopping_ || woken_; });
      if (stopping_) return;
      woken_ = false;
    }
    LookOnce();
    std::lock_guard lock(mutex_);
    ++rounds_;
    changed_.notify_all();
  }
}

void ThreadedScheduler::LookOnce() {
  Reload();
  const auto folder = jobs();
  const auto now = std::chrono::steady_clock::now();
  if (now - reconciled_ >= milliseconds(options_.reconcile_interval_ms)) {
    reconciled_ = now;
    Told("commits of other programs", triggers_.Reconcile(*folder));
  }
  Told("what is due", triggers_.Look(*folder));
  Told("runs whose job is gone", CancelOrphans());
  Told("runs that were killed", EndKilledRuns());
}

// A file that cannot be read leaves its job as it was.
void ThreadedScheduler::Reload() {
  std::string files = Inventory(parts_.fs, options_.jobs_dir);
  if (files == files_) return;
  auto loaded = LoadJobs(parts_.fs, options_.jobs_dir, parts_.kinds);
  if (!loaded) return Told("jobs", std::unexpected<Error>(loaded.error()));
  const auto before = jobs();
  for (const JobProblem& problem : loaded->problems) {
    LogWarn("jobs", "{}", problem.error.ToString());
    if (loaded->Find(problem.job) != nullptr) continue;  // a.yaml beside a.yml
    if (const auto* known = before->Find(problem.job)) loaded->jobs.push_back(*known);
  }
  std::ranges::sort(loaded->jobs, {}, &JobDefinition::name);
  files_ = std::move(files);
  Told("jobs that are gone", triggers_.ForgetOthersThan(*loaded));
  std::lock_guard lock(mutex_);
  folder_ = std::make_shared<JobFolder>(std::move(*loaded));
}

Status ThreadedScheduler::CancelOrphans() {
  const auto folder = jobs();
  MP_ASSIGN_OR_RETURN(auto waiting, parts_.runs.JobsIn(RunState::kWaiting));
  waiting_gauge_.Set(static_cast<double>(waiting.size()));
  for (const std::string& job : waiting) {
    const bool unreadable =
        std::ranges::find(folder->problems, job, &JobProblem::job) != folder->problems.end();
    if (folder->Find(job) != nullptr || unreadable) continue;
    // It may have been written, and asked for, since the folder was read.
    const std::string file = JoinPath(options_.jobs_dir, job);
    MP_ASSIGN_OR_RETURN(bool yml, parts_.fs.Exists(file + ".yml"));
    MP_ASSIGN_OR_RETURN(bool yaml, parts_.fs.Exists(file + ".yaml"));
    if (yml || yaml) continue;
    MP_RETURN_IF_ERROR(parts_.runs.CancelWaiting(job, "its file is gone"));
  }
  return OkStatus();
}

Status ThreadedScheduler::EndKilledRuns() {
  MP_ASSIGN_OR_RETURN(auto running, parts_.runs.JobsIn(RunState::kRunning));
  for (const std::string& job : running) {
    auto lock = LockJob(options_.locks_dir, job);
    if (!lock) continue;  // it runs
    MP_ASSIGN_OR_RETURN(int killed, parts_.runs.EndKilled(job));
    if (killed > 0) LogWarn("jobs", "a run of job {} was killed", job);
  }
  return OkStatus();
}

// -- the workers

void ThreadedScheduler::Work() {
  YieldToServing();  // and so do the threads that tasks start
  int64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || rounds_ != seen; });
      if (stopping_) return;
      seen = rounds_;
    }
    while (!stop_.cancelled()) {
      auto claimed = Claim();
      if (!claimed) Told("a run that is due", std::unexpected<Error>(claimed.error()));
      if (!claimed || !*claimed) break;
      Run(**claimed);
    }
  }
}

Result<std::optional<ThreadedScheduler::Claimed>> ThreadedScheduler::Take(
    std::shared_ptr<const JobFolder> folder, const JobDefinition& job, JobRun run) {
  auto lock = LockJob(options_.locks_dir, job.name);
  if (!lock && lock.error().kind() == ErrorKind::kConflict) return std::nullopt;  // it runs
  if (!lock) return std::unexpected<Error>(std::move(lock).error());
  MP_RETURN_IF_ERROR(parts_.runs.EndKilled(job.name));
  MP_ASSIGN_OR_RETURN(bool begun, parts_.runs.Begin(run.run_id));
  if (!begun) return std::nullopt;
  return Claimed{std::move(folder), &job, std::move(run), std::move(*lock)};
}

Result<std::optional<ThreadedScheduler::Claimed>> ThreadedScheduler::Claim() {
  const auto folder = jobs();
  MP_ASSIGN_OR_RETURN(auto due, parts_.runs.Due(parts_.machine_clock.Now()));
  std::vector<Error> troubles;
  for (JobRun& run : due) {
    const JobDefinition* job = folder->Find(run.job);
    if (job == nullptr) continue;
    {
      std::lock_guard lock(mutex_);
      if (!busy_.insert(run.job).second) continue;
    }
    auto claimed = Take(folder, *job, run);
    if (claimed && *claimed) return claimed;
    std::lock_guard lock(mutex_);
    busy_.erase(run.job);
    // One job's trouble keeps no other from running.
    if (!claimed) troubles.push_back(std::move(claimed).error());
  }
  if (!troubles.empty()) return std::unexpected<Error>(std::move(troubles.front()));
  return std::nullopt;
}

// A run that ended but is still said to run would be taken for killed, and run again: tried, with
// the job's lock held, until it is written or the server stops.
void ThreadedScheduler::Finish(const JobRun& run, const RunEnd& end,
                               const std::vector<RunRequest>& next) {
  while (true) {
    const Status ended = parts_.runs.End(run.run_id, end, next);
    Told("the end of a run", ended);
    if (ended || ended.error().kind() == ErrorKind::kConflict) return;
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, milliseconds(kEndAgainMs), [&] { return stopping_; })) return;
  }
}

void ThreadedScheduler::Run(Claimed& claimed) {
  const std::string& job = claimed.job->name;
  LogInfo("jobs", "{}: run {} begins, {}", job, claimed.run.run_id, claimed.run.CauseText());
  running_gauge_.Add(1);
  const TaskEnd task = RunTask(*claimed.job, claimed.run, stop_, nullptr);
  running_gauge_.Add(-1);
  const auto next = NextRuns(*claimed.job, claimed.run, task, *claimed.folder, parts_.project_clock,
                             parts_.machine_clock);
  Finish(claimed.run, task.end, next);
  parts_.metrics
      .FindCounter("millpond_job_runs_total", "Runs of jobs that ended",
                   {{"job", job}, {"state", std::string(ToString(task.end.state))}})
      .Add();
  parts_.metrics
      .FindHistogram("millpond_job_seconds", "Time that runs of jobs took", {{"job", job}},
                     {0.1, 1, 10, 60, 300, 1800, 7200, 43200})
      .Observe(task.end.seconds);
  if (task.end.state == RunState::kFailed) {
    LogWarn("jobs", "{}: run {} failed: {}", job, claimed.run.run_id, task.end.error);
  }
  std::lock_guard lock(mutex_);
  busy_.erase(job);
  woken_ = true;
  changed_.notify_all();
}

}  // namespace

Result<std::unique_ptr<Scheduler>> Scheduler::Start(SchedulerParts parts,
                                                    SchedulerOptions options) {
  MP_RETURN_IF_ERROR(parts.fs.CreateDirectories(options.locks_dir));
  MP_ASSIGN_OR_RETURN(auto lock, LockScheduling(options.locks_dir, kPatienceMs));
  auto scheduler = std::make_unique<ThreadedScheduler>(parts, std::move(options), std::move(lock));
  scheduler->Begin();
  return scheduler;
}

}  // namespace millpond::platform
