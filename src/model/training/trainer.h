// Trains the models of a project: labels by SQL at fixed table versions, features at T from the
// feature store, a split by time, the leak check, a learner, calibration, an honest evaluation, a
// model folder in MLflow's layout, a run that records all of it, and a registered version under the
// alias "champion".
//
//   Trainer trainer({catalog, engine, features, tracking, registry, artifacts, {"local"}});
//   auto report = trainer.Train(definition);
//
// Steps before the registration can be done again without harm; the registration (version, alias,
// audit, end of the run) is one transaction. A process killed before it leaves a run that the next
// training marks KILLED, and a training set that the next training writes again.
//
// Nothing is done if the champion was made from the same inputs: definition, feature hashes, table
// versions, library versions (the fingerprint). Same inputs give the same bytes on one machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "base/result.h"
#include "data/catalog/catalog.h"
#include "data/sql/session.h"
#include "model/training/model_definition.h"
#include "model/training/time_split.h"
#include "platform/features/feature_store.h"
#include "platform/tracking/artifact_store.h"
#include "platform/tracking/model_registry.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::model {

inline constexpr std::string_view kChampion = "champion";
// Artifacts of a run.
inline constexpr std::string_view kModelPath = "model";
inline constexpr std::string_view kEvaluationPath = "evaluation.json";
inline constexpr std::string_view kRunRecordPath = "run_record.json";
inline constexpr std::string_view kDefinitionPath = "definition.yml";

struct TrainerParts {
  data::Catalog& catalog;
  data::SqlEngine& engine;
  platform::FeatureStore& features;
  platform::TrackingStore& tracking;
  platform::ModelRegistry& registry;
  platform::ArtifactStore& artifacts;
  data::Principal principal;
};

struct TrainOptions {
  bool force = false;            // also if nothing has changed
  Progress* progress = nullptr;  // phase "train", object the model
};

struct TrainReport {
  std::string model;
  bool unchanged = false;
  std::string run_id;
  int64_t version = 0;
  std::string model_path;  // the model folder
  std::string training_set;
  int64_t training_set_version = 0;
  int64_t training_rows = 0;  // of all parts
  std::vector<std::string> warnings;
  // Who scores and serves in its place: somebody rolled back to it, or promoted it, and that
  // stands.
  std::optional<platform::ModelVersion> held;
  Json evaluation;  // evaluation.json (evaluation_document.h)
  Json record;      // run_record.json
  double seconds = 0;
};

struct ReproduceReport {
  std::string run_id;
  std::string model;
  bool equal = false;
  // What was compared, with both digests: model, encoder, calibration, evaluation, training set.
  struct Part {
    std::string name;
    std::string recorded, now;
  };
  std::vector<Part> parts;
  std::vector<std::string> notes;  // another library version, another number of threads …
};

class Trainer {
 public:
  explicit Trainer(TrainerParts parts) : parts_(std::move(parts)) {}

  Result<TrainReport> Train(const ModelDefinition& definition, const TrainOptions& options = {});

  // Runs a recorded run again at its table versions, in memory: writes no table, no run.
  // kConflict: a feature has another definition now, so the run cannot be repeated.
  Result<ReproduceReport> Reproduce(const std::string& run_id);

 private:
  Result<TrainReport> Unchanged(const ModelDefinition& definition,
                                const platform::ModelVersion& version);

  TrainerParts parts_;
};

}  // namespace millpond::model
