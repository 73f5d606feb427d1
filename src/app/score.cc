#include "app/score.h"

#include <algorithm>

#include "app/model_stores.h"
#include "base/nearest_name.h"

namespace millpond::app {
namespace {

model::ScoreRequest RequestOf(const Project& project, const model::ModelDefinition& definition,
                              const ScoredVersion& version) {
  model::ScoreRequest request;
  request.model = definition.name;
  request.model_version = version.version;
  request.run_id = version.run_id;
  request.model_path = version.model_path;
  request.candidates_file = definition.score.candidates->file;
  request.candidates_sql = definition.score.candidates->text;
  const Micros now = project.now();
  request.as_of =
      definition.score.as_of.value_or(definition.score.today ? now - now % kMicrosPerDay : now);
  request.action = {.campaign = definition.action.campaign,
                    .capacity = definition.action.capacity,
                    .holdout = definition.action.holdout};
  request.table = definition.score.table;
  request.work_list = definition.score.work_list;
  return request;
}

Result<model::ModelDefinition> DefinitionOf(const std::vector<model::ModelDefinition>& all,
                                            const std::string& name, const std::string& folder) {
  const auto found = std::ranges::find(all, name, &model::ModelDefinition::name);
  if (found == all.end()) {
    std::vector<std::string> names;
    for (const auto& definition : all) names.push_back(definition.name);
    const std::string nearest = NearestName(name, names);
    return Fail(ErrorKind::kNotFound, "there is no model '{}' in {}{}", name, folder,
                nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
  }
  if (!found->score.candidates) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: model '{}' says not whom to score; give it a 'score' with 'candidates' and "
                "'table'",
                found->file, name);
  }
  return *found;
}

}  // namespace

Result<model::ScoreReport> ScoreWith(Project& project, const model::ModelDefinition& definition,
                                     const ScoredVersion& version, Progress& progress) {
  progress.Report({.phase = "score", .object = definition.name});
  MP_ASSIGN_OR_RETURN_CONTEXT(
      auto report,
      model::ScoreBatch({project.catalog(), project.sql(), project.features(), {"local"}},
                        RequestOf(project, definition, version)),
      "while scoring with model {}", definition.name);
  return report;
}

Result<ChampionScores> ScoreWithChampion(Project& project, const std::string& model,
                                         const RunSettings& settings, Progress& progress) {
  MP_ASSIGN_OR_RETURN(auto lock, LockRuns(project, settings));
  const std::string folder = project.PathOf("models");
  MP_ASSIGN_OR_RETURN(auto definitions, model::LoadModelDefinitions(project.env().fs, folder));
  MP_ASSIGN_OR_RETURN(auto definition, DefinitionOf(definitions, model, folder));
  MP_ASSIGN_OR_RETURN(auto graph, LoadPipeline(project));
  MP_RETURN_IF_ERROR(CheckOutputs(project, graph, definitions));
  MP_RETURN_IF_ERROR(project.features().Load(project.PathOf("features")));
  MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(project));
  MP_ASSIGN_OR_RETURN_CONTEXT(
      auto version, stores->registry().GetByAlias(model, std::string(model::kChampion)),
      "model '{}' has no champion to score with yet: millpond run trains one", model);
  MP_ASSIGN_OR_RETURN(
      auto report,
      ScoreWith(project, definition, {version.version, version.run_id, version.source}, progress));
  return ChampionScores{version.version, std::move(report)};
}

}  // namespace millpond::app
