#include "platform/tracking/tracking_store.h"

#include "base/fs/filesystem.h"
#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kExperimentColumns =
    "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time";

Experiment ExperimentOf(const SqliteRow& row) {
  return {.experiment_id = std::to_string(row.Int(0)),
          .name = row.Text(1),
          .artifact_location = row.Text(2),
          .lifecycle_stage = StageOf(row.Text(3)),
          .creation_time_ms = row.Int(4),
          .last_update_time_ms = row.Int(5)};
}

Result<Experiment> FindExperiment(SqliteDatabase& db, std::string_view condition,
                                  const SqliteValue& value, const std::string& shown) {
  MP_ASSIGN_OR_RETURN(auto rows,
                      db.Query(fmt::format("SELECT {} FROM tracking_experiments WHERE {} = ?1",
                                           kExperimentColumns, condition),
                               {value}));
  if (rows.empty()) return Fail(ErrorKind::kNotFound, "there is no experiment {}", shown);
  Experiment experiment = ExperimentOf(rows[0]);
  MP_RETURN_IF_ERROR(ReadPairs(
      db, "SELECT key, value FROM tracking_experiment_tags WHERE experiment_id = ?1 ORDER BY key",
      rows[0].Int(0), experiment.tags));
  return experiment;
}

}  // namespace

TrackingStore::TrackingStore(std::shared_ptr<MetaConnection> connection, RandomSource& random,
                             const Clock& clock)
    : connection_(std::move(connection)), random_(random), clock_(clock) {}

TrackingStore::~TrackingStore() = default;

const std::string& TrackingStore::artifact_root() const {
  return connection_->artifact_root;
}

Result<std::unique_ptr<TrackingStore>> TrackingStore::Open(const TrackingOptions& options,
                                                           RandomSource& random,
                                                           const Clock& clock) {
  MP_ASSIGN_OR_RETURN_CONTEXT(auto db, SqliteDatabase::Open(options.meta_db),
                              "while opening the run store");
  MP_RETURN_IF_ERROR_CONTEXT(db.Migrate("tracking", TrackingMigrations()),
                             "while opening the run store {}", options.meta_db);
  const int64_t now = clock.NowMillis();
  MP_RETURN_IF_ERROR(db.Execute(
      "INSERT OR IGNORE INTO tracking_experiments VALUES (0, 'Default', ?1, 'active', ?2, ?2)",
      {JoinPath(options.artifact_root, "0"), now}));
  return std::unique_ptr<TrackingStore>(new TrackingStore(
      std::make_shared<MetaConnection>(std::move(db), options.artifact_root), random, clock));
}

Result<Experiment> TrackingStore::CreateExperiment(const std::string& name,
                                                   const std::vector<Tag>& tags) {
  std::lock_guard lock(connection_->mutex);
  SqliteDatabase& db = connection_->db;
  if (name.empty()) return Fail(ErrorKind::kInvalidArgument, "an experiment needs a name");
  for (const auto& tag : tags) MP_RETURN_IF_ERROR(CheckKey("tag", tag.key));
  int64_t id = 0;
  const int64_t now = clock_.NowMillis();
  MP_RETURN_IF_ERROR(db.Transaction([&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto taken,
                        db.Query("SELECT 1 FROM tracking_experiments WHERE name = ?1", {name}));
    if (!taken.empty()) {
      return Fail(ErrorKind::kAlreadyExists, "experiment '{}' already exists", name);
    }
    MP_ASSIGN_OR_RETURN(
        auto next,
        db.Query("SELECT coalesce(max(experiment_id), 0) + 1 FROM tracking_experiments"));
    id = next[0].Int(0);
    MP_RETURN_IF_ERROR(
        db.Execute("INSERT INTO tracking_experiments VALUES (?1, ?2, ?3, 'active', ?4, ?4)",
                   {id, name, JoinPath(connection_->artifact_root, std::to_string(id)), now}));
    for (const auto& tag : tags) {
      MP_RETURN_IF_ERROR(
          db.Execute("INSERT OR REPLACE INTO tracking_experiment_tags VALUES (?1, ?2, ?3)",
                     {id, tag.key, tag.value}));
    }
    return OkStatus();
  }));
  return FindExperiment(db, "experiment_id", id, fmt::format("with id {}", id));
}

Result<Experiment> TrackingStore::GetExperiment(const std::string& experiment_id) {
  MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment_id));
  std::lock_guard lock(connection_->mutex);
  return FindExperiment(connection_->db, "experiment_id", number,
                        fmt::format("with id {}", number));
}

Result<Experiment> TrackingStore::GetExperimentByName(const std::string& name) {
  std::lock_guard lock(connection_->mutex);
  return FindExperiment(connection_->db, "name", name, fmt::format("named '{}'", name));
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
  std::lock_guard lock(connection_->mutex);
  MP_ASSIGN_OR_RETURN(auto rows,
                      connection_->db.Query(fmt::format(
                          "SELECT {} FROM tracking_experiments WHERE lifecycle_stage = 'active' "
                          "ORDER BY experiment_id",
                          kExperimentColumns)));
  std::vector<Experiment> experiments;
  for (const auto& row : rows) experiments.push_back(ExperimentOf(row));
  return experiments;
}

}  // namespace millpond::platform
