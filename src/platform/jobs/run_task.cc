#include "platform/jobs/run_task.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

namespace millpond::platform {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A token that a signal handler cancels wakes nobody.
constexpr auto kLookEvery = std::chrono::milliseconds(20);

// Cancels a task when it is told to stop or its time is over.
class TaskWatch {
 public:
  TaskWatch(const CancellationToken& stop, const CancellationToken& task, Micros timeout)
      : stop_(stop),
        task_(task),
        deadline_(SteadyClock::now() + std::chrono::microseconds(timeout)),
        thread_([this] { Watch(); }) {}

  ~TaskWatch() {
    {
      std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  bool stopped() const { return stopped_; }
  bool timed_out() const { return timed_out_; }

 private:
  void Watch() {
    std::unique_lock lock(mutex_);
    while (!done_) {
      stopped_ = stop_.cancelled();
      timed_out_ = !stopped_ && SteadyClock::now() >= deadline_;
      if (stopped_ || timed_out_) return task_.Cancel();
      changed_.wait_for(lock, kLookEvery);
    }
  }

  const CancellationToken stop_;
  const CancellationToken task_;
  const SteadyClock::time_point deadline_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> timed_out_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

// The last catch of this thread: an adapter of a library forgot one.
Result<TaskOutcome> Guarded(Task& task, const TaskRun& run) {
  try {
    return task.Run(run);
  } catch (const std::bad_alloc&) {
    return Fail(ErrorKind::kResourceExhausted, "out of memory; lower memory_limit in millpond.yml");
  } catch (const std::exception& e) {
    return Fail(ErrorKind::kInternal, "a bug in Millpond: an exception got through: {}", e.what());
  }
}

bool MayGoAway(ErrorKind kind) {
  return kind != ErrorKind::kInvalidArgument && kind != ErrorKind::kUnsupported &&
         kind != ErrorKind::kPermissionDenied && kind != ErrorKind::kCorrupt;
}

}  // namespace

TaskEnd RunTask(const JobDefinition& job, const JobRun& run, const CancellationToken& stop,
                Progress* progress) {
  const TaskRun task_run{.job = job.name,
                         .run_id = run.run_id,
                         .attempt = run.attempt,
                         .scheduled_at = run.scheduled_at,
                         .cancellation = {},
                         .progress = progress};
  const auto begin = SteadyClock::now();
  TaskWatch watch(stop, task_run.cancellation, job.timeout);
  const auto outcome = Guarded(*job.task, task_run);
  TaskEnd task;
  task.end.seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  if (outcome) {
    task.end.changed = outcome->changed;
    task.end.summary = outcome->summary;
    return task;
  }
  task.end.state = RunState::kFailed;
  task.end.error = outcome.error().ToString();
  task.may_help = MayGoAway(outcome.error().kind());
  // Whatever the task made of being cancelled.
  if (watch.timed_out()) {
    task.end.error = fmt::format("took longer than its timeout_s ({:g} s) and was stopped",
                                 static_cast<double>(job.timeout) / kMicrosPerSecond);
  } else if (watch.stopped()) {
    task.stopped = true;
    task.end.state = RunState::kInterrupted;
    task.end.error = "the server was stopped; it is run again by the next one";
  }
  return task;
}

std::vector<RunRequest> NextRuns(const JobDefinition& job, const JobRun& run, const TaskEnd& task,
                                 const JobFolder& folder, const Clock& project_clock,
                                 const Clock& machine_clock) {
  if (task.stopped) {
    return {{.job = job.name,
             .cause = RunCause::kInterrupted,
             .detail = fmt::format("run {} was stopped", run.run_id),
             .scheduled_at = run.scheduled_at,
             .attempt = run.attempt,
             .kills = run.kills}};
  }
  if (task.end.state == RunState::kFailed) {
    if (!task.may_help || run.attempt >= job.retry.attempts || run.cause == RunCause::kByHand) {
      return {};
    }
    return {{.job = job.name,
             .cause = RunCause::kRetry,
             .detail = fmt::format("of run {}", run.run_id),
             .scheduled_at = run.scheduled_at,
             .due_at = machine_clock.Now() + job.retry.BackoffAfter(run.attempt),
             .attempt = run.attempt + 1}};
  }
  std::vector<RunRequest> next;
  for (const JobDefinition& other : folder.jobs) {
    if (std::ranges::find(other.schedule.after, job.name) == other.schedule.after.end()) continue;
    next.push_back({.job = other.name,
                    .cause = RunCause::kAfter,
                    .detail = fmt::format("{} ({})", job.name, run.run_id),
                    .scheduled_at = project_clock.Now()});
  }
  return next;
}

}  // namespace millpond::platform
