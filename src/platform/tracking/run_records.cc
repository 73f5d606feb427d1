// Runs: their rows, from creation to deletion.
#include "base/fs/filesystem.h"
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/run_logging_internal.h"
#include "platform/tracking/run_rows_internal.h"
#include "platform/tracking/tracking_rules.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kRunNameTag = "mlflow.runName";

bool IsEnded(RunStatus status) {
  return status != RunStatus::kRunning && status != RunStatus::kScheduled;
}

Result<Run> ReadRun(SqliteDatabase& db, const std::string& root, const std::string& run_id) {
  RunRows rows;
  MP_RETURN_IF_ERROR(
      db.Execute(fmt::format("SELECT {} FROM tracking_runs r WHERE run_id = ?1", kRunColumns),
                 {run_id}, [&](const SqliteRow& row) -> Status {
                   rows.Add(row, root);
                   return OkStatus();
                 }));
  if (rows.runs.empty()) return Fail(ErrorKind::kNotFound, "Run with id={} not found", run_id);
  MP_RETURN_IF_ERROR(CompleteRuns(db, rows));
  return std::move(rows.runs[0]);
}

// The run's name: asked for, or its tag's, or made from its id.
Result<std::string> NameOf(const NewRun& request, const std::string& run_id) {
  std::string tag;
  for (const auto& each : request.tags) {
    if (each.key == kRunNameTag) tag = each.value;
  }
  if (!request.run_name.empty() && !tag.empty() && request.run_name != tag) {
    return Fail(ErrorKind::kInvalidArgument,
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
                "different values (run_name='{}', mlflow.runName='{}').",
                request.run_name, tag);
  }
  if (!request.run_name.empty()) return request.run_name;
  return tag.empty() ? "run-" + run_id.substr(0, 8) : tag;
}

struct ExperimentRow {
  int64_t number = 0;
  std::string location;
};

Result<ExperimentRow> ActiveExperiment(SqliteDatabase& db, const std::string& experiment_id) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  MP_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT artifact_location, lifecycle_stage "
                                          "FROM tracking_experiments WHERE experiment_id = ?1",
                                          {number}));
  if (rows.empty()) return Fail(ErrorKind::kNotFound, "No Experiment with id={} exists", number);
  if (rows[0].Text(1) != "active") {
    return Fail(ErrorKind::kInvalidArgument,
                "The experiment {} must be in the 'active' state. Current state is {}.", number,
                rows[0].Text(1));
  }
  return ExperimentRow{number, rows[0].Text(0)};
}

Status ChangeRunStage(SqliteDatabase& db, const std::string& run_id, const std::string& stage,
                      const SqliteValue& deleted_time) {
  MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kRead));
  return db.Execute(
      "UPDATE tracking_runs SET lifecycle_stage = ?2, deleted_time = ?3 WHERE sequence = ?1",
      {run.sequence, stage, deleted_time});
}

}  // namespace

Result<Run> TrackingStore::CreateRun(const NewRun& request) {
  for (size_t i = 0; i < request.tags.size(); ++i) {
    MP_RETURN_IF_ERROR(CheckTag(request.tags[i], fmt::format("tags[{}]", i)));
  }
  const std::string run_id = fmt::format("{:016x}{:016x}", random_.Next(), random_.Next());
  MP_ASSIGN_OR_RETURN(const std::string name, NameOf(request, run_id));
  MP_RETURN_IF_ERROR(CheckLength("run_name", name, kMaxTagLength));
  const int64_t start = request.start_time_ms ? request.start_time_ms : clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Result<Run> {
    MP_ASSIGN_OR_RETURN(auto experiment, ActiveExperiment(db, request.experiment_id));
    MP_RETURN_IF_ERROR(db.Execute(
        "INSERT INTO tracking_runs (run_id, experiment_id, run_name, user_id, source_type, "
        "source_name, status, start_time, artifact_uri, lifecycle_stage) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'RUNNING', ?7, ?8, 'active')",
        {run_id, experiment.number, name, request.user_id, request.source_type, request.source_name,
         start, JoinPath(JoinPath(experiment.location, run_id), "artifacts")}));
    const int64_t sequence = db.last_insert_rowid();
    const std::vector<Tag> system = {{std::string(kRunNameTag), name},
                                     {"mlflow.user", request.user_id},
                                     {"mlflow.source.name", request.source_name},
                                     {"mlflow.source.type", request.source_type}};
    for (const auto& tag : system) {
      if (!tag.value.empty()) MP_RETURN_IF_ERROR(UpsertTag(db, sequence, tag));
    }
    for (const auto& tag : request.tags) MP_RETURN_IF_ERROR(UpsertTag(db, sequence, tag));
    return ReadRun(db, connection_->artifact_root, run_id);
  });
}

Result<Run> TrackingStore::GetRun(const std::string& run_id) {
  return connection_->Read(
      [&](SqliteDatabase& db) { return ReadRun(db, connection_->artifact_root, run_id); });
}

Result<std::vector<Run>> TrackingStore::ListRuns(const std::string& experiment_id,
                                                 bool include_deleted) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::vector<Run>> {
    RunRows rows;
    MP_RETURN_IF_ERROR(
        db.Execute(fmt::format("SELECT {} FROM tracking_runs r WHERE experiment_id = ?1 AND "
                               "(?2 OR lifecycle_stage = 'active') ORDER BY sequence DESC",
                               kRunColumns),
                   {number, int64_t{include_deleted}}, [&](const SqliteRow& row) -> Status {
                     rows.Add(row, connection_->artifact_root);
                     return OkStatus();
                   }));
    MP_RETURN_IF_ERROR(CompleteRuns(db, rows));
    return std::move(rows.runs);
  });
}

Result<RunInfo> TrackingStore::UpdateRun(const std::string& run_id, const RunUpdate& update) {
  MP_RETURN_IF_ERROR(CheckLength("run_name", update.run_name, kMaxTagLength));
  int64_t end = update.end_time_ms;
  if (end == 0 && update.status && IsEnded(*update.status)) end = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Result<RunInfo> {
    MP_ASSIGN_OR_RETURN(auto key, FindRun(db, run_id, RunAccess::kWrite));
    if (update.status) {
      MP_RETURN_IF_ERROR(db.Execute("UPDATE tracking_runs SET status = ?2 WHERE sequence = ?1",
                                    {key.sequence, std::string(ToString(*update.status))}));
    }
    if (end != 0 || update.status) {
      SqliteValue stored = std::monostate{};  // a run that goes on has no end
      if (end != 0) stored = end;
      MP_RETURN_IF_ERROR(db.Execute("UPDATE tracking_runs SET end_time = ?2 WHERE sequence = ?1",
                                    {key.sequence, stored}));
    }
    if (!update.run_name.empty()) {
      MP_RETURN_IF_ERROR(UpsertTag(db, key.sequence, {std::string(kRunNameTag), update.run_name}));
    }
    MP_ASSIGN_OR_RETURN(Run run, ReadRun(db, connection_->artifact_root, run_id));
    return run.info;
  });
}

Status TrackingStore::UpdateRun(const std::string& run_id, RunStatus status, int64_t end_time_ms) {
  MP_ASSIGN_OR_RETURN([[maybe_unused]] auto info,
                      UpdateRun(run_id, {.status = status, .end_time_ms = end_time_ms}));
  return OkStatus();
}

Status TrackingStore::DeleteRun(const std::string& run_id) {
  const int64_t now = clock_.NowMillis();
  return connection_->Write(
      [&](SqliteDatabase& db) { return ChangeRunStage(db, run_id, "deleted", now); });
}

Status TrackingStore::RestoreRun(const std::string& run_id) {
  return connection_->Write(
      [&](SqliteDatabase& db) { return ChangeRunStage(db, run_id, "active", std::monostate{}); });
}

}  // namespace millpond::platform
