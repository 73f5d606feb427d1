#include "app/run.h"

#include <chrono>

#include "app/model_stores.h"
#include "app/score.h"
#include "model/training/output_tables.h"

namespace millpond::app {
namespace {

Result<pipeline::PipelineReport> RunTables(Project& project, pipeline::Pipeline& graph,
                                           const RunSettings& settings, Progress& progress) {
  pipeline::RunOptions options;
  options.full_refresh = settings.full_refresh;
  options.cancellation = project.env().cancellation;
  options.on_wait = [&](const std::string& who) {
    if (settings.on_wait) settings.on_wait(who);
  };
  options.progress = [&](const pipeline::FlowProgress& flow) {
    if (flow.done) return;
    bool ingests = flow.report->kind == "streaming table";
    progress.Report({.phase = ingests ? "ingest" : "transform",
                     .object = flow.report->name,
                     .done = flow.report->rows_in,
                     .unit = "rows"});
  };
  return graph.Run(options);
}

Status RunModel(Project& project, ModelStores& stores, const RunSettings& settings,
                Progress& progress, ModelOutcome& outcome) {
  const auto& definition = outcome.definition;
  progress.Report({.phase = "train", .object = definition.name});
  model::TrainOptions options;
  options.force = settings.retrain;
  options.progress = &progress;
  MP_ASSIGN_OR_RETURN_CONTEXT(outcome.training, stores.trainer().Train(definition, options),
                              "while training model {}", definition.name);
  if (!definition.score.candidates) return OkStatus();
  const auto& training = outcome.training;
  const ScoredVersion scorer =
      training.held
          ? ScoredVersion{training.held->version, training.held->run_id, training.held->source}
          : ScoredVersion{training.version, training.run_id, training.model_path};
  MP_ASSIGN_OR_RETURN(outcome.scoring, ScoreWith(project, definition, scorer, progress));
  outcome.scored = true;
  return OkStatus();
}

}  // namespace

bool RunOutcome::changed() const {
  if (tables.changed() || !views.created.empty() || !views.replaced.empty()) return true;
  for (const auto& model : models) {
    if (!model.training.unchanged || (model.scored && !model.scoring.unchanged)) return true;
  }
  return false;
}

Result<pipeline::Pipeline> LoadPipeline(Project& project) {
  return pipeline::Pipeline::Load(project.catalog(), project.sql(),
                                  project.PathOf("transformations"));
}

Status CheckOutputs(Project& project, const pipeline::Pipeline& graph,
                    const std::vector<model::ModelDefinition>& definitions) {
  std::vector<model::OutputTable> of_flows;
  for (const auto& flow : graph.flows()) {
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(flow.name));
    of_flows.push_back({name, flow.kind + " " + flow.name, flow.place});
    if (flow.quarantine.empty()) continue;
    MP_ASSIGN_OR_RETURN(name, data::ParseTableName(flow.quarantine));
    of_flows.push_back({name, "quarantine of " + flow.name, flow.place});
  }
  return model::CheckOutputTables(project.catalog(), definitions, of_flows);
}

Result<FileLock> LockRuns(Project& project, const RunSettings& settings) {
  LockWait wait{.cancellation = project.env().cancellation,
                .max_ms = settings.wait ? -1 : 0,
                .on_wait = settings.on_wait};
  return FileLock::Acquire(project.StatePathOf("run.lock"), "millpond run of this project", wait);
}

Result<RunOutcome> RunProject(Project& project, const RunSettings& settings, Progress& progress) {
  auto begin = std::chrono::steady_clock::now();
  MP_ASSIGN_OR_RETURN(auto lock, LockRuns(project, settings));
  RunOutcome outcome;
  outcome.report_path = project.StatePathOf("report.html");
  MP_ASSIGN_OR_RETURN(auto definitions,
                      model::LoadModelDefinitions(project.env().fs, project.PathOf("models")));
  MP_RETURN_IF_ERROR(project.features().CheckFiles(project.PathOf("features")));
  MP_ASSIGN_OR_RETURN(auto graph, LoadPipeline(project));
  MP_RETURN_IF_ERROR(CheckOutputs(project, graph, definitions));
  MP_ASSIGN_OR_RETURN(outcome.tables, RunTables(project, graph, settings, progress));
  progress.Report({.phase = "features", .object = "feature views"});
  MP_ASSIGN_OR_RETURN(outcome.views, project.features().Load(project.PathOf("features")));
  MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(project));
  for (auto& definition : definitions) {
    auto& model = outcome.models.emplace_back();
    model.definition = std::move(definition);
    MP_RETURN_IF_ERROR(RunModel(project, *stores, settings, progress, model));
  }
  MP_RETURN_IF_ERROR(UpdateReport(project, outcome, progress));
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return outcome;
}

}  // namespace millpond::app
