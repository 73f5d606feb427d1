// The jobs of one project, put together: jobs/*.yml, the run table in meta.db, the locks under
// <state>/jobs, and, in a server, the scheduler.
#pragma once

#include <memory>
#include <string>

#include "app/project.h"
#include "base/http/router.h"
#include "base/metrics/metrics.h"
#include "platform/jobs/job_definition.h"
#include "platform/jobs/job_runs.h"
#include "platform/jobs/scheduler.h"

namespace millpond::app {

class ProjectJobs {
 public:
  // `project` must outlive it.
  static Result<std::unique_ptr<ProjectJobs>> Open(Project& project);

  platform::JobRuns& runs() { return *runs_; }
  const Clock& machine_clock() const { return machine_clock_; }
  std::string jobs_dir() const { return project_.PathOf("jobs"); }
  std::string locks_dir() const { return project_.StatePathOf("jobs"); }
  Result<platform::JobFolder> Load() const;

  // For a server. Both must outlive what is started, and the routes of it.
  Status StartScheduler(MetricsRegistry& metrics);
  void AddRoutes(Router& router);
  void Stop();

 private:
  explicit ProjectJobs(Project& project) : project_(project) {}

  Project& project_;
  SystemClock machine_clock_;
  platform::TaskKinds kinds_;
  std::unique_ptr<platform::JobRuns> runs_;
  std::unique_ptr<platform::Scheduler> scheduler_;
};

}  // namespace millpond::app
