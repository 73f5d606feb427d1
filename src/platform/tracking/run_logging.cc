// What runs log: metrics, params, tags, inputs and outputs.
#include "platform/tracking/run_logging_internal.h"

#include <optional>

#include "base/json.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/tracking_rules.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kModelHistoryTag = "mlflow.log-model.history";

Status InsertModelMetric(SqliteDatabase& db, const std::string& run_id, const Metric& metric,
                         int64_t timestamp_ms) {
  MP_ASSIGN_OR_RETURN(
      auto model, db.Query("SELECT 1 FROM tracking_models WHERE model_id = ?1", {metric.model_id}));
  if (model.empty()) {
    return Fail(ErrorKind::kNotFound, "Logged model with ID '{}' not found.", metric.model_id);
  }
  return db.Execute(
      "INSERT OR IGNORE INTO tracking_model_metrics (model_id, key, timestamp, step, value, "
      "is_nan, run_id, dataset_name, dataset_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {metric.model_id, metric.key, timestamp_ms, metric.step, StoredValue(metric.value),
       StoredNan(metric.value), run_id, metric.dataset_name, metric.dataset_digest});
}

// A point that is there already is not added again. `now` stands for a missing timestamp.
Status InsertMetric(SqliteDatabase& db, const RunKey& run, const std::string& run_id,
                    const Metric& metric, int64_t now) {
  const int64_t timestamp = metric.timestamp_ms ? metric.timestamp_ms : now;
  const std::vector<SqliteValue> row = {
      run.sequence,           metric.key, timestamp, metric.step, StoredValue(metric.value),
      StoredNan(metric.value)};
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT OR IGNORE INTO tracking_metric_points "
                 "(run, key, timestamp, step, value, is_nan) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                 row));
  // MLflow's rule for the latest: greatest (step, timestamp, value), NaN below all numbers.
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT INTO tracking_run_metrics (run, key, timestamp, step, value, is_nan) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (key, run) DO UPDATE SET "
                 "value = excluded.value, is_nan = excluded.is_nan, step = excluded.step, "
                 "timestamp = excluded.timestamp "
                 "WHERE (excluded.step, excluded.timestamp, 1 - excluded.is_nan, excluded.value) > "
                 "(step, timestamp, 1 - is_nan, value)",
                 row));
  if (metric.model_id.empty()) return OkStatus();
  return InsertModelMetric(db, run_id, metric, timestamp);
}

// The value that stands already, if it is another one.
Result<std::optional<std::string>> InsertParam(SqliteDatabase& db, int64_t run,
                                               const Param& param) {
  MP_ASSIGN_OR_RETURN(auto rows,
                      db.Query("SELECT value FROM tracking_run_params WHERE key = ?1 AND run = ?2",
                               {param.key, run}));
  if (!rows.empty()) {
    if (rows[0].Text(0) == param.value) return std::optional<std::string>();
    return std::optional(rows[0].Text(0));
  }
  MP_RETURN_IF_ERROR(
      db.Execute("INSERT INTO tracking_run_params (key, run, value) VALUES (?1, ?2, ?3)",
                 {param.key, run, param.value}));
  return std::optional<std::string>();
}

Status InsertParams(SqliteDatabase& db, int64_t run, const std::string& run_id,
                    const std::vector<Param>& params) {
  std::string changed;
  for (const auto& param : params) {
    MP_ASSIGN_OR_RETURN(const auto old, InsertParam(db, run, param));
    if (!old) continue;
    changed += fmt::format("{}{{'key': '{}', 'old_value': '{}', 'new_value': '{}'}}",
                           changed.empty() ? "" : ", ", param.key, *old, param.value);
  }
  if (changed.empty()) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "Changing param values is not allowed. Params were already logged='[{}]' for run "
              "ID='{}'.",
              changed, run_id);
}

Status InsertInput(SqliteDatabase& db, const std::string& run_id, const DatasetInput& input) {
  Json tags = Json::object();
  for (const auto& tag : input.tags) tags[tag.key] = tag.value;
  return db.Execute(
      "INSERT OR IGNORE INTO tracking_inputs (run_id, name, digest, source_type, source, "
      "schema, profile, context, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {run_id, input.name, input.digest, input.source_type, input.source, input.schema,
       input.profile, input.context, tags.empty() ? "" : DumpJson(tags)});
}

Status InsertRunModel(SqliteDatabase& db, int64_t run, const std::string& direction,
                      const ModelOutput& model) {
  MP_ASSIGN_OR_RETURN(
      auto found, db.Query("SELECT 1 FROM tracking_models WHERE model_id = ?1", {model.model_id}));
  if (found.empty()) {
    return Fail(ErrorKind::kNotFound, "Logged model with ID '{}' not found.", model.model_id);
  }
  return db.Execute("INSERT OR REPLACE INTO tracking_run_models VALUES (?1, ?2, ?3, ?4)",
                    {run, direction, model.model_id, model.step});
}

}  // namespace

Status UpsertTag(SqliteDatabase& db, int64_t run, const Tag& tag) {
  if (tag.key == "mlflow.runName") {
    MP_RETURN_IF_ERROR(
        db.Execute("UPDATE tracking_runs SET run_name = ?2 WHERE sequence = ?1", {run, tag.value}));
  }
  return db.Execute(
      "INSERT INTO tracking_run_tags (key, run, value) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (key, run) DO UPDATE SET value = excluded.value",
      {tag.key, run, tag.value});
}

Status TrackingStore::LogBatch(const std::string& run_id, const std::vector<Metric>& metrics,
                               const std::vector<Param>& params, const std::vector<Tag>& tags) {
  MP_RETURN_IF_ERROR(CheckBatch(metrics, params, tags));
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    MP_RETURN_IF_ERROR(InsertParams(db, run.sequence, run_id, params));
    for (const auto& metric : metrics) {
      MP_RETURN_IF_ERROR(InsertMetric(db, run, run_id, metric, now));
    }
    for (const auto& tag : tags) MP_RETURN_IF_ERROR(UpsertTag(db, run.sequence, tag));
    return OkStatus();
  });
}

Status TrackingStore::LogMetric(const std::string& run_id, const Metric& metric) {
  MP_RETURN_IF_ERROR(CheckMetric(metric));
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    return InsertMetric(db, run, run_id, metric, now);
  });
}

Status TrackingStore::LogParam(const std::string& run_id, const Param& param) {
  MP_RETURN_IF_ERROR(CheckParam(param));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    MP_ASSIGN_OR_RETURN(const auto old, InsertParam(db, run.sequence, param));
    if (!old) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument,
                "Changing param values is not allowed. Param with key='{}' was already logged with "
                "value='{}' for run ID='{}'. Attempted logging new value '{}'.",
                param.key, *old, run_id, param.value);
  });
}

Status TrackingStore::SetTag(const std::string& run_id, const Tag& tag) {
  MP_RETURN_IF_ERROR(CheckTag(tag));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    return UpsertTag(db, run.sequence, tag);
  });
}

Status TrackingStore::DeleteTag(const std::string& run_id, const std::string& key) {
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    MP_RETURN_IF_ERROR(db.Execute("DELETE FROM tracking_run_tags WHERE key = ?1 AND run = ?2",
                                  {key, run.sequence}));
    if (db.changes() > 0) return OkStatus();
    return Fail(ErrorKind::kNotFound, "No tag with name: {} in run with id {}", key, run_id);
  });
}

Status TrackingStore::LogInputs(const std::string& run_id, const std::vector<DatasetInput>& inputs,
                                const std::vector<std::string>& model_ids) {
  for (const auto& input : inputs) MP_RETURN_IF_ERROR(CheckDataset(input));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    for (const auto& input : inputs) MP_RETURN_IF_ERROR(InsertInput(db, run_id, input));
    for (const auto& model : model_ids) {
      MP_RETURN_IF_ERROR(InsertRunModel(db, run.sequence, "input", {.model_id = model}));
    }
    return OkStatus();
  });
}

Status TrackingStore::LogOutputs(const std::string& run_id,
                                 const std::vector<ModelOutput>& outputs) {
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    for (const auto& output : outputs) {
      MP_RETURN_IF_ERROR(InsertRunModel(db, run.sequence, "output", output));
    }
    return OkStatus();
  });
}

Status TrackingStore::RecordModel(const std::string& run_id, const std::string& model_json) {
  MP_ASSIGN_OR_RETURN(auto model, ParseJson(model_json, "model_json"));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kWrite));
    MP_ASSIGN_OR_RETURN(auto rows,
                        db.Query("SELECT value FROM tracking_run_tags WHERE key = ?1 AND run = ?2",
                                 {std::string(kModelHistoryTag), run.sequence}));
    Json history = Json::array();
    if (!rows.empty()) {
      MP_ASSIGN_OR_RETURN(history, ParseJson(rows[0].Text(0), kModelHistoryTag));
      if (!history.is_array()) history = Json::array();
    }
    history.push_back(model);
    const Tag tag{std::string(kModelHistoryTag), DumpJson(history)};
    MP_RETURN_IF_ERROR(CheckTag(tag));
    return UpsertTag(db, run.sequence, tag);
  });
}

}  // namespace millpond::platform
