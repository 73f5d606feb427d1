#include "platform/jobs/job_list.h"

#include <algorithm>

namespace millpond::platform {
namespace {

Json Moment(Micros at) {
  return at == 0 ? Json(nullptr) : Json(FormatTimestamp(at));
}

Json Text(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// "1998-07-02T02:15Z".
std::string Minute(Micros at) {
  return FormatTimestamp(at).substr(0, 16) + "Z";
}

void FillNext(const JobDefinition& job, const Clock& clock, JobStatus& status) {
  if (!job.schedule.on_commit.empty()) {
    status.next = "after the next commit";
  } else if (!job.schedule.after.empty()) {
    status.next = job.schedule.ToString();
  } else if (!job.schedule.cron) {
    status.next = "by hand";
  } else if (dynamic_cast<const FixedClock*>(&clock) != nullptr) {
    status.next = "never: the project's clock stands still";
  } else if ((status.next_tick = job.schedule.cron->Next(clock.Now()))) {
    status.next = Minute(*status.next_tick);
  }
}

Status FillRuns(JobRuns& runs, JobStatus& status) {
  // One waits and one runs at most; the third is the last that finished.
  MP_ASSIGN_OR_RETURN(auto newest, runs.List(status.job, 3));
  for (JobRun& run : newest) {
    auto& place = run.finished() ? status.last : status.at_hand;
    const bool better = !place || (run.state == RunState::kRunning);
    if (better) place = std::move(run);
  }
  if (status.at_hand) {
    status.state = ToString(status.at_hand->state);
  } else if (status.last) {
    status.state = ToString(status.last->state);
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<JobStatus>> ListJobs(const JobFolder& folder, JobRuns& runs,
                                        const Clock& project_clock) {
  std::vector<JobStatus> list;
  for (const JobDefinition& job : folder.jobs) {
    JobStatus& status = list.emplace_back();
    status.job = job.name;
    status.description = job.description;
    status.task = job.task_kind;
    status.schedule = job.schedule.ToString();
    FillNext(job, project_clock, status);
  }
  for (const JobProblem& problem : folder.problems) {
    auto known = std::ranges::find(list, problem.job, &JobStatus::job);
    if (known == list.end()) {
      list.push_back({.job = problem.job});
      known = list.end() - 1;
    }
    known->problem = problem.error.ToString();
  }
  std::ranges::sort(list, {}, &JobStatus::job);
  for (JobStatus& status : list) MP_RETURN_IF_ERROR(FillRuns(runs, status));
  return list;
}

OrderedJson ToJson(const JobRun& run) {
  return {{"run_id", run.run_id},
          {"job", run.job},
          {"state", ToString(run.state)},
          {"cause", ToString(run.cause)},
          {"detail", Text(run.detail)},
          {"attempt", run.attempt},
          {"scheduled_at", Moment(run.scheduled_at)},
          {"started_at", Moment(run.started_at)},
          {"finished_at", Moment(run.finished_at)},
          {"seconds", run.finished() ? Json(run.seconds) : Json(nullptr)},
          {"changed", run.changed},
          {"summary", Text(run.summary)},
          {"error", Text(run.error)}};
}

OrderedJson ToJson(const JobStatus& status) {
  return {{"job", status.job},
          {"description", Text(status.description)},
          {"task", Text(status.task)},
          {"schedule", Text(status.schedule)},
          {"next_tick", Moment(status.next_tick.value_or(0))},
          {"next", Text(status.next)},
          {"state", Text(status.state)},
          {"at_hand", status.at_hand ? ToJson(*status.at_hand) : OrderedJson(nullptr)},
          {"last_run", status.last ? ToJson(*status.last) : OrderedJson(nullptr)},
          {"problem", Text(status.problem)}};
}

}  // namespace millpond::platform
