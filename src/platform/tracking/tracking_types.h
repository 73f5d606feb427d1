// The notions of MLflow's tracking, named as MLflow names them: an experiment holds runs, a run has
// params (one value for good), metrics (a history of values), tags (the last value stands), dataset
// inputs, and artifacts (files, see artifact_store.h). Times are milliseconds since 1970, as in
// MLflow's REST bodies.
#pragma once

#include <cstdint>
#include <optional>
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
  // What it was measured on, if somebody said so: a logged model, a dataset.
  std::string model_id = {};
  std::string dataset_name = {};
  std::string dataset_digest = {};
  std::string run_id = {};  // only where metrics of several runs stand together
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
  std::string context = {};    // "training", "evaluation", …: MLflow's tag mlflow.data.context
  std::vector<Tag> tags = {};  // the other tags of the input
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
  std::string artifact_uri = {};  // <experiment's artifact_location>/<run_id>/artifacts: a folder,
                                  // or the URI of a store that clients use by themselves (s3://…)
  LifecycleStage lifecycle_stage = LifecycleStage::kActive;
};

// A logged model that a run made, at a step of its training.
struct ModelOutput {
  std::string model_id = {};
  int64_t step = 0;
};

struct Run {
  RunInfo info;
  std::vector<Param> params = {};  // by key
  std::vector<Metric> metrics =
      {};                      // the latest of every key (greatest step, timestamp, value); by key
  std::vector<Tag> tags = {};  // by key
  std::vector<DatasetInput> inputs = {};
  std::vector<std::string> model_inputs = {};  // logged models it used, by id
  std::vector<ModelOutput> model_outputs = {};

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

// What changes of a run; what is not given stays.
struct RunUpdate {
  std::optional<RunStatus> status = {};
  int64_t end_time_ms = 0;    // 0: now, if the status is an ended one
  std::string run_name = {};  // empty: stays
};

enum class LoggedModelStatus { kUnspecified, kPending, kReady, kUploadFailed };
// "LOGGED_MODEL_PENDING", …; none if the text is no status.
std::string_view ToString(LoggedModelStatus status);
std::optional<LoggedModelStatus> LoggedModelStatusOf(std::string_view text);
std::optional<RunStatus> RunStatusOf(std::string_view text);

// A model that a run made or that was logged without one, before anybody registers it.
struct LoggedModel {
  std::string model_id = {};  // "m-" and 32 hexadecimal digits
  std::string experiment_id = {};
  std::string name = {};
  std::string artifact_location = {};  // <experiment's>/models/<model_id>/artifacts
  int64_t creation_time_ms = 0;
  int64_t last_update_time_ms = 0;
  std::string model_type = {};
  LoggedModelStatus status = LoggedModelStatus::kPending;
  std::string source_run_id = {};
  std::vector<Param> params = {};
  std::vector<Tag> tags = {};
  std::vector<Metric> metrics = {};
};

}  // namespace millpond::platform
