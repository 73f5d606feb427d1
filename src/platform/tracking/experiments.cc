// Experiments: their rows and tags.
#include "base/fs/filesystem.h"
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/experiment_rows_internal.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/tracking_rules.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

Result<Experiment> FindExperiment(SqliteDatabase& db, const std::string& root,
                                  std::string_view column, const SqliteValue& value,
                                  const std::string& missing) {
  MP_ASSIGN_OR_RETURN(auto rows, db.Query(fmt::format("SELECT {} FROM tracking_experiments e "
                                                      "WHERE {} = ?1",
                                                      kExperimentColumns, column),
                                          {value}));
  if (rows.empty()) return Fail(ErrorKind::kNotFound, "{}", missing);
  Experiment experiment = ExperimentOf(rows[0], root);
  MP_RETURN_IF_ERROR(ReadPairs(
      db, "SELECT key, value FROM tracking_experiment_tags WHERE experiment_id = ?1 ORDER BY key",
      rows[0].Int(0), experiment.tags));
  return experiment;
}

Status SetTagOf(SqliteDatabase& db, int64_t experiment_id, const Tag& tag) {
  return db.Execute("INSERT OR REPLACE INTO tracking_experiment_tags VALUES (?1, ?2, ?3)",
                    {experiment_id, tag.key, tag.value});
}

Status FailTakenName(const std::string& name) {
  return Fail(ErrorKind::kAlreadyExists, "Experiment(name={}) already exists.", name);
}

// The stage of an experiment that must be there.
Result<std::string> StageOfExperiment(SqliteDatabase& db, int64_t number) {
  MP_ASSIGN_OR_RETURN(
      auto rows,
      db.Query("SELECT lifecycle_stage FROM tracking_experiments WHERE experiment_id = ?1",
               {number}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound, "No Experiment with id={} exists", number);
  }
  return rows[0].Text(0);
}

Status RequireActive(SqliteDatabase& db, int64_t number) {
  MP_ASSIGN_OR_RETURN(const std::string stage, StageOfExperiment(db, number));
  if (stage == "active") return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "The experiment {} must be in the 'active' state. Current state is {}.", number,
              stage);
}

// Moves an experiment and its runs from one stage to the other.
Status ChangeStage(SqliteDatabase& db, int64_t number, const std::string& from,
                   const std::string& to, int64_t now) {
  MP_ASSIGN_OR_RETURN(const std::string stage, StageOfExperiment(db, number));
  if (stage != from) {
    return Fail(ErrorKind::kNotFound, "No Experiment with id={} exists in state {}", number, from);
  }
  MP_RETURN_IF_ERROR(
      db.Execute("UPDATE tracking_experiments SET lifecycle_stage = ?2, last_update_time = ?3 "
                 "WHERE experiment_id = ?1",
                 {number, to, now}));
  SqliteValue deleted = std::monostate{};
  if (to == "deleted") deleted = now;
  return db.Execute(
      "UPDATE tracking_runs SET lifecycle_stage = ?2, deleted_time = ?3 WHERE experiment_id = ?1",
      {number, to, deleted});
}

}  // namespace

Experiment ExperimentOf(const SqliteRow& row, const std::string& root) {
  return {.experiment_id = std::to_string(row.Int(0)),
          .name = row.Text(1),
          .artifact_location = ArtifactFolder(root, row.Text(2)),
          .lifecycle_stage = StageOf(row.Text(3)),
          .creation_time_ms = row.Int(4),
          .last_update_time_ms = row.Int(5)};
}

Result<Experiment> TrackingStore::CreateExperiment(const std::string& name,
                                                   const std::vector<Tag>& tags,
                                                   const std::string& artifact_location) {
  MP_RETURN_IF_ERROR(CheckExperimentName(name));
  for (const auto& tag : tags) MP_RETURN_IF_ERROR(CheckTag(tag, "", kMaxExperimentTagLength));
  std::string location;
  if (!artifact_location.empty()) {
    if (artifact_location.starts_with("runs:")) {
      return Fail(ErrorKind::kInvalidArgument,
                  "Artifact location cannot be a runs:/ URI. Given: '{}'", artifact_location);
    }
    MP_ASSIGN_OR_RETURN(location, CheckArtifactLocation(artifact_location));
  }
  const int64_t now = clock_.NowMillis();
  const std::string& root = connection_->artifact_root;
  return connection_->Write([&](SqliteDatabase& db) -> Result<Experiment> {
    MP_ASSIGN_OR_RETURN(auto taken,
                        db.Query("SELECT 1 FROM tracking_experiments WHERE name = ?1", {name}));
    if (!taken.empty()) return std::unexpected<Error>(FailTakenName(name).error());
    MP_ASSIGN_OR_RETURN(
        auto next,
        db.Query("SELECT coalesce(max(experiment_id), 0) + 1 FROM tracking_experiments"));
    const int64_t id = next[0].Int(0);
    const std::string stored =
        location.empty() ? ArtifactUri(root, JoinPath(root, std::to_string(id))) : location;
    MP_RETURN_IF_ERROR(
        db.Execute("INSERT INTO tracking_experiments VALUES (?1, ?2, ?3, 'active', ?4, ?4)",
                   {id, name, stored, now}));
    for (const auto& tag : tags) MP_RETURN_IF_ERROR(SetTagOf(db, id, tag));
    return FindExperiment(db, root, "experiment_id", id, "");
  });
}

Result<Experiment> TrackingStore::GetExperiment(const std::string& experiment_id) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  return connection_->Read([&](SqliteDatabase& db) {
    return FindExperiment(db, connection_->artifact_root, "experiment_id", number,
                          fmt::format("No Experiment with id={} exists", number));
  });
}

Result<Experiment> TrackingStore::GetExperimentByName(const std::string& name) {
  return connection_->Read([&](SqliteDatabase& db) {
    return FindExperiment(db, connection_->artifact_root, "name", name,
                          fmt::format("Could not find experiment with name '{}'", name));
  });
}

Result<Experiment> TrackingStore::EnsureExperiment(const std::string& name) {
  auto found = GetExperimentByName(name);
  if (found || found.error().kind() != ErrorKind::kNotFound) return found;
  auto created = CreateExperiment(name);
  // Another process may have made it in between.
  if (!created && created.error().kind() == ErrorKind::kAlreadyExists) {
    return GetExperimentByName(name);
  }
  return created;
}

Result<std::vector<Experiment>> TrackingStore::ListExperiments() {
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::vector<Experiment>> {
    std::vector<Experiment> experiments;
    MP_RETURN_IF_ERROR(
        db.Execute(fmt::format("SELECT {} FROM tracking_experiments e "
                               "WHERE lifecycle_stage = 'active' ORDER BY experiment_id",
                               kExperimentColumns),
                   {}, [&](const SqliteRow& row) -> Status {
                     experiments.push_back(ExperimentOf(row, connection_->artifact_root));
                     return OkStatus();
                   }));
    return experiments;
  });
}

Status TrackingStore::RenameExperiment(const std::string& experiment_id, const std::string& name) {
  MP_RETURN_IF_ERROR(CheckExperimentName(name));
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  const int64_t now = clock_.NowMillis();
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_ASSIGN_OR_RETURN(const std::string stage, StageOfExperiment(db, number));
    if (stage != "active") {
      return Fail(ErrorKind::kInvalidArgument, "Cannot rename a non-active experiment.");
    }
    MP_ASSIGN_OR_RETURN(auto taken, db.Query("SELECT 1 FROM tracking_experiments WHERE name = ?1 "
                                             "AND experiment_id <> ?2",
                                             {name, number}));
    if (!taken.empty()) return FailTakenName(name);
    return db.Execute(
        "UPDATE tracking_experiments SET name = ?2, last_update_time = ?3 WHERE experiment_id = ?1",
        {number, name, now});
  });
}

Status TrackingStore::DeleteExperiment(const std::string& experiment_id) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  const int64_t now = clock_.NowMillis();
  return connection_->Write(
      [&](SqliteDatabase& db) { return ChangeStage(db, number, "active", "deleted", now); });
}

Status TrackingStore::RestoreExperiment(const std::string& experiment_id) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  const int64_t now = clock_.NowMillis();
  return connection_->Write(
      [&](SqliteDatabase& db) { return ChangeStage(db, number, "deleted", "active", now); });
}

Status TrackingStore::SetExperimentTag(const std::string& experiment_id, const Tag& tag) {
  MP_RETURN_IF_ERROR(CheckTag(tag, "", kMaxExperimentTagLength));
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(RequireActive(db, number));
    return SetTagOf(db, number, tag);
  });
}

Status TrackingStore::DeleteExperimentTag(const std::string& experiment_id,
                                          const std::string& key) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  return connection_->Write([&](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(RequireActive(db, number));
    MP_RETURN_IF_ERROR(
        db.Execute("DELETE FROM tracking_experiment_tags WHERE experiment_id = ?1 AND key = ?2",
                   {number, key}));
    if (db.changes() > 0) return OkStatus();
    return Fail(ErrorKind::kNotFound, "No tag with name: {} in experiment with id {}", key, number);
  });
}

}  // namespace millpond::platform
