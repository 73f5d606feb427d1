#include "platform/tracking/logged_models.h"

#include "base/fs/filesystem.h"
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/logged_model_rows_internal.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/tracking_rules.h"

namespace millpond::platform {

namespace {

Result<LoggedModel> FindLoggedModel(SqliteDatabase& db, const std::string& root,
                                    const std::string& model_id, bool allow_deleted) {
  MP_ASSIGN_OR_RETURN(
      auto rows, db.Query(fmt::format("SELECT {} FROM tracking_models l WHERE model_id = ?1 AND "
                                      "(?2 OR lifecycle_stage = 'active')",
                                      kLoggedModelColumns),
                          {model_id, int64_t{allow_deleted}}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound, "Logged model with ID '{}' not found.", model_id);
  }
  LoggedModel model = LoggedModelOf(rows[0], root);
  MP_RETURN_IF_ERROR(CompleteLoggedModel(db, model));
  return model;
}

Status RequireModel(SqliteDatabase& db, const std::string& model_id) {
  MP_ASSIGN_OR_RETURN(auto rows,
                      db.Query("SELECT 1 FROM tracking_models WHERE model_id = ?1", {model_id}));
  if (!rows.empty()) return OkStatus();
  return Fail(ErrorKind::kNotFound, "Logged model with ID '{}' not found.", model_id);
}

Status CheckParams(const std::vector<Param>& params) {
  for (size_t i = 0; i < params.size(); ++i) {
    MP_RETURN_IF_ERROR(CheckParam(params[i], fmt::format("params[{}]", i)));
  }
  return OkStatus();
}

Status CheckTags(const std::vector<Tag>& tags) {
  for (size_t i = 0; i < tags.size(); ++i) {
    MP_RETURN_IF_ERROR(CheckTag(tags[i], fmt::format("tags[{}]", i)));
  }
  return OkStatus();
}

// A param keeps its value for good.
Status InsertParams(SqliteDatabase& db, const std::string& model_id,
                    const std::vector<Param>& params) {
  for (const auto& param : params) {
    MP_RETURN_IF_ERROR(db.Execute("INSERT OR IGNORE INTO tracking_model_params VALUES (?1, ?2, ?3)",
                                  {model_id, param.key, param.value}));
    if (db.changes() > 0) continue;
    MP_ASSIGN_OR_RETURN(
        auto rows,
        db.Query("SELECT value FROM tracking_model_params WHERE model_id = ?1 AND key = ?2",
                 {model_id, param.key}));
    if (rows[0].Text(0) == param.value) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "Changing param values is not allowed. Param with key='{}' was already logged with "
                "value='{}' for model ID='{}'. Attempted logging new value '{}'.",
                param.key, rows[0].Text(0), model_id, param.value);
  }
  return OkStatus();
}

Status UpsertTags(SqliteDatabase& db, const std::string& model_id, const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    MP_RETURN_IF_ERROR(db.Execute("INSERT OR REPLACE INTO tracking_model_tags VALUES (?1, ?2, ?3)",
                                  {model_id, tag.key, tag.value}));
  }
  return OkStatus();
}

}  // namespace

LoggedModel LoggedModelOf(const SqliteRow& row, const std::string& root) {
  return {.model_id = row.Text(0),
          .experiment_id = std::to_string(row.Int(1)),
          .name = row.Text(2),
          .artifact_location = ArtifactFolder(root, row.Text(3)),
          .creation_time_ms = row.Int(4),
          .last_update_time_ms = row.Int(5),
          .model_type = row.Text(6),
          .status = LoggedModelStatusOf(row.Text(7)).value_or(LoggedModelStatus::kUnspecified),
          .source_run_id = row.Text(8)};
}

Status CompleteLoggedModel(SqliteDatabase& db, LoggedModel& model) {
  MP_RETURN_IF_ERROR(
      ReadPairs(db, "SELECT key, value FROM tracking_model_params WHERE model_id = ?1 ORDER BY key",
                model.model_id, model.params));
  MP_RETURN_IF_ERROR(
      ReadPairs(db, "SELECT key, value FROM tracking_model_tags WHERE model_id = ?1 ORDER BY key",
                model.model_id, model.tags));
  return db.Execute(
      "SELECT key, value, is_nan, step, timestamp, dataset_name, dataset_digest, run_id "
      "FROM tracking_model_metrics WHERE model_id = ?1",
      {model.model_id}, [&](const SqliteRow& row) -> Status {
        model.metrics.push_back({row.Text(0), ValueOf(row, 1, 2), row.Int(3), row.Int(4),
                                 model.model_id, row.Text(5), row.Text(6), row.Text(7)});
        return OkStatus();
      });
}

Result<LoggedModel> LoggedModels::Create(const NewLoggedModel& request) {
  if (!request.name.empty()) MP_RETURN_IF_ERROR(CheckLoggedModelName(request.name));
  MP_RETURN_IF_ERROR(CheckLength("name", request.name, kMaxExperimentNameLength));
  MP_RETURN_IF_ERROR(CheckLength("model_type", request.model_type, kMaxExperimentNameLength));
  MP_RETURN_IF_ERROR(CheckParams(request.params));
  MP_RETURN_IF_ERROR(CheckTags(request.tags));
  MP_ASSIGN_OR_RETURN(int64_t experiment, ExperimentNumber(request.experiment_id));
  const std::string digits = fmt::format("{:016x}{:016x}", random_.Next(), random_.Next());
  const std::string id = "m-" + digits;
  const std::string name = request.name.empty() ? "model-" + digits.substr(0, 8) : request.name;
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Result<LoggedModel> {
    MP_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT artifact_location, lifecycle_stage FROM "
                                            "tracking_experiments WHERE experiment_id = ?1",
                                            {experiment}));
    if (rows.empty()) {
      return Fail(ErrorKind::kNotFound, "No Experiment with id={} exists", experiment);
    }
    if (rows[0].Text(1) != "active") {
      return Fail(ErrorKind::kInvalidArgument,
                  "The experiment {} must be in the 'active' state. Current state is {}.",
                  experiment, rows[0].Text(1));
    }
    if (!request.source_run_id.empty()) {
      MP_ASSIGN_OR_RETURN([[maybe_unused]] auto run,
                          FindRun(db, request.source_run_id, RunAccess::kRead));
    }
    const std::string location =
        JoinPath(JoinPath(JoinPath(rows[0].Text(0), "models"), id), "artifacts");
    MP_RETURN_IF_ERROR(db.Execute(
        "INSERT INTO tracking_models VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, 'active')",
        {id, experiment, name, location, now, request.model_type,
         std::string(ToString(LoggedModelStatus::kPending)), request.source_run_id}));
    MP_RETURN_IF_ERROR(InsertParams(db, id, request.params));
    MP_RETURN_IF_ERROR(UpsertTags(db, id, request.tags));
    return FindLoggedModel(db, connection_->artifact_root, id, false);
  });
}

Result<LoggedModel> LoggedModels::Get(const std::string& model_id, bool allow_deleted) {
  return connection_->Read([&](SqliteDatabase& db) {
    return FindLoggedModel(db, connection_->artifact_root, model_id, allow_deleted);
  });
}

Result<LoggedModel> LoggedModels::Finalize(const std::string& model_id, LoggedModelStatus status) {
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Result<LoggedModel> {
    MP_RETURN_IF_ERROR(db.Execute(
        "UPDATE tracking_models SET status = ?2, last_update_time = ?3 WHERE model_id = ?1",
        {model_id, std::string(ToString(status)), now}));
    return FindLoggedModel(db, connection_->artifact_root, model_id, true);
  });
}

Status LoggedModels::Delete(const std::string& model_id) {
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(RequireModel(db, model_id));
    return db.Execute(
        "UPDATE tracking_models SET lifecycle_stage = 'deleted', "
        "last_update_time = ?2 WHERE model_id = ?1",
        {model_id, now});
  });
}

Status LoggedModels::LogParams(const std::string& model_id, const std::vector<Param>& params) {
  MP_RETURN_IF_ERROR(CheckParams(params));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(RequireModel(db, model_id));
    return InsertParams(db, model_id, params);
  });
}

Status LoggedModels::SetTags(const std::string& model_id, const std::vector<Tag>& tags) {
  MP_RETURN_IF_ERROR(CheckTags(tags));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(RequireModel(db, model_id));
    return UpsertTags(db, model_id, tags);
  });
}

Status LoggedModels::DeleteTag(const std::string& model_id, const std::string& key) {
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(RequireModel(db, model_id));
    MP_RETURN_IF_ERROR(db.Execute(
        "DELETE FROM tracking_model_tags WHERE model_id = ?1 AND key = ?2", {model_id, key}));
    if (db.changes() > 0) return OkStatus();
    return Fail(ErrorKind::kNotFound, "No tag with key '{}' found for model with ID '{}'.", key,
                model_id);
  });
}

}  // namespace millpond::platform
