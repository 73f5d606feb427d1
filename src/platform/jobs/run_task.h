// One attempt of a job: its task, with a deadline and a way to stop it, and what follows from how
// it ended.
#pragma once

#include <vector>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/progress.h"
#include "platform/jobs/job_definition.h"
#include "platform/jobs/job_runs.h"

namespace millpond::platform {

struct TaskEnd {
  RunEnd end;
  bool may_help = false;  // to try again
  bool stopped = false;   // `stop` was cancelled before it was done
};

// Runs the task on the calling thread. Cancels it when `stop` is cancelled (the end is then
// kInterrupted) or the job's timeout has passed (kFailed). Whatever it throws is a failure.
TaskEnd RunTask(const JobDefinition& job, const JobRun& run, const CancellationToken& stop,
                Progress* progress);

// The next attempt after a failure, if it may help, attempts are left and nobody was there to see
// it fail (a run by hand is not tried again); the same attempt once more after an interruption; the
// jobs that come after this one when it succeeded.
std::vector<RunRequest> NextRuns(const JobDefinition& job, const JobRun& run, const TaskEnd& task,
                                 const JobFolder& folder, const Clock& project_clock,
                                 const Clock& machine_clock);

}  // namespace millpond::platform
