#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

const std::vector<std::string>& TrackingMigrations() {
  static const std::vector<std::string> scripts = {R"sql(
CREATE TABLE tracking_experiments (
  experiment_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL,
  creation_time INTEGER NOT NULL,
  last_update_time INTEGER NOT NULL
);
CREATE TABLE tracking_experiment_tags (
  experiment_id INTEGER NOT NULL REFERENCES tracking_experiments,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;
CREATE TABLE tracking_runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL UNIQUE,
  experiment_id INTEGER NOT NULL REFERENCES tracking_experiments,
  run_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source_name TEXT NOT NULL,
  status TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  artifact_uri TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL
);
CREATE INDEX tracking_runs_by_experiment ON tracking_runs (experiment_id, sequence);
CREATE TABLE tracking_params (
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_id, key)
) WITHOUT ROWID;
CREATE TABLE tracking_tags (
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_id, key)
) WITHOUT ROWID;
-- SQLite turns a NaN into NULL: value NULL is NaN.
CREATE TABLE tracking_metrics (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value REAL,
  step INTEGER NOT NULL,
  timestamp INTEGER NOT NULL
);
CREATE INDEX tracking_metrics_by_key ON tracking_metrics (run_id, key, step, timestamp);
CREATE TABLE tracking_latest_metrics (
  run_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value REAL,
  step INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  PRIMARY KEY (run_id, key)
) WITHOUT ROWID;
CREATE TABLE tracking_inputs (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT NOT NULL,
  profile TEXT NOT NULL,
  context TEXT NOT NULL,
  UNIQUE (run_id, name, digest, context)
);
CREATE TABLE registry_models (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  creation_time INTEGER NOT NULL,
  last_update_time INTEGER NOT NULL
);
CREATE TABLE registry_versions (
  name TEXT NOT NULL REFERENCES registry_models,
  version INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  source TEXT NOT NULL,
  description TEXT NOT NULL,
  creation_time INTEGER NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE registry_version_tags (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name, version, key)
) WITHOUT ROWID;
CREATE TABLE registry_aliases (
  name TEXT NOT NULL,
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (name, alias)
) WITHOUT ROWID;
CREATE TABLE registry_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  principal TEXT NOT NULL,
  action TEXT NOT NULL,
  model TEXT NOT NULL,
  alias TEXT NOT NULL,
  from_version INTEGER NOT NULL,
  to_version INTEGER NOT NULL
);
)sql",
                                                   TrackingMigration2()};
  return scripts;
}

}  // namespace millpond::platform
