// `millpond run`: one pass over everything a project declares, in the order of the layers:
//
//   transformations/*.sql → tables        (pipeline)
//   features/*.sql        → feature views (platform)
//   models/*.yml          → models        (model: train, evaluate, register)
//   each model's `score`  → scores and work lists, Delta tables
//   report.html
//
// Each step does only what changed since the last run and says so; a run that was killed is taken
// up by the next one. One run at a time: a second one is refused while the first is at work; with a
// server or a `millpond run --watch` that keeps flows running it takes turns.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/project.h"
#include "app/terminal.h"
#include "base/fs/file_lock.h"
#include "model/scoring/batch_score.h"
#include "model/training/trainer.h"
#include "pipeline/flows/pipeline.h"
#include "platform/features/feature_store.h"

namespace millpond::app {

struct RunSettings {
  std::vector<std::string> full_refresh;  // tables to compute from all their input; "*": all
  bool retrain = false;                   // also models whose inputs have not changed
  bool wait = false;                      // for another run that is at work; else it is refused
  // Hears whom the run waits for.
  std::function<void(const std::string&)> on_wait = nullptr;
};

struct ModelOutcome {
  model::ModelDefinition definition;
  model::TrainReport training;
  model::ScoreReport scoring;
  bool scored = false;  // the definition names whom to score
};

struct RunOutcome {
  pipeline::PipelineReport tables;
  platform::FeatureStore::Loaded views;
  std::vector<ModelOutcome> models;
  std::string report_path;
  double seconds = 0;

  bool changed() const;
};

Result<pipeline::Pipeline> LoadPipeline(Project& project);
// The tables that models write are theirs alone; asked before anything is written.
Status CheckOutputs(Project& project, const pipeline::Pipeline& graph,
                    const std::vector<model::ModelDefinition>& definitions);

// What one run of a project does alone; `settings` say whether to wait for it.
Result<FileLock> LockRuns(Project& project, const RunSettings& settings);

Result<RunOutcome> RunProject(Project& project, const RunSettings& settings, Progress& progress);

// report.html: tables, expectations, models with their pictures. Self-contained. Written unless the
// file there shows the same already.
Status UpdateReport(Project& project, const RunOutcome& outcome, Progress& progress);

// What was written where, for the end of the run.
std::string Summarize(const Project& project, const RunOutcome& outcome);

}  // namespace millpond::app
