// One connection to meta.db, shared by the store and the registry, with the tables of component
// "tracking". Callers hold the mutex while they use `db`.
#pragma once

#include <mutex>
#include <string>

#include "base/db/sqlite.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

class MetaConnection {
 public:
  MetaConnection(SqliteDatabase opened, std::string artifact_root)
      : db(std::move(opened)), artifact_root(std::move(artifact_root)) {}

  std::mutex mutex;
  SqliteDatabase db;
  const std::string artifact_root;
};

// Tables of component "tracking", oldest script first; a script that was released never changes.
const std::vector<std::string>& TrackingMigrations();

LifecycleStage StageOf(const std::string& text);
// The number of an experiment id; kNotFound if it is none.
Result<int64_t> ExperimentNumber(const std::string& experiment_id);

// Appends {text, text} rows of a query with one parameter.
template <typename T>
Status ReadPairs(SqliteDatabase& db, std::string_view sql, const SqliteValue& key,
                 std::vector<T>& out) {
  return db.Execute(sql, {key}, [&](const SqliteRow& row) -> Status {
    out.push_back({row.Text(0), row.Text(1)});
    return OkStatus();
  });
}

// kNotFound if there is no such run. `write`: a deleted run is refused.
Status RequireRun(SqliteDatabase& db, const std::string& run_id, bool write);

// MLflow's limits on keys and values.
Status CheckKey(std::string_view what, std::string_view key);
Status CheckLength(std::string_view what, std::string_view key, std::string_view value,
                   size_t limit);

}  // namespace millpond::platform
