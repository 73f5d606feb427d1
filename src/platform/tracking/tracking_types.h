// The notions of MLflow's tracking, named as MLflow names them: an experiment holds runs, a run has
// params (one value for good), metrics (a history of values), tags (the last value stands), dataset
// inputs, and artifacts (files, see artifact_store.h). Times are milliseconds since 1970, as in
// MLflow's REST bodies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millpond::platform {

enum class LifecycleStage { kActive, kDeleted };
enum class RunStatus { kRunning, kScheduled, kFinished, kFailed, kKilled };

// "active", "deleted"; "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED".
std::string_view ToString(LifecycleStage stage);
std::string_view ToString(RunStatus status);

struct Param {
  std::string key = {};
  std::string value = {};
  bool operator==(const Param&) const = default;
};

struct Tag {
  std::string key = {};
  std::string value = {};
  bool operator==(const Tag&) const = default;
};

struct Metric {
  std::string key = {};
  double value = 0;  // NaN and the infinities are values like others
  int64_t step = 0;
  int64_t timestamp_ms = 0;  // 0: now
};

// A table that a run read. For a Delta table of ours: source_type "delta", source {"table", "path",
// "version"} as JSON, digest the table id and version.
struct DatasetInput {
  std::string name = {};
  std::string digest = {};
  std::string source_type = {};
  std::string source = {};
  std::string schema = {};
  std::string profile = {};
  std::string context = {};  // "training", "evaluation", …
};

struct Experiment {
  std::string experiment_id = {};  // "0" is Default
  std::string name = {};
  std::string artifact_location = {};
  LifecycleStage lifecycle_stage = LifecycleStage::kActive;
  int64_t creation_time_ms = 0;
  int64_t last_update_time_ms = 0;
  std::vector<Tag> tags = {};
};

struct RunInfo {
  std::string run_id = {};  // 32 hexadecimal digits
  std::string experiment_id = {};
  std::string run_name = {};
  std::string user_id = {};
  RunStatus status = RunStatus::kRunning;
  int64_t start_time_ms = 0;
  int64_t end_time_ms = 0;        // 0: not ended
  std::string artifact_uri = {};  // a folder: <experiment's artifact_location>/<run_id>/artifacts
  LifecycleStage lifecycle_stage = LifecycleStage::kActive;
};

struct Run {
  RunInfo info;
  std::vector<Param> params = {};  // by key
  std::vector<Metric> metrics =
      {};                      // the latest of every key (greatest step, timestamp, value); by key
  std::vector<Tag> tags = {};  // by key
  std::vector<DatasetInput> inputs = {};

  // nullptr where there is none.
  const std::string* FindParam(std::string_view key) const;
  const std::string* FindTag(std::string_view key) const;
  const Metric* FindMetric(std::string_view key) const;
};

struct NewRun {
  std::string experiment_id = {};
  std::string run_name = {};  // empty: made from the run id
  std::string user_id = {};
  std::string source_name = {};
  std::string source_type = "LOCAL";
  int64_t start_time_ms = 0;  // 0: now
  std::vector<Tag> tags = {};
};

struct ModelVersion {
  std::string name = {};
  int64_t version = 0;
  std::string run_id = {};
  std::string source = {};  // the model folder
  std::string description = {};
  int64_t creation_time_ms = 0;
  std::vector<Tag> tags = {};
  std::vector<std::string> aliases = {};

  const std::string* FindTag(std::string_view key) const;
};

struct RegisteredModel {
  std::string name = {};
  std::string description = {};
  int64_t creation_time_ms = 0;
  int64_t last_update_time_ms = 0;
  int64_t latest_version = 0;  // 0: none
};

// One line of the registry's history: what changed, by whom, from which version to which.
struct RegistryAudit {
  int64_t at_ms = 0;
  std::string principal = {};
  std::string action = {};  // "create_version", "set_alias", "delete_alias"
  std::string model = {};
  std::string alias = {};
  int64_t from_version = 0;  // 0: none
  int64_t to_version = 0;
};

}  // namespace millpond::platform
