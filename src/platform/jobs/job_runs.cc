#include "platform/jobs/job_runs.h"

#include <algorithm>

namespace millpond::platform {
namespace {

const std::vector<std::string>& Migrations() {
  static const std::vector<std::string> scripts = {R"sql(
CREATE TABLE job_runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  job TEXT NOT NULL,
  cause TEXT NOT NULL,
  detail TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  kills INTEGER NOT NULL,
  state TEXT NOT NULL,
  scheduled_us INTEGER NOT NULL,
  started_us INTEGER NOT NULL DEFAULT 0,
  finished_us INTEGER NOT NULL DEFAULT 0,
  due_us INTEGER NOT NULL,
  seconds REAL NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL DEFAULT 0,
  summary TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX job_runs_by_job ON job_runs (job, sequence);
CREATE INDEX job_runs_by_state ON job_runs (state, due_us) WHERE state IN ('waiting', 'running');
CREATE UNIQUE INDEX job_runs_one_waits ON job_runs (job) WHERE state = 'waiting';
CREATE UNIQUE INDEX job_runs_one_runs ON job_runs (job) WHERE state = 'running';
CREATE TABLE job_marks (
  job TEXT PRIMARY KEY NOT NULL,
  schedule TEXT NOT NULL,
  ticks_until_us INTEGER NOT NULL,
  commits_until INTEGER NOT NULL
) WITHOUT ROWID;
)sql"};
  return scripts;
}

constexpr std::string_view kStates[] = {"waiting", "running",   "succeeded",
                                        "failed",  "cancelled", "interrupted"};
constexpr std::string_view kCauses[] = {"cron",    "catch-up", "commit",     "after",
                                        "by hand", "retry",    "interrupted"};
constexpr size_t kMaxText = 4000;  // of what a task says
constexpr size_t kLeastOfId = 4;

template <typename Enum, size_t n>
Result<Enum> Named(const std::string_view (&names)[n], const std::string& text) {
  const auto found = std::ranges::find(names, text);
  if (found != std::end(names)) return static_cast<Enum>(found - names);
  return Fail(ErrorKind::kCorrupt, "meta.db: a run of a job with '{}' in it", text);
}

std::string_view Shortened(std::string_view text) {
  if (text.size() <= kMaxText) return text;
  size_t end = kMaxText;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;  // not within a character
  return text.substr(0, end);
}

constexpr const char* kColumns =
    "SELECT run_id, job, cause, detail, attempt, kills, state, scheduled_us, started_us, "
    "finished_us, due_us, seconds, changed, summary, error FROM job_runs ";

Result<JobRun> RunOf(const SqliteRow& row) {
  JobRun run{.run_id = row.Text(0), .job = row.Text(1), .detail = row.Text(3)};
  MP_ASSIGN_OR_RETURN(run.cause, Named<RunCause>(kCauses, row.Text(2)));
  run.attempt = static_cast<int>(row.Int(4));
  run.kills = static_cast<int>(row.Int(5));
  MP_ASSIGN_OR_RETURN(run.state, Named<RunState>(kStates, row.Text(6)));
  run.scheduled_at = row.Int(7);
  run.started_at = row.Int(8);
  run.finished_at = row.Int(9);
  run.due_at = row.Int(10);
  run.seconds = row.Double(11);
  run.changed = row.Int(12) != 0;
  run.summary = row.Text(13);
  run.error = row.Text(14);
  return run;
}

}  // namespace

std::string_view ToString(RunState state) {
  return kStates[static_cast<int>(state)];
}

std::string_view ToString(RunCause cause) {
  return kCauses[static_cast<int>(cause)];
}

std::string JobRun::CauseText() const {
  if (detail.empty()) return std::string(ToString(cause));
  if (cause == RunCause::kCommit || cause == RunCause::kAfter) {
    return fmt::format("{} {}", ToString(cause), detail);
  }
  return fmt::format("{} ({})", ToString(cause), detail);
}

Result<std::unique_ptr<JobRuns>> JobRuns::Open(const std::string& meta_path, RandomSource& random,
                                               const Clock& project_clock,
                                               const Clock& machine_clock, Options options) {
  MP_ASSIGN_OR_RETURN(SqliteDatabase db, SqliteDatabase::Open(meta_path));
  MP_RETURN_IF_ERROR(db.Migrate("jobs", Migrations()));
  return std::unique_ptr<JobRuns>(
      new JobRuns(std::move(db), random, project_clock, machine_clock, options));
}

// Inside a transaction, as EnqueueLocked.
Result<JobRun> JobRuns::Insert(const RunRequest& request) {
  JobRun run{.run_id = fmt::format("{:016x}", random_.Next()).substr(0, 12),
             .job = request.job,
             .cause = request.cause,
             .detail = request.detail,
             .attempt = request.attempt,
             .kills = request.kills,
             .scheduled_at = request.scheduled_at,
             .due_at = request.due_at};
  MP_RETURN_IF_ERROR(
      db_.Execute("INSERT INTO job_runs (run_id, job, cause, detail, attempt, kills, state, "
                  "scheduled_us, due_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?8)",
                  {run.run_id, run.job, std::string(ToString(run.cause)), run.detail,
                   int64_t{run.attempt}, int64_t{run.kills}, run.scheduled_at, run.due_at}));
  return run;
}

Result<JobRun> JobRuns::EnqueueLocked(const RunRequest& request) {
  MP_ASSIGN_OR_RETURN(auto waiting, Select("WHERE job = ?1 AND state = 'waiting'", {request.job}));
  if (waiting.empty()) return Insert(request);
  JobRun run = std::move(waiting.front());
  const Micros due = request.due_at;
  if (due < run.due_at) {
    run.due_at = due;
    MP_RETURN_IF_ERROR(
        db_.Execute("UPDATE job_runs SET due_us = ?2 WHERE run_id = ?1", {run.run_id, due}));
  }
  return run;
}

Result<JobRun> JobRuns::Enqueue(const RunRequest& request, const TriggerMark* reached) {
  std::lock_guard lock(mutex_);
  JobRun run;
  MP_RETURN_IF_ERROR(db_.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(run, EnqueueLocked(request));
    return reached != nullptr ? WriteMark(*reached) : OkStatus();
  }));
  return run;
}

Status JobRuns::WriteMark(const TriggerMark& mark) {
  return db_.Execute("INSERT OR REPLACE INTO job_marks VALUES (?1, ?2, ?3, ?4)",
                     {mark.job, mark.schedule, mark.ticks_until, mark.commits_until});
}

Status JobRuns::SetMark(const TriggerMark& mark) {
  std::lock_guard lock(mutex_);
  return WriteMark(mark);
}

Status JobRuns::ForgetMarksExcept(const std::vector<std::string>& jobs) {
  std::lock_guard lock(mutex_);
  return db_.Transaction([&]() -> Status {
    std::vector<std::string> gone;
    MP_RETURN_IF_ERROR(
        db_.Execute("SELECT job FROM job_marks", {}, [&](const SqliteRow& row) -> Status {
          if (std::ranges::find(jobs, row.Text(0)) == jobs.end()) gone.push_back(row.Text(0));
          return OkStatus();
        }));
    for (const std::string& job : gone) {
      MP_RETURN_IF_ERROR(db_.Execute("DELETE FROM job_marks WHERE job = ?1", {job}));
    }
    return OkStatus();
  });
}

Result<std::optional<TriggerMark>> JobRuns::FindMark(const std::string& job) {
  std::lock_guard lock(mutex_);
  std::optional<TriggerMark> mark;
  MP_RETURN_IF_ERROR(
      db_.Execute("SELECT schedule, ticks_until_us, commits_until FROM job_marks WHERE job = ?1",
                  {job}, [&](const SqliteRow& row) -> Status {
                    mark = TriggerMark{job, row.Text(0), row.Int(1), row.Int(2)};
                    return OkStatus();
                  }));
  return mark;
}

Result<bool> JobRuns::Begin(const std::string& run_id) {
  std::lock_guard lock(mutex_);
  MP_RETURN_IF_ERROR(
      db_.Execute("UPDATE job_runs SET state = 'running', started_us = ?2 "
                  "WHERE run_id = ?1 AND state = 'waiting'",
                  {run_id, project_clock_.Now()}));
  return db_.changes() == 1;
}

Status JobRuns::End(const std::string& run_id, const RunEnd& end,
                    const std::vector<RunRequest>& next) {
  std::lock_guard lock(mutex_);
  return db_.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(
        db_.Execute("UPDATE job_runs SET state = ?2, finished_us = ?3, seconds = ?4, changed = ?5, "
                    "summary = ?6, error = ?7 WHERE run_id = ?1 AND state = 'running'",
                    {run_id, std::string(ToString(end.state)), project_clock_.Now(), end.seconds,
                     int64_t{end.changed}, std::string(Shortened(end.summary)),
                     std::string(Shortened(end.error))}));
    if (db_.changes() != 1) {
      return Fail(ErrorKind::kConflict, "run {} was not running any more when it ended", run_id);
    }
    for (const RunRequest& request : next) MP_RETURN_IF_ERROR(EnqueueLocked(request));
    return db_.Execute(
        "DELETE FROM job_runs WHERE job = (SELECT job FROM job_runs WHERE run_id = ?1) "
        "AND state NOT IN ('waiting', 'running') AND sequence <= "
        "(SELECT sequence FROM job_runs AS kept WHERE kept.job = job_runs.job "
        "AND state NOT IN ('waiting', 'running') ORDER BY sequence DESC LIMIT 1 OFFSET ?2)",
        {run_id, int64_t{options_.kept_runs}});
  });
}

Result<int> JobRuns::EndKilled(const std::string& job) {
  std::lock_guard lock(mutex_);
  int count = 0;
  MP_RETURN_IF_ERROR(db_.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto killed, Select("WHERE job = ?1 AND state = 'running'", {job}));
    count = static_cast<int>(killed.size());
    for (const JobRun& run : killed) {
      const bool again = run.kills == 0;
      const std::string error =
          again ? "its process was killed; it is run once more"
                : fmt::format("its process was killed again; millpond jobs run {} runs it", job);
      MP_RETURN_IF_ERROR(
          db_.Execute("UPDATE job_runs SET state = 'interrupted', error = ?2 WHERE run_id = ?1",
                      {run.run_id, error}));
      if (!again) continue;
      MP_RETURN_IF_ERROR(EnqueueLocked({.job = job,
                                        .cause = RunCause::kInterrupted,
                                        .detail = fmt::format("run {} was killed", run.run_id),
                                        .scheduled_at = run.scheduled_at,
                                        .attempt = run.attempt,
                                        .kills = run.kills + 1}));
    }
    return OkStatus();
  }));
  return count;
}

Status JobRuns::CancelWaiting(const std::string& job, const std::string& why) {
  std::lock_guard lock(mutex_);
  return db_.Execute(
      "UPDATE job_runs SET state = 'cancelled', finished_us = ?2, error = ?3 "
      "WHERE job = ?1 AND state = 'waiting'",
      {job, project_clock_.Now(), why});
}

Result<std::vector<JobRun>> JobRuns::Select(const std::string& rest,
                                            const std::vector<SqliteValue>& parameters) {
  std::vector<JobRun> runs;
  MP_RETURN_IF_ERROR(db_.Execute(kColumns + rest, parameters, [&](const SqliteRow& row) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, RunOf(row));
    runs.push_back(std::move(run));
    return OkStatus();
  }));
  return runs;
}

Result<JobRun> JobRuns::Find(const std::string& run_id) {
  const bool hex = std::ranges::all_of(
      run_id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  std::lock_guard lock(mutex_);
  std::vector<JobRun> found;
  if (hex && run_id.size() >= kLeastOfId) {
    MP_ASSIGN_OR_RETURN(found, Select("WHERE run_id LIKE ?1 || '%' LIMIT 2", {run_id}));
  }
  if (found.size() == 1) return std::move(found.front());
  return Fail(ErrorKind::kNotFound,
              "there is no{} run '{}' of a job; millpond jobs history has them",
              found.empty() ? "" : " one", run_id);
}

Result<std::vector<JobRun>> JobRuns::List(const std::string& job, int limit) {
  std::lock_guard lock(mutex_);
  if (job.empty()) return Select("ORDER BY sequence DESC LIMIT ?1", {int64_t{limit}});
  return Select("WHERE job = ?1 ORDER BY sequence DESC LIMIT ?2", {job, int64_t{limit}});
}

Result<std::vector<JobRun>> JobRuns::Due(Micros system_now) {
  std::lock_guard lock(mutex_);
  return Select("WHERE state = 'waiting' AND due_us <= ?1 ORDER BY due_us, sequence", {system_now});
}

Result<std::vector<std::string>> JobRuns::JobsIn(RunState state) {
  std::lock_guard lock(mutex_);
  std::vector<std::string> jobs;
  MP_RETURN_IF_ERROR(db_.Execute("SELECT DISTINCT job FROM job_runs WHERE state = ?1 ORDER BY job",
                                 {std::string(ToString(state))},
                                 [&](const SqliteRow& row) -> Status {
                                   jobs.push_back(row.Text(0));
                                   return OkStatus();
                                 }));
  return jobs;
}

}  // namespace millpond::platform
