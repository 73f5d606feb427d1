// The second script of component "tracking": runs are referred to by their number, keys come first
// (a search reads one key of all runs in one stretch), metrics' points drop repeated ones, and
// logged models, tags of registered models and what MLflow's REST surface tells of versions get
// their tables.
#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

std::string TrackingMigration2() {
  return R"sql(
ALTER TABLE tracking_runs ADD COLUMN deleted_time INTEGER;
DROP INDEX tracking_runs_by_experiment;
CREATE INDEX tracking_runs_by_start
  ON tracking_runs (experiment_id, lifecycle_stage, start_time DESC, run_id);

CREATE TABLE tracking_run_params (
  key TEXT NOT NULL,
  run INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (key, run)
) WITHOUT ROWID;
INSERT INTO tracking_run_params
  SELECT p.key, r.sequence, p.value FROM tracking_params p JOIN tracking_runs r USING (run_id);
CREATE INDEX tracking_run_params_by_run ON tracking_run_params (run);
DROP TABLE tracking_params;

CREATE TABLE tracking_run_tags (
  key TEXT NOT NULL,
  run INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (key, run)
) WITHOUT ROWID;
INSERT INTO tracking_run_tags
  SELECT t.key, r.sequence, t.value FROM tracking_tags t JOIN tracking_runs r USING (run_id);
CREATE INDEX tracking_run_tags_by_run ON tracking_run_tags (run);
DROP TABLE tracking_tags;

-- SQLite turns a NaN into NULL: a NaN is value 0 with is_nan 1.
CREATE TABLE tracking_run_metrics (
  key TEXT NOT NULL,
  run INTEGER NOT NULL,
  value REAL NOT NULL,
  is_nan INTEGER NOT NULL,
  step INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  PRIMARY KEY (key, run)
) WITHOUT ROWID;
INSERT INTO tracking_run_metrics
  SELECT m.key, r.sequence, coalesce(m.value, 0), m.value IS NULL, m.step, m.timestamp
  FROM tracking_latest_metrics m JOIN tracking_runs r USING (run_id);
CREATE INDEX tracking_run_metrics_by_run ON tracking_run_metrics (run);
DROP TABLE tracking_latest_metrics;

CREATE TABLE tracking_metric_points (
  run INTEGER NOT NULL,
  key TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  is_nan INTEGER NOT NULL,
  PRIMARY KEY (run, key, timestamp, step, value, is_nan)
) WITHOUT ROWID;
INSERT OR IGNORE INTO tracking_metric_points
  SELECT r.sequence, m.key, m.timestamp, m.step, coalesce(m.value, 0), m.value IS NULL
  FROM tracking_metrics m JOIN tracking_runs r USING (run_id);
DROP TABLE tracking_metrics;

-- JSON: the tags of the input other than its context.
ALTER TABLE tracking_inputs ADD COLUMN tags TEXT NOT NULL DEFAULT '';
CREATE TABLE tracking_run_models (
  run INTEGER NOT NULL,
  direction TEXT NOT NULL,
  model_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run, direction, model_id)
) WITHOUT ROWID;

CREATE TABLE tracking_models (
  model_id TEXT PRIMARY KEY,
  experiment_id INTEGER NOT NULL REFERENCES tracking_experiments,
  name TEXT NOT NULL,
  artifact_location TEXT NOT NULL,
  creation_time INTEGER NOT NULL,
  last_update_time INTEGER NOT NULL,
  model_type TEXT NOT NULL,
  status TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL
);
CREATE INDEX tracking_models_by_time ON tracking_models (experiment_id, creation_time DESC);
CREATE TABLE tracking_model_params (
  model_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
) WITHOUT ROWID;
CREATE TABLE tracking_model_tags (
  model_id TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
) WITHOUT ROWID;
CREATE TABLE tracking_model_metrics (
  model_id TEXT NOT NULL,
  key TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  is_nan INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model_id, key, timestamp, step, value, is_nan, run_id, dataset_name, dataset_digest)
) WITHOUT ROWID;

CREATE TABLE registry_model_tags (
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name, key)
) WITHOUT ROWID;
ALTER TABLE registry_versions ADD COLUMN last_update_time INTEGER NOT NULL DEFAULT 0;
UPDATE registry_versions SET last_update_time = creation_time;
ALTER TABLE registry_versions ADD COLUMN source_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE registry_versions ADD COLUMN run_link TEXT NOT NULL DEFAULT '';
ALTER TABLE registry_versions ADD COLUMN model_id TEXT NOT NULL DEFAULT '';
ALTER TABLE registry_versions ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE registry_versions ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registry_audit ADD COLUMN detail TEXT NOT NULL DEFAULT '';
CREATE INDEX registry_audit_by_model ON registry_audit (model, id);
)sql";
}

}  // namespace millpond::platform
