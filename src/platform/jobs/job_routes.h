// Jobs over HTTP:
//
//   GET  /api/jobs                    every job with its next tick and last run
//   GET  /api/jobs/{name}/runs        its runs, newest first (?limit=)
//   POST /api/jobs/{name}/run         asks for a run; 202 with the run that waits
#pragma once

#include "base/http/router.h"
#include "platform/jobs/scheduler.h"

namespace millpond::platform {

// All must outlive the router.
struct JobRouteParts {
  Scheduler& scheduler;
  JobRuns& runs;
  const Clock& project_clock;
};

void AddJobRoutes(Router& router, JobRouteParts parts);

}  // namespace millpond::platform
