#include "platform/tracking/tracking_store.h"

#include "base/fs/filesystem.h"
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

namespace {

// Rows that hold folders below the root get MLflow's URI, so that a project can be moved. Those of
// a root that is not this one stay.
Status MakeLocationsMovable(SqliteDatabase& db, const std::string& root) {
  const std::string prefix = root + "/";
  MP_ASSIGN_OR_RETURN(auto old, db.Query("SELECT 1 FROM tracking_experiments WHERE "
                                         "substr(artifact_location, 1, length(?1)) = ?1 LIMIT 1",
                                         {prefix}));
  if (old.empty()) return OkStatus();
  return db.Transaction([&]() -> Status {
    for (const auto& [table, column] :
         {std::pair{"tracking_experiments", "artifact_location"},
          std::pair{"tracking_runs", "artifact_uri"}, std::pair{"registry_versions", "source"}}) {
      MP_RETURN_IF_ERROR(db.Execute(
          fmt::format("UPDATE {0} SET {1} = 'mlflow-artifacts:/' || "
                      "substr({1}, length(?1) + 1) WHERE substr({1}, 1, length(?1)) = ?1",
                      table, column),
          {prefix}));
    }
    return OkStatus();
  });
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
  MP_RETURN_IF_ERROR_CONTEXT(MakeLocationsMovable(db, options.artifact_root),
                             "while opening the run store {}", options.meta_db);
  MP_ASSIGN_OR_RETURN(auto made,
                      db.Query("SELECT 1 FROM tracking_experiments WHERE experiment_id = 0"));
  if (made.empty()) {
    MP_RETURN_IF_ERROR(db.Execute(
        "INSERT OR IGNORE INTO tracking_experiments VALUES (0, 'Default', ?1, 'active', ?2, ?2)",
        {ArtifactUri(options.artifact_root, JoinPath(options.artifact_root, "0")),
         clock.NowMillis()}));
  }
  return std::unique_ptr<TrackingStore>(new TrackingStore(
      std::make_shared<MetaConnection>(std::move(db), options.meta_db, options.artifact_root),
      random, clock));
}

}  // namespace millpond::platform
