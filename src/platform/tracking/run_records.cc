// Runs: their rows, params, metrics, tags and inputs.
#include <cmath>
#include <limits>

#include "base/fs/filesystem.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

constexpr size_t kParamLimit = 6000;
constexpr size_t kTagLimit = 8000;
constexpr std::string_view kRunColumns =
    "run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri, "
    "lifecycle_stage";

RunStatus StatusOf(const std::string& text) {
  for (auto status :
       {RunStatus::kRunning, RunStatus::kScheduled, RunStatus::kFinished, RunStatus::kFailed}) {
    if (ToString(status) == text) return status;
  }
  return RunStatus::kKilled;
}

bool IsEnded(RunStatus status) {
  return status != RunStatus::kRunning && status != RunStatus::kScheduled;
}

SqliteValue MetricValue(double value) {
  if (std::isnan(value)) return std::monostate{};
  return value;
}

double MetricValueOf(const SqliteRow& row, size_t column) {
  return row.IsNull(column) ? std::numeric_limits<double>::quiet_NaN() : row.Double(column);
}

RunInfo RunInfoOf(const SqliteRow& row) {
  return {.run_id = row.Text(0),
          .experiment_id = std::to_string(row.Int(1)),
          .run_name = row.Text(2),
          .user_id = row.Text(3),
          .status = StatusOf(row.Text(4)),
          .start_time_ms = row.Int(5),
          .end_time_ms = row.Int(6),
          .artifact_uri = row.Text(7),
          .lifecycle_stage = StageOf(row.Text(8))};
}

Result<Run> CompleteRun(SqliteDatabase& db, RunInfo info) {
  Run run;
  run.info = std::move(info);
  const SqliteValue id = run.info.run_id;
  MP_RETURN_IF_ERROR(ReadPairs(
      db, "SELECT key, value FROM tracking_params WHERE run_id = ?1 ORDER BY key", id, run.params));
  MP_RETURN_IF_ERROR(ReadPairs(
      db, "SELECT key, value FROM tracking_tags WHERE run_id = ?1 ORDER BY key", id, run.tags));
  MP_RETURN_IF_ERROR(db.Execute(
      "SELECT key, value, step, timestamp FROM tracking_latest_metrics WHERE run_id = ?1 "
      "ORDER BY key",
      {id}, [&](const SqliteRow& row) -> Status {
        run.metrics.push_back({row.Text(0), MetricValueOf(row, 1), row.Int(2), row.Int(3)});
        return OkStatus();
      }));
  MP_RETURN_IF_ERROR(db.Execute(
      "SELECT name, digest, source_type, source, schema, profile, context FROM tracking_inputs "
      "WHERE run_id = ?1 ORDER BY id",
      {id}, [&](const SqliteRow& row) -> Status {
        run.inputs.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4),
                              row.Text(5), row.Text(6)});
        return OkStatus();
      }));
  return run;
}

Status InsertMetric(SqliteDatabase& db, const std::string& run_id, const Metric& metric,
                    int64_t timestamp_ms) {
  const std::vector<SqliteValue> row = {run_id, metric.key, MetricValue(metric.value), metric.step,
                                        timestamp_ms};
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT INTO tracking_metrics (run_id, key, value, step, timestamp) "
                 "VALUES (?1, ?2, ?3, ?4, ?5)",
                 row));
  // MLflow's rule for the latest: greatest (step, timestamp, value), NaN below all numbers.
  return db.Execute(
      "INSERT INTO tracking_latest_metrics (run_id, key, value, step, timestamp) "
      "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (run_id, key) DO UPDATE SET "
      "value = excluded.value, step = excluded.step, timestamp = excluded.timestamp "
      "WHERE (excluded.step, excluded.timestamp) > (step, timestamp) OR "
      "((excluded.step, excluded.timestamp) = (step, timestamp) AND "
      "(value IS NULL OR excluded.value >= value))",
      row);
}

Status InsertParam(SqliteDatabase& db, const std::string& run_id, const Param& param) {
  MP_ASSIGN_OR_RETURN(auto rows,
                      db.Query("SELECT value FROM tracking_params WHERE run_id = ?1 AND key = ?2",
                               {run_id, param.key}));
  if (!rows.empty()) {
    if (rows[0].Text(0) == param.value) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument,
                "changing a param is not allowed: param '{}' of run {} has the value '{}', the new "
                "value is '{}'",
                param.key, run_id, rows[0].Text(0), param.value);
  }
  return db.Execute("INSERT INTO tracking_params (run_id, key, value) VALUES (?1, ?2, ?3)",
                    {run_id, param.key, param.value});
}

Status UpsertTag(SqliteDatabase& db, const std::string& run_id, const Tag& tag) {
  return db.Execute(
      "INSERT INTO tracking_tags (run_id, key, value) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value",
      {run_id, tag.key, tag.value});
}

Status CheckBatch(const std::vector<Metric>& metrics, const std::vector<Param>& params,
                  const std::vector<Tag>& tags) {
  for (const auto& metric : metrics) MP_RETURN_IF_ERROR(CheckKey("metric", metric.key));
  for (const auto& param : params) {
    MP_RETURN_IF_ERROR(CheckKey("param", param.key));
    MP_RETURN_IF_ERROR(CheckLength("param", param.key, param.value, kParamLimit));
  }
  for (const auto& tag : tags) {
    MP_RETURN_IF_ERROR(CheckKey("tag", tag.key));
    MP_RETURN_IF_ERROR(CheckLength("tag", tag.key, tag.value, kTagLimit));
  }
  return OkStatus();
}

}  // namespace

Result<Run> TrackingStore::CreateRun(const NewRun& request) {
  MP_ASSIGN_OR_RETURN(auto experiment, GetExperiment(request.experiment_id));
  if (experiment.lifecycle_stage != LifecycleStage::kActive) {
    return Fail(ErrorKind::kInvalidArgument, "experiment '{}' is deleted", experiment.name);
  }
  MP_RETURN_IF_ERROR(CheckBatch({}, {}, request.tags));
  const std::string run_id = fmt::format("{:016x}{:016x}", random_.Next(), random_.Next());
  const std::string name =
      request.run_name.empty() ? "run-" + run_id.substr(0, 8) : request.run_name;
  const int64_t start = request.start_time_ms ? request.start_time_ms : clock_.NowMillis();
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  MP_RETURN_IF_ERROR(db.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(int64_t experiment_id, ExperimentNumber(request.experiment_id));
    MP_RETURN_IF_ERROR(db.Execute(
        "INSERT INTO tracking_runs (run_id, experiment_id, run_name, user_id, source_type, "
        "source_name, status, start_time, artifact_uri, lifecycle_stage) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'RUNNING', ?7, ?8, 'active')",
        {run_id, experiment_id, name, request.user_id, request.source_type, request.source_name,
         start, JoinPath(JoinPath(experiment.artifact_location, run_id), "artifacts")}));
    const std::vector<Tag> system = {{"mlflow.runName", name},
                                     {"mlflow.user", request.user_id},
                                     {"mlflow.source.name", request.source_name},
                                     {"mlflow.source.type", request.source_type}};
    for (const auto& tag : system) MP_RETURN_IF_ERROR(UpsertTag(db, run_id, tag));
    for (const auto& tag : request.tags) MP_RETURN_IF_ERROR(UpsertTag(db, run_id, tag));
    return OkStatus();
  }));
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query(fmt::format("SELECT {} FROM tracking_runs WHERE run_id = ?1", kRunColumns),
               {run_id}));
  return CompleteRun(db, RunInfoOf(rows[0]));
}

Result<Run> TrackingStore::GetRun(const std::string& run_id) {
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  MP_RETURN_IF_ERROR(RequireRun(db, run_id, false));
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query(fmt::format("SELECT {} FROM tracking_runs WHERE run_id = ?1", kRunColumns),
               {run_id}));
  return CompleteRun(db, RunInfoOf(rows[0]));
}

Result<std::vector<Run>> TrackingStore::ListRuns(const std::string& experiment_id,
                                                 bool include_deleted) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  MP_ASSIGN_OR_RETURN(
      auto rows, db.Query(fmt::format("SELECT {} FROM tracking_runs WHERE experiment_id = ?1 AND "
                                      "(?2 OR lifecycle_stage = 'active') ORDER BY sequence DESC",
                                      kRunColumns),
                          {number, int64_t{include_deleted}}));
  std::vector<Run> runs;
  for (const auto& row : rows) {
    MP_ASSIGN_OR_RETURN(auto run, CompleteRun(db, RunInfoOf(row)));
    runs.push_back(std::move(run));
  }
  return runs;
}

Status TrackingStore::UpdateRun(const std::string& run_id, RunStatus status, int64_t end_time_ms) {
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  if (end_time_ms == 0 && IsEnded(status)) end_time_ms = clock_.NowMillis();
  SqliteValue end = std::monostate{};
  if (end_time_ms != 0) end = end_time_ms;
  return db.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(RequireRun(db, run_id, true));
    return db.Execute("UPDATE tracking_runs SET status = ?2, end_time = ?3 WHERE run_id = ?1",
                      {run_id, std::string(ToString(status)), end});
  });
}

Status TrackingStore::DeleteRun(const std::string& run_id) {
  std::lock_guard lock(connection_->mutex);
  MP_RETURN_IF_ERROR(RequireRun(connection_->db, run_id, false));
  return connection_->db.Execute(
      "UPDATE tracking_runs SET lifecycle_stage = 'deleted' WHERE run_id = ?1", {run_id});
}

Status TrackingStore::RestoreRun(const std::string& run_id) {
  std::lock_guard lock(connection_->mutex);
  MP_RETURN_IF_ERROR(RequireRun(connection_->db, run_id, false));
  return connection_->db.Execute(
      "UPDATE tracking_runs SET lifecycle_stage = 'active' WHERE run_id = ?1", {run_id});
}

Status TrackingStore::LogBatch(const std::string& run_id, const std::vector<Metric>& metrics,
                               const std::vector<Param>& params, const std::vector<Tag>& tags) {
  MP_RETURN_IF_ERROR(CheckBatch(metrics, params, tags));
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  const int64_t now = clock_.NowMillis();
  return db.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(RequireRun(db, run_id, true));
    for (const auto& param : params) MP_RETURN_IF_ERROR(InsertParam(db, run_id, param));
    for (const auto& metric : metrics) {
      MP_RETURN_IF_ERROR(
          InsertMetric(db, run_id, metric, metric.timestamp_ms ? metric.timestamp_ms : now));
    }
    for (const auto& tag : tags) MP_RETURN_IF_ERROR(UpsertTag(db, run_id, tag));
    return OkStatus();
  });
}

Status TrackingStore::LogInputs(const std::string& run_id,
                                const std::vector<DatasetInput>& inputs) {
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  return db.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(RequireRun(db, run_id, true));
    for (const auto& input : inputs) {
      MP_RETURN_IF_ERROR(db.Execute(
          "INSERT OR IGNORE INTO tracking_inputs (run_id, name, digest, source_type, source, "
          "schema, profile, context) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
          {run_id, input.name, input.digest, input.source_type, input.source, input.schema,
           input.profile, input.context}));
    }
    return OkStatus();
  });
}

Result<std::vector<Metric>> TrackingStore::MetricHistory(const std::string& run_id,
                                                         const std::string& key) {
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  MP_RETURN_IF_ERROR(RequireRun(db, run_id, false));
  std::vector<Metric> history;
  MP_RETURN_IF_ERROR(db.Execute(
      "SELECT value, step, timestamp FROM tracking_metrics WHERE run_id = ?1 AND key = ?2 "
      "ORDER BY step, timestamp, id",
      {run_id, key}, [&](const SqliteRow& row) -> Status {
        history.push_back({key, MetricValueOf(row, 0), row.Int(1), row.Int(2)});
        return OkStatus();
      }));
  return history;
}

}  // namespace millpond::platform
