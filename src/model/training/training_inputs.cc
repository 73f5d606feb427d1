#include <algorithm>

#include "base/sha256.h"
#include "model/training/evaluation_document.h"
#include "model/training/training_inputs_internal.h"
#include "model/training/xgboost_learner.h"

namespace millpond::model {

namespace {

// Raised when training, evaluation or the model folder change what they write.
constexpr int kTrainingVersion = 2;

Result<std::vector<std::string>> ColumnsOf(const ViewColumns& wanted,
                                           const platform::FeatureView& view,
                                           const ModelDefinition& definition) {
  std::vector<std::string> all;
  for (const auto& column : view.columns) all.push_back(column.name);
  for (const auto* list : {&wanted.columns, &wanted.exclude}) {
    for (const auto& name : *list) {
      if (std::ranges::find(all, name) != all.end()) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: feature view '{}' has no column '{}'; it has {}",
                  definition.PlaceOf("features.views." + wanted.view), view.name, name,
                  fmt::join(all, ", "));
    }
  }
  if (!wanted.columns.empty()) return wanted.columns;
  std::erase_if(all, [&](const std::string& name) {
    return std::ranges::find(wanted.exclude, name) != wanted.exclude.end();
  });
  return all;
}

Status AddView(const TrainerParts& parts, const ModelDefinition& definition,
               const ViewColumns& wanted, TrainingInputs& inputs) {
  const std::string& place = definition.PlaceOf("features.views." + wanted.view);
  auto view = parts.features.Find(wanted.view);
  if (!view) return std::unexpected<Error>(std::move(view).error().WithContext(place));
  MP_ASSIGN_OR_RETURN(auto columns, ColumnsOf(wanted, *view, definition));
  for (const auto& name : columns) {
    if (std::ranges::find(inputs.feature_columns, name) != inputs.feature_columns.end()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: two views give a feature '{}'; exclude it from one of them", place, name);
    }
    inputs.feature_columns.push_back(name);
  }
  if (!inputs.tables.contains(view->source)) {
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(view->source));
    MP_ASSIGN_OR_RETURN(auto table, parts.catalog.OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    inputs.tables[view->source] = snapshot->version();
  }
  inputs.views.push_back(std::move(*view));
  return OkStatus();
}

Json ToJson(const SplitDefinition& split) {
  Json json = {{"purge", split.purge}, {"embargo", split.embargo}, {"parts", Json::array()}};
  for (const auto& part : split.parts) {
    json["parts"].push_back(
        {{"moments", part.moments}, {"from", part.from.value_or(0)}, {"to", part.to.value_or(0)}});
  }
  return json;
}

// The parts of a definition that decide a model and its evaluation; what its score triggers
// does not, but for the worth of it.
Json TrainingPartOf(const ModelDefinition& definition) {
  const std::string& sql = definition.label.sql.text;
  Json json = {{"name", definition.name},
               {"sql", sql.substr(sql.find_first_not_of('\n'))},
               {"entity", definition.label.entity},
               {"time", definition.label.time},
               {"label", definition.label.label},
               {"known_at", definition.label.known_at},
               {"horizon", definition.label.horizon},
               {"request", definition.request},
               {"split", ToJson(definition.split)},
               {"learner", definition.learner},
               {"params", definition.params},
               {"seed", definition.seed},
               {"keep_negatives", definition.keep_negatives},
               {"calibration", definition.calibration},
               {"bootstrap", definition.bootstrap},
               {"cluster", definition.cluster},
               {"training_set", definition.training_set},
               {"leak_check",
                {definition.leak_check.accept_restate, definition.leak_check.warn_average_precision,
                 definition.leak_check.moments}}};
  // The evaluation says what the action is worth.
  if (const ActionDefinition& action = definition.action; HasWorth(action)) {
    json["action"] = {action.capacity, action.value, action.cost};
  }
  json["precision_at"] = Json::array();
  for (const TopK& top : definition.precision_at) {
    json["precision_at"].push_back({top.value, top.is_share});
  }
  json["baselines"] = Json::object();
  for (const auto& [name, baseline] : definition.baselines) {
    json["baselines"][name] = {baseline.column,
                               baseline.higher_is_positive
                                   ? (*baseline.higher_is_positive ? "higher" : "lower")
                                   : "as trained"};
  }
  return json;
}

// Past the end of the split and its labels the clock changes nothing; before it, by the day.
Json KnownUntil(const ModelDefinition& definition, Micros now) {
  Micros end = 0;
  for (const auto& part : definition.split.parts) end = std::max(end, part.last());
  end += definition.label.horizon;
  return now >= end ? Json("all") : Json(now / kMicrosPerDay);
}

}  // namespace

std::vector<std::string> TrainingInputs::ViewNames() const {
  std::vector<std::string> names;
  for (const auto& view : views) names.push_back(view.name);
  return names;
}

Result<TrainingInputs> ResolveInputs(const TrainerParts& parts, const ModelDefinition& definition) {
  TrainingInputs inputs;
  MP_ASSIGN_OR_RETURN(inputs.tables, ResolveTables(parts.catalog, definition.label.sql));
  for (const auto& view : definition.views) {
    MP_RETURN_IF_ERROR(AddView(parts, definition, view, inputs));
  }
  for (const auto& name : definition.request) {
    if (std::ranges::find(inputs.feature_columns, name) != inputs.feature_columns.end()) {
      return Fail(ErrorKind::kInvalidArgument, "{}: '{}' is a request column and a feature",
                  definition.file, name);
    }
    inputs.feature_columns.push_back(name);
  }
  inputs.now = parts.catalog.workspace().env.clock.Now();
  inputs.libraries = {{"xgboost", XgboostLearner::LibraryVersion()},
                      {"millpond.training", kTrainingVersion}};
  return inputs;
}

Result<std::string> FingerprintOf(const TrainerParts& parts, const ModelDefinition& definition,
                                  const TrainingInputs& inputs) {
  Json json = {{"definition", TrainingPartOf(definition)},
               {"tables", inputs.tables},
               {"columns", inputs.feature_columns},
               {"libraries", inputs.libraries},
               {"known_until", KnownUntil(definition, inputs.now)},
               {"views", Json::array()}};
  for (const auto& view : inputs.views) {
    Json hashes = Json::object();
    for (const auto& column : view.columns) hashes[column.name] = column.hash;
    MP_ASSIGN_OR_RETURN(auto live, parts.features.Live(view.name));
    json["views"].push_back({view.name, hashes, view.settle, live ? Json(live->version) : Json()});
  }
  return Sha256::Hex(DumpJson(json));
}

}  // namespace millpond::model
