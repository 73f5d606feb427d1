// Experiments and runs in meta.db (component "tracking"): what MLflow's file or SQL store keeps, on
// one SQLite file that several processes may have open. Every write is one transaction, durable on
// return; writers of one process share commits (base/db/group_commit.h), readers never wait for
// them. Rules and texts are MLflow's: a param never changes its value, a metric is a history, a
// deleted run takes no writes. The REST routes only translate.
//
// Thread-safe. Errors: kNotFound names the run or experiment, kAlreadyExists a taken experiment
// name, kInvalidArgument a value that MLflow would refuse too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "platform/tracking/search_types.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

class MetaConnection;

struct TrackingOptions {
  std::string meta_db;        // path of meta.db
  std::string artifact_root;  // .millpond/artifacts
};

class TrackingStore {
 public:
  // `clock` stamps runs and metrics: the system's, so that a run's duration is real also where a
  // project moves its clock.
  static Result<std::unique_ptr<TrackingStore>> Open(const TrackingOptions& options,
                                                     RandomSource& random, const Clock& clock);
  ~TrackingStore();

  // -- experiments (experiments.cc)
  // `artifact_location` "": a folder of its own below the artifact root.
  Result<Experiment> CreateExperiment(const std::string& name, const std::vector<Tag>& tags = {},
                                      const std::string& artifact_location = "");
  Result<Experiment> GetExperiment(const std::string& experiment_id);
  Result<Experiment> GetExperimentByName(const std::string& name);
  // The one of this name, made if it is missing.
  Result<Experiment> EnsureExperiment(const std::string& name);
  Result<std::vector<Experiment>> ListExperiments();  // active ones, by id
  Status RenameExperiment(const std::string& experiment_id, const std::string& name);
  // With its runs.
  Status DeleteExperiment(const std::string& experiment_id);
  Status RestoreExperiment(const std::string& experiment_id);
  Status SetExperimentTag(const std::string& experiment_id, const Tag& tag);
  Status DeleteExperimentTag(const std::string& experiment_id, const std::string& key);
  // Greatest id first unless ordered otherwise.
  Result<Page<Experiment>> SearchExperiments(const SearchRequest& request);

  // -- runs (run_records.cc, run_search.cc)
  Result<Run> CreateRun(const NewRun& run);
  Result<Run> GetRun(const std::string& run_id);
  // Newest first; deleted ones only if asked for.
  Result<std::vector<Run>> ListRuns(const std::string& experiment_id, bool include_deleted = false);
  Result<RunInfo> UpdateRun(const std::string& run_id, const RunUpdate& update);
  Status UpdateRun(const std::string& run_id, RunStatus status, int64_t end_time_ms = 0);
  Status DeleteRun(const std::string& run_id);
  Status RestoreRun(const std::string& run_id);
  // Runs of these experiments that match; latest start first unless ordered otherwise.
  Result<Page<Run>> SearchRuns(const std::vector<std::string>& experiment_ids,
                               const SearchRequest& request);

  // -- what runs log (run_logging.cc)
  // All or nothing, as MLflow's log-batch.
  Status LogBatch(const std::string& run_id, const std::vector<Metric>& metrics,
                  const std::vector<Param>& params, const std::vector<Tag>& tags);
  // The hot path: one point of one metric.
  Status LogMetric(const std::string& run_id, const Metric& metric);
  Status LogParam(const std::string& run_id, const Param& param);
  Status SetTag(const std::string& run_id, const Tag& tag);
  Status DeleteTag(const std::string& run_id, const std::string& key);
  Status LogInputs(const std::string& run_id, const std::vector<DatasetInput>& inputs,
                   const std::vector<std::string>& model_ids = {});
  Status LogOutputs(const std::string& run_id, const std::vector<ModelOutput>& outputs);
  // Appends to the run's tag mlflow.log-model.history, a JSON array.
  Status RecordModel(const std::string& run_id, const std::string& model_json);

  // -- points of metrics (metric_history.cc)
  // By (timestamp, step, value).
  Result<std::vector<Metric>> MetricHistory(const std::string& run_id, const std::string& key);
  Result<Page<Metric>> MetricHistoryPage(const std::string& run_id, const std::string& key,
                                         int64_t max_results, const std::string& page_token);
  // At most max_results points a run, evenly spread over its points with step in [from, to], the
  // last one always among them.
  struct Steps {
    int64_t from = 0;
    int64_t to = 0;
  };
  Result<std::vector<Metric>> SampleMetric(const std::vector<std::string>& run_ids,
                                           const std::string& key, std::optional<Steps> steps,
                                           int64_t max_results);
  // Up to max_results points of several runs, by (run id, timestamp, step, value).
  Result<std::vector<Metric>> MetricOfRuns(const std::vector<std::string>& run_ids,
                                           const std::string& key, int64_t max_results);

  const std::string& artifact_root() const;
  // What ModelRegistry and LoggedModels share.
  const std::shared_ptr<MetaConnection>& connection() const { return connection_; }
  RandomSource& random() const { return random_; }
  const Clock& clock() const { return clock_; }

 private:
  TrackingStore(std::shared_ptr<MetaConnection> connection, RandomSource& random,
                const Clock& clock);

  std::shared_ptr<MetaConnection> connection_;
  RandomSource& random_;
  const Clock& clock_;
};

}  // namespace millpond::platform
