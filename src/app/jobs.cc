#include "app/jobs.h"

#include "app/task_kinds.h"
#include "base/log.h"
#include "platform/jobs/job_routes.h"

namespace millpond::app {

Result<std::unique_ptr<ProjectJobs>> ProjectJobs::Open(Project& project) {
  std::unique_ptr<ProjectJobs> jobs(new ProjectJobs(project));
  jobs->kinds_ = MakeTaskKinds(project);
  MP_ASSIGN_OR_RETURN(jobs->runs_,
                      platform::JobRuns::Open(project.StatePathOf("meta.db"), project.env().random,
                                              project.env().clock, jobs->machine_clock_, {}));
  return jobs;
}

Result<platform::JobFolder> ProjectJobs::Load() const {
  return platform::LoadJobs(project_.env().fs, jobs_dir(), kinds_);
}

Status ProjectJobs::StartScheduler(MetricsRegistry& metrics) {
  const Environment& env = project_.env();
  MP_ASSIGN_OR_RETURN(scheduler_, platform::Scheduler::Start(
                                      {env.fs, env.clock, machine_clock_,
                                       project_.catalog().commits(), kinds_, *runs_, metrics},
                                      {.jobs_dir = jobs_dir(), .locks_dir = locks_dir()}));
  if (project_.config().clock_kind == ClockKind::kFixed) {
    LogInfo("jobs", "the project's clock stands still: no job starts by its cron line");
  }
  return OkStatus();
}

void ProjectJobs::AddRoutes(Router& router) {
  platform::AddJobRoutes(router, {*scheduler_, *runs_, project_.env().clock});
}

void ProjectJobs::Stop() {
  if (scheduler_) scheduler_->Stop();
}

}  // namespace millpond::app
