// Experiments and runs in meta.db (component "tracking"): what MLflow's file or SQL store keeps, on
// one SQLite file that several processes may have open. Every call is one transaction, durable on
// return. Rules are MLflow's: a param never changes its value, a metric is a history, a deleted run
// takes no writes. A REST server only has to translate.
//
// Thread-safe: one connection behind a mutex. Errors: kNotFound names the run or experiment,
// kAlreadyExists a taken experiment name, kInvalidArgument a value that MLflow would refuse too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
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

  // -- experiments
  Result<Experiment> CreateExperiment(const std::string& name, const std::vector<Tag>& tags = {});
  Result<Experiment> GetExperiment(const std::string& experiment_id);
  Result<Experiment> GetExperimentByName(const std::string& name);
  // The one of this name, made if it is missing.
  Result<Experiment> EnsureExperiment(const std::string& name);
  Result<std::vector<Experiment>> ListExperiments();  // active ones, by id

  // -- runs
  Result<Run> CreateRun(const NewRun& run);
  Result<Run> GetRun(const std::string& run_id);
  // Newest first; deleted ones only if asked for.
  Result<std::vector<Run>> ListRuns(const std::string& experiment_id, bool include_deleted = false);
  // end_time_ms 0: now, if the status is an ended one.
  Status UpdateRun(const std::string& run_id, RunStatus status, int64_t end_time_ms = 0);
  Status DeleteRun(const std::string& run_id);
  Status RestoreRun(const std::string& run_id);

  // All or nothing, as MLflow's log-batch.
  Status LogBatch(const std::string& run_id, const std::vector<Metric>& metrics,
                  const std::vector<Param>& params, const std::vector<Tag>& tags);
  Status LogInputs(const std::string& run_id, const std::vector<DatasetInput>& inputs);
  Result<std::vector<Metric>> MetricHistory(const std::string& run_id, const std::string& key);

  const std::string& artifact_root() const;
  // The connection that ModelRegistry shares.
  const std::shared_ptr<MetaConnection>& connection() const { return connection_; }

 private:
  TrackingStore(std::shared_ptr<MetaConnection> connection, RandomSource& random,
                const Clock& clock);

  std::shared_ptr<MetaConnection> connection_;
  RandomSource& random_;
  const Clock& clock_;
};

}  // namespace millpond::platform
