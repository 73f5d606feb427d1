// Runs a project's jobs: one thread looks at what has become due, a few others run it.
//
//   jobs/*.yml ──┐
//   clock ───────┼─► Triggers ─► run table (job_runs.h) ─► JobRunner on a worker ─► Task::Run
//   CommitFeed ──┘        ▲              ▲   │ failed, or interrupted
//                         │      by hand │   └──► waits again (backoff)
//                         └── the marks of what has led to a run already
//
// Promises. A tick or a quiet commit leads to one run, whatever is killed and when; ticks that
// passed while nobody looked lead to one run together, and a job that is seen for the first time
// has missed none. One run of one job at a time, in whichever process (job_lock.h). A run that a
// kill ended is found by the next Start and run once more. Stop cancels what runs and asks for it
// again at the next Start; it waits no longer than the task needs to notice.
//
// Files that change are read again; a file that cannot be read leaves its job as it was, and
// `problems` says why. Where the project's clock stands still no tick ever comes.
//
// Metrics: millpond_job_runs_total{job,state}, millpond_job_seconds{job}, millpond_jobs_running,
// millpond_jobs_waiting.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/metrics/metrics.h"
#include "platform/jobs/job_definition.h"
#include "platform/jobs/job_runs.h"

namespace millpond::data {
class CommitFeed;
}

namespace millpond::platform {

struct SchedulerOptions {
  std::string jobs_dir;              // the folder of the *.yml
  std::string locks_dir;             // made if it is missing
  int workers = 2;                   // runs at one time, of different jobs
  int poll_interval_ms = 500;        // files, clock, and runs that other processes asked for
  int reconcile_interval_ms = 5000;  // commits of programs that are no Millpond
};

// All must outlive the scheduler.
struct SchedulerParts {
  FileSystem& fs;
  const Clock& project_clock;
  const Clock& machine_clock;
  data::CommitFeed& commits;
  const TaskKinds& kinds;
  JobRuns& runs;
  MetricsRegistry& metrics;
};

class Scheduler {
 public:
  // kConflict: another process schedules this project's jobs.
  static Result<std::unique_ptr<Scheduler>> Start(SchedulerParts parts, SchedulerOptions options);
  virtual ~Scheduler() = default;  // stops

  // The jobs as they were last read.
  virtual std::shared_ptr<const JobFolder> jobs() const = 0;
  // Asks for a run by hand; returns the one that waits now. kNotFound names near jobs.
  virtual Result<JobRun> RunNow(const std::string& job, const std::string& who) = 0;
  // Looks at everything now. Never blocks.
  virtual void Wake() = 0;
  virtual void Stop() = 0;
};

}  // namespace millpond::platform
