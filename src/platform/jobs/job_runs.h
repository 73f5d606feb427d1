// The run table: every run of every job, kept in meta.db, and how far each job's triggers have been
// looked at. Both change in one transaction, so that a tick or a commit leads to one run whatever
// is killed. docs/jobs.md has the picture of a run's life.
//
//   waiting ──► running ──► succeeded | failed | cancelled | interrupted
//
// A failure that may go away is followed by another run of the same job, attempt n + 1, which waits
// for its backoff; an interruption by one that waits for nothing. A job has at most one waiting
// run: what would add another one finds that one. The last `kept_runs` finished ones of each job
// stay.
//
// Whoever moves a run to running holds the job's lock (job_lock.h): who has that lock knows that
// another row of the job that says running is of a process that was killed.
//
// Thread-safe; several processes may have the same file open.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/db/sqlite.h"
#include "base/random.h"
#include "base/result.h"

namespace millpond::platform {

enum class RunState { kWaiting, kRunning, kSucceeded, kFailed, kCancelled, kInterrupted };
std::string_view ToString(RunState state);

enum class RunCause { kCron, kCatchUp, kCommit, kAfter, kByHand, kRetry, kInterrupted };
// "cron", "catch-up", "commit", "after", "by hand", "retry", "interrupted"
std::string_view ToString(RunCause cause);

struct RunRequest {
  std::string job = {};
  RunCause cause = RunCause::kByHand;
  std::string detail = {};  // "main.shop.orders@7", "3 ticks missed since …", who asked
  Micros scheduled_at = 0;  // on the project's clock
  Micros due_at = 0;        // on the system's: not before; 0: at once
  int attempt = 1;
  int kills = 0;  // runs before this one that a kill ended, one after another
};

struct JobRun {
  std::string run_id = {};  // 12 hexadecimal digits
  std::string job = {};
  RunCause cause = RunCause::kByHand;
  std::string detail = {};
  int attempt = 1;
  int kills = 0;
  RunState state = RunState::kWaiting;
  Micros scheduled_at = 0;  // these three on the project's clock; 0: not yet
  Micros started_at = 0;
  Micros finished_at = 0;
  Micros due_at = 0;   // on the system's
  double seconds = 0;  // measured, also where the project's clock stands still
  bool changed = false;
  std::string summary = {};
  std::string error = {};

  // "cron", "commit main.shop.orders@7", "by hand (ann)".
  std::string CauseText() const;
  bool finished() const { return state != RunState::kWaiting && state != RunState::kRunning; }
};

struct RunEnd {
  RunState state = RunState::kSucceeded;
  double seconds = 0;
  bool changed = false;
  std::string summary = {};
  std::string error = {};
};

// How far the triggers of a job have been looked at.
struct TriggerMark {
  std::string job = {};
  std::string schedule = {};  // JobSchedule::ToString; another one begins anew
  Micros ticks_until = 0;     // ticks up to here (project's clock) have led to their run
  int64_t commits_until = 0;  // the same for positions of the commit feed
};

class JobRuns {
 public:
  struct Options {
    int kept_runs = 1000;  // finished ones, of each job
  };
  // `project_clock` and the others must outlive the store.
  static Result<std::unique_ptr<JobRuns>> Open(const std::string& meta_path, RandomSource& random,
                                               const Clock& project_clock,
                                               const Clock& machine_clock, Options options);

  // The run that waits: a new one, or the one that waited already, which is then due at the earlier
  // of the two moments. `reached`, if there is one, is written with it.
  Result<JobRun> Enqueue(const RunRequest& request, const TriggerMark* reached = nullptr);
  Result<std::optional<TriggerMark>> FindMark(const std::string& job);
  Status SetMark(const TriggerMark& mark);
  // Of all jobs but these: one that comes back later begins anew.
  Status ForgetMarksExcept(const std::vector<std::string>& jobs);

  // Waiting → running. False: it does not wait any more.
  Result<bool> Begin(const std::string& run_id);
  // Running → finished, and what follows from it, in one transaction.
  Status End(const std::string& run_id, const RunEnd& end,
             const std::vector<RunRequest>& next = {});
  // For a holder of the job's lock: runs that a kill left behind become interrupted, and the first
  // of them is asked for once more, unless it was itself asked for so. Returns how many there were.
  Result<int> EndKilled(const std::string& job);
  // Waiting → cancelled.
  Status CancelWaiting(const std::string& job, const std::string& why);

  Result<JobRun> Find(const std::string& run_id);  // also by a unique beginning of four digits
  Result<std::vector<JobRun>> List(const std::string& job,
                                   int limit);  // newest first; "": all jobs
  // Those that wait and are due at `now` on the system's clock, in the order of their due times.
  Result<std::vector<JobRun>> Due(Micros system_now);
  // Jobs with a run in this state.
  Result<std::vector<std::string>> JobsIn(RunState state);

 private:
  JobRuns(SqliteDatabase db, RandomSource& random, const Clock& project_clock,
          const Clock& machine_clock, Options options)
      : db_(std::move(db)),
        random_(random),
        project_clock_(project_clock),
        machine_clock_(machine_clock),
        options_(options) {}
  Result<JobRun> Insert(const RunRequest& request);
  Result<JobRun> EnqueueLocked(const RunRequest& request);
  Status WriteMark(const TriggerMark& mark);
  Result<std::vector<JobRun>> Select(const std::string& rest,
                                     const std::vector<SqliteValue>& parameters);

  std::mutex mutex_;
  SqliteDatabase db_;
  RandomSource& random_;
  const Clock& project_clock_;
  const Clock& machine_clock_;
  Options options_;
};

}  // namespace millpond::platform
