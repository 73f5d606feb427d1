// millpond jobs list | run | history | show: what the project does when nobody is looking. All of
// it works with and without a server; `run` hands its run to the server if there is one.
#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/job_tables.h"
#include "app/jobs.h"
#include "app/result_output.h"
#include "app/terminal.h"
#include "platform/jobs/job_list.h"
#include "platform/jobs/job_lock.h"
#include "platform/jobs/run_task.h"

namespace millpond::app {
namespace {

using platform::JobRun;
using platform::RunState;

constexpr int kLookEveryMs = 100;

struct JobsOptions {
  std::string name;
  bool wait = false;
  int limit = 20;
  enum class Verb { kList, kRun, kHistory, kShow } verb = Verb::kList;
};

// Whether a server schedules this project's jobs.
bool IsScheduled(const ProjectJobs& jobs) {
  const auto lock = platform::LockScheduling(jobs.locks_dir());
  return !lock.has_value() && lock.error().kind() == ErrorKind::kConflict;
}

Status Write(Project& project, const CommonOptions& common,
             const std::shared_ptr<arrow::Table>& table) {
  MP_RETURN_IF_ERROR(WriteTable(*table, common, project.env().fs));
  return OkStatus();
}

Status ListAll(Project& project, ProjectJobs& jobs, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto folder, jobs.Load());
  MP_ASSIGN_OR_RETURN(auto list, platform::ListJobs(folder, jobs.runs(), project.env().clock));
  if (list.empty()) {
    std::fprintf(stderr, "no jobs: write one as jobs/NAME.yml (docs/jobs.md)\n");
  } else if (!IsScheduled(jobs)) {
    std::fprintf(stderr, "no server runs these by themselves now: millpond serve does\n");
  }
  MP_ASSIGN_OR_RETURN(auto table, JobsTable(list));
  MP_RETURN_IF_ERROR(Write(project, common, table));
  if (folder.problems.empty()) return OkStatus();
  for (size_t i = 1; i < folder.problems.size(); ++i) {
    std::fprintf(stderr, "millpond: %s\n", folder.problems[i].error.ToString().c_str());
  }
  return std::unexpected<Error>(folder.problems.front().error);
}

// Says how a run ended; the exit code is the run's.
Status Tell(Project& project, const CommonOptions& common, const JobRun& run) {
  if (common.format != "table" || !common.output_file.empty()) {
    MP_ASSIGN_OR_RETURN(auto table, RunsTable({run}));
    MP_RETURN_IF_ERROR(Write(project, common, table));
  } else if (run.state == RunState::kSucceeded) {
    std::printf("%s\n", fmt::format("{}: run {} succeeded in {}: {}", run.job, run.run_id,
                                    HumanSeconds(run.seconds), run.summary)
                            .c_str());
  }
  if (run.state == RunState::kSucceeded || run.state == RunState::kWaiting ||
      run.state == RunState::kRunning) {
    return OkStatus();
  }
  return Fail(
      run.state == RunState::kCancelled ? ErrorKind::kCancelled : ErrorKind::kUnavailable,
      "run {} of job {} {}: {}", run.run_id, run.job,
      run.state == RunState::kFailed ? "failed" : fmt::format("was {}", ToString(run.state)),
      run.error);
}

Status RunByServer(Project& project, ProjectJobs& jobs, const JobsOptions& options,
                   const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(
      JobRun run,
      jobs.runs().Enqueue({.job = options.name, .detail = "local", .scheduled_at = project.now()}));
  std::fprintf(stderr, "run %s of job %s is asked for; the server runs it\n", run.run_id.c_str(),
               run.job.c_str());
  while (options.wait) {
    MP_ASSIGN_OR_RETURN(run, jobs.runs().Find(run.run_id));
    if (run.finished()) break;
    if (common.cancellation.cancelled()) {
      return Fail(
          ErrorKind::kCancelled,
          "nobody waits for run {} any more; the server goes on with it (millpond jobs show "
          "{})",
          run.run_id, run.run_id);
    }
    if (!IsScheduled(jobs)) {
      return Fail(ErrorKind::kUnavailable,
                  "the server ended before run {}; the next one takes it up", run.run_id);
    }
    ::poll(nullptr, 0, kLookEveryMs);
  }
  return Tell(project, common, run);
}

Status RunHere(Project& project, ProjectJobs& jobs, const platform::JobFolder& folder,
               const platform::JobDefinition& job, const CommonOptions& common) {
  MP_RETURN_IF_ERROR(project.env().fs.CreateDirectories(jobs.locks_dir()));
  MP_ASSIGN_OR_RETURN(auto lock, platform::LockJob(jobs.locks_dir(), job.name));
  MP_RETURN_IF_ERROR(jobs.runs().EndKilled(job.name));
  MP_ASSIGN_OR_RETURN(
      JobRun run,
      jobs.runs().Enqueue({.job = job.name, .detail = "local", .scheduled_at = project.now()}));
  MP_ASSIGN_OR_RETURN(bool begun, jobs.runs().Begin(run.run_id));
  if (!begun) return Fail(ErrorKind::kConflict, "run {} is somebody else's now", run.run_id);
  TerminalProgress progress(stderr);
  platform::TaskEnd task = RunTask(job, run, common.cancellation, &progress);
  progress.Clear();
  // A run that was promised before (a tick's, a retry) has what follows from it as in a server.
  std::vector<platform::RunRequest> next;
  if (run.cause != platform::RunCause::kByHand) {
    next = NextRuns(job, run, task, folder, project.env().clock, jobs.machine_clock());
  }
  if (task.stopped) {
    task.end.state = RunState::kCancelled;
    task.end.error = "it was stopped by hand";
  }
  MP_RETURN_IF_ERROR(jobs.runs().End(run.run_id, task.end, next));
  MP_ASSIGN_OR_RETURN(run, jobs.runs().Find(run.run_id));
  return Tell(project, common, run);
}

Status RunJob(Project& project, ProjectJobs& jobs, const JobsOptions& options,
              const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto folder, jobs.Load());
  MP_ASSIGN_OR_RETURN(const auto* job, folder.Require(options.name, jobs.jobs_dir()));
  return IsScheduled(jobs) ? RunByServer(project, jobs, options, common)
                           : RunHere(project, jobs, folder, *job, common);
}

Status History(Project& project, ProjectJobs& jobs, const JobsOptions& options,
               const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto runs, jobs.runs().List(options.name, options.limit));
  if (runs.empty() && !options.name.empty()) {
    MP_ASSIGN_OR_RETURN(auto folder, jobs.Load());
    MP_RETURN_IF_ERROR(folder.Require(options.name, jobs.jobs_dir()));
  }
  if (runs.empty()) std::fprintf(stderr, "no run yet: millpond jobs run NAME\n");
  MP_ASSIGN_OR_RETURN(auto table, RunsTable(runs));
  return Write(project, common, table);
}

Status Show(Project& project, ProjectJobs& jobs, const JobsOptions& options,
            const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto folder, jobs.Load());
  const auto job = folder.Require(options.name, jobs.jobs_dir());
  if (!job) {
    // Not a job: perhaps a run of one.
    const auto run = jobs.runs().Find(options.name);
    if (!run) return std::unexpected<Error>(job.error());
    MP_ASSIGN_OR_RETURN(auto table, RunFields(*run));
    return Write(project, common, table);
  }
  MP_ASSIGN_OR_RETURN(auto list, platform::ListJobs(folder, jobs.runs(), project.env().clock));
  const auto status = std::ranges::find(list, options.name, &platform::JobStatus::job);
  MP_ASSIGN_OR_RETURN(auto table, JobFields(**job, *status));
  return Write(project, common, table);
}

Status RunJobs(const JobsOptions& options, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_ASSIGN_OR_RETURN(auto jobs, ProjectJobs::Open(*project));
  switch (options.verb) {
    case JobsOptions::Verb::kList:
      return ListAll(*project, *jobs, common);
    case JobsOptions::Verb::kRun:
      return RunJob(*project, *jobs, options, common);
    case JobsOptions::Verb::kHistory:
      return History(*project, *jobs, options, common);
    case JobsOptions::Verb::kShow:
      return Show(*project, *jobs, options, common);
  }
  return OkStatus();
}

}  // namespace

RunCommand AddJobsCommand(CLI::App& sub, CommonOptions& common) {
  using Verb = JobsOptions::Verb;
  auto options = std::make_shared<JobsOptions>();
  sub.require_subcommand(0, 1);
  auto* list = sub.add_subcommand("list", "Jobs with their next tick and last run (the default)");
  auto* run = sub.add_subcommand("run", "Run a job now: by the server if one runs, else here");
  auto* history = sub.add_subcommand("history", "Runs, newest first");
  auto* show = sub.add_subcommand("show", "One job, or one run of a job");
  for (const auto& [verb, kind] :
       {std::pair{list, Verb::kList}, std::pair{run, Verb::kRun},
        std::pair{history, Verb::kHistory}, std::pair{show, Verb::kShow}}) {
    verb->callback([options, kind = kind] { options->verb = kind; });
    verb->fallthrough();
  }
  run->add_option("job", options->name, "Name of the job: its file without .yml")->required();
  run->add_flag("--wait", options->wait,
                "Wait for the server to end it; its outcome is the exit code");
  history->add_option("job", options->name, "Only of this job");
  history->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 1'000'000))
      ->default_str("20");
  show->add_option("name", options->name, "Name of a job, or id of a run")->required();
  sub.footer(
      "Jobs are files: jobs/NAME.yml (docs/jobs.md). millpond serve starts them at their times.\n"
      "Examples:\n"
      "  millpond jobs\n"
      "  millpond jobs run nightly --wait\n"
      "  millpond jobs history nightly --limit 5 --format csv\n"
      "  millpond jobs show nightly");
  return [options, &common] { return RunJobs(*options, common); };
}

}  // namespace millpond::app
