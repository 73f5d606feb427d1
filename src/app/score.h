// Batch scores of one model: what `millpond run` does after training, and the job of kind `score`.
#pragma once

#include <string>

#include "app/project.h"
#include "app/run.h"
#include "base/progress.h"
#include "model/scoring/batch_score.h"
#include "model/training/model_definition.h"

namespace millpond::app {

struct ScoredVersion {
  int64_t version = 0;
  std::string run_id;
  std::string model_path;  // the model folder
};

// The candidates of the definition's `score`, which must name them, by this version of the model.
Result<model::ScoreReport> ScoreWith(Project& project, const model::ModelDefinition& definition,
                                     const ScoredVersion& version, Progress& progress);

struct ChampionScores {
  int64_t version = 0;  // of the model
  model::ScoreReport report;
};

// The same by the champion of models/NAME.yml, with the project's files looked at as a run does.
// One such work at a time: it takes the turn of a run.
Result<ChampionScores> ScoreWithChampion(Project& project, const std::string& model,
                                         const RunSettings& settings, Progress& progress);

}  // namespace millpond::app
