#include "app/job_tables.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <cmath>

#include "app/result_columns.h"
#include "app/result_output.h"
#include "app/terminal.h"
#include "data/arrow/status.h"

namespace millpond::app {
namespace {

using platform::JobRun;
using platform::JobStatus;

constexpr int kShownTicks = 5;

Status Put(arrow::StringBuilder& column, const std::string& text) {
  MP_ARROW_RETURN_IF_ERROR(text.empty() ? column.AppendNull() : column.Append(text));
  return OkStatus();
}

// "1998-07-02T02:15:00Z"; "" for none.
std::string Second(Micros at) {
  return at == 0 ? "" : FormatTimestamp(at).substr(0, 19) + "Z";
}

std::string Outcome(const JobRun& run) {
  return run.error.empty() ? run.summary : run.error;
}

Result<std::shared_ptr<arrow::Table>> FieldsTable(
    const std::vector<std::pair<std::string, std::string>>& fields) {
  ResultColumns columns;
  auto& names = columns.Texts("field");
  auto& values = columns.Texts("value");
  for (const auto& [name, value] : fields) {
    MP_RETURN_IF_ERROR(Put(names, name));
    MP_RETURN_IF_ERROR(Put(values, value));
  }
  return columns.Finish();
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> JobsTable(const std::vector<JobStatus>& jobs) {
  ResultColumns columns;
  auto& job = columns.Texts("job");
  auto& task = columns.Texts("task");
  auto& schedule = columns.Texts("schedule");
  auto& next = columns.Texts("next");
  auto& state = columns.Texts("state");
  auto& last = columns.Texts("last_run");
  auto& outcome = columns.Texts("outcome");
  for (const JobStatus& status : jobs) {
    MP_RETURN_IF_ERROR(Put(job, status.job));
    MP_RETURN_IF_ERROR(Put(task, status.task));
    MP_RETURN_IF_ERROR(Put(schedule, status.schedule));
    MP_RETURN_IF_ERROR(Put(next, status.next));
    MP_RETURN_IF_ERROR(Put(state, status.state));
    MP_RETURN_IF_ERROR(Put(last, status.last ? Second(status.last->finished_at) : ""));
    MP_RETURN_IF_ERROR(Put(outcome, !status.problem.empty() ? status.problem
                                    : status.last           ? Outcome(*status.last)
                                                            : ""));
  }
  return columns.Finish();
}

Result<std::shared_ptr<arrow::Table>> RunsTable(const std::vector<JobRun>& runs) {
  ResultColumns columns;
  auto& id = columns.Texts("run_id");
  auto& job = columns.Texts("job");
  auto& state = columns.Texts("state");
  auto& cause = columns.Texts("cause");
  auto& attempt = columns.Numbers("attempt");
  auto& scheduled = columns.Texts("scheduled_at");
  auto& started = columns.Texts("started_at");
  auto& finished = columns.Texts("finished_at");
  auto& seconds = columns.Doubles("seconds");
  auto& outcome = columns.Texts("outcome");
  for (const JobRun& run : runs) {
    MP_RETURN_IF_ERROR(Put(id, run.run_id));
    MP_RETURN_IF_ERROR(Put(job, run.job));
    MP_RETURN_IF_ERROR(Put(state, std::string(ToString(run.state))));
    MP_RETURN_IF_ERROR(Put(cause, run.CauseText()));
    MP_ARROW_RETURN_IF_ERROR(attempt.Append(run.attempt));
    MP_RETURN_IF_ERROR(Put(scheduled, Second(run.scheduled_at)));
    MP_RETURN_IF_ERROR(Put(started, Second(run.started_at)));
    MP_RETURN_IF_ERROR(Put(finished, Second(run.finished_at)));
    MP_ARROW_RETURN_IF_ERROR(run.started_at != 0 && run.finished()
                                 ? seconds.Append(std::round(run.seconds * 1000) / 1000)
                                 : seconds.AppendNull());
    MP_RETURN_IF_ERROR(Put(outcome, Outcome(run)));
  }
  return columns.Finish();
}

Result<std::shared_ptr<arrow::Table>> JobFields(const platform::JobDefinition& job,
                                                const JobStatus& status) {
  std::vector<std::pair<std::string, std::string>> fields = {{"job", job.name},
                                                             {"description", job.description},
                                                             {"file", job.file},
                                                             {"task", job.task_kind},
                                                             {"schedule", job.schedule.ToString()}};
  if (status.next_tick) {
    std::vector<std::string> ticks;
    auto tick = status.next_tick;
    for (int i = 0; i < kShownTicks && tick; ++i, tick = job.schedule.cron->Next(*tick)) {
      ticks.push_back(Second(*tick));
    }
    fields.emplace_back("next", fmt::format("{}", fmt::join(ticks, ", ")));
  } else {
    fields.emplace_back("next", status.next);
  }
  const auto seconds = [](Micros time) {
    return fmt::format("{:g} s", static_cast<double>(time) / kMicrosPerSecond);
  };
  if (!job.schedule.on_commit.empty()) {
    fields.emplace_back("quiet", seconds(job.schedule.quiet));
    fields.emplace_back("max_wait", seconds(job.schedule.max_wait));
  }
  fields.emplace_back("attempts", fmt::format("{}, after {} and twice as long each time up to {}",
                                              job.retry.attempts, seconds(job.retry.backoff),
                                              seconds(job.retry.max_backoff)));
  fields.emplace_back("timeout", seconds(job.timeout));
  fields.emplace_back("state", status.state);
  if (status.at_hand) fields.emplace_back("run_at_hand", status.at_hand->run_id);
  if (status.last) {
    fields.emplace_back("last_run", status.last->run_id);
    fields.emplace_back("last_cause", status.last->CauseText());
    fields.emplace_back("last_finished", Second(status.last->finished_at));
    fields.emplace_back("last_took", HumanSeconds(status.last->seconds));
    fields.emplace_back("last_outcome", Outcome(*status.last));
  }
  return FieldsTable(fields);
}

Result<std::shared_ptr<arrow::Table>> RunFields(const JobRun& run) {
  return FieldsTable({{"run_id", run.run_id},
                      {"job", run.job},
                      {"state", std::string(ToString(run.state))},
                      {"cause", run.CauseText()},
                      {"attempt", fmt::format("{}", run.attempt)},
                      {"scheduled_at", Second(run.scheduled_at)},
                      {"started_at", Second(run.started_at)},
                      {"finished_at", Second(run.finished_at)},
                      {"took", run.finished() ? HumanSeconds(run.seconds) : ""},
                      {"changed", run.changed ? "yes" : "no"},
                      {"summary", run.summary},
                      {"error", run.error}});
}

Status WriteTable(const arrow::Table& table, const CommonOptions& common, FileSystem& fs) {
  arrow::TableBatchReader rows(table);
  MP_RETURN_IF_ERROR(WriteResult(rows, common, fs));
  return OkStatus();
}

}  // namespace millpond::app
