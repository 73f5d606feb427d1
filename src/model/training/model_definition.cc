#include "model/training/model_definition.h"

#include <algorithm>
#include <cmath>

#include "base/yaml.h"
#include "data/catalog/table_name.h"
#include "model/training/definition_values.h"
#include "model/training/learner.h"
#include "model/training/serve_definition_internal.h"

namespace millpond::model {

namespace {

constexpr const char* kKeys[] = {"name",        "description", "label",     "features",
                                 "split",       "learner",     "seed",      "imbalance",
                                 "calibration", "metrics",     "baselines", "action",
                                 "leak_check",  "score",       "serve",     "training_set"};

Status ReadLabel(const YamlNode& node, const std::string& file, LabelDefinition& label) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto sql, reader.Require("sql"));
  MP_ASSIGN_OR_RETURN(label.sql, ReadSql(sql, file));
  MP_ASSIGN_OR_RETURN(auto entity, reader.Require("entity"));
  MP_ASSIGN_OR_RETURN(label.entity, ReadNames(entity));
  if (label.entity.empty()) return entity.Complain("want at least one entity column");
  MP_ASSIGN_OR_RETURN(label.time, reader.String("time", label.time));
  MP_ASSIGN_OR_RETURN(label.label, reader.String("label", label.label));
  MP_ASSIGN_OR_RETURN(label.known_at, reader.String("known_at", label.known_at));
  MP_ASSIGN_OR_RETURN(auto horizon, reader.Require("horizon"));
  MP_ASSIGN_OR_RETURN(label.horizon, ReadDuration(horizon));
  if (label.horizon <= 0) return horizon.Complain("the horizon must be longer than nothing");
  return reader.Finish();
}

Status ReadFeatures(const YamlNode& node, ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto views, reader.Require("views"));
  MP_ASSIGN_OR_RETURN(auto items, views.AsList());
  for (const auto& item : items) {
    MP_ASSIGN_OR_RETURN(auto view, MappingReader::Open(item));
    ViewColumns& entry = model.views.emplace_back();
    MP_ASSIGN_OR_RETURN(auto name, view.Require("name"));
    MP_ASSIGN_OR_RETURN(entry.view, name.AsString());
    model.places["features.views." + entry.view] = name.Where();
    if (auto columns = view.Find("columns")) {
      MP_ASSIGN_OR_RETURN(entry.columns, ReadNames(*columns));
    }
    if (auto exclude = view.Find("exclude")) {
      MP_ASSIGN_OR_RETURN(entry.exclude, ReadNames(*exclude));
      if (!entry.columns.empty()) {
        return exclude->Complain("give 'columns' or 'exclude' of a view, not both");
      }
    }
    MP_RETURN_IF_ERROR(view.Finish());
    const auto same = std::ranges::count(model.views, entry.view, &ViewColumns::view);
    if (same > 1) return item.Complain(fmt::format("view '{}' stands here twice", entry.view));
  }
  if (auto request = reader.Find("request")) {
    MP_ASSIGN_OR_RETURN(model.request, ReadNames(*request));
  }
  if (model.views.empty()) return views.Complain("want at least one feature view");
  return reader.Finish();
}

Status ReadSplit(const YamlNode& node, SplitDefinition& split) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  for (SplitName name : kSplitNames) {
    MP_ASSIGN_OR_RETURN(auto part, reader.Require(std::string(ToString(name))));
    MP_ASSIGN_OR_RETURN(split.parts[static_cast<int>(name)], ReadSplitPart(part));
    if (name == SplitName::kTrain) continue;
    const SplitPart& before = split.parts[static_cast<int>(name) - 1];
    const bool later = before.to ? split.part(name).first() >= *before.to
                                 : split.part(name).first() > before.last();
    if (!later) {
      return part.Complain(
          fmt::format("'{}' must be later than the part before it: {} is not "
                      "after {}",
                      ToString(name), FormatTimestamp(split.part(name).first()),
                      FormatTimestamp(before.last())));
    }
  }
  MP_ASSIGN_OR_RETURN(split.purge, reader.Bool("purge", false));
  if (auto embargo = reader.Find("embargo")) {
    MP_ASSIGN_OR_RETURN(split.embargo, ReadDuration(*embargo));
  }
  return reader.Finish();
}

Status ReadLearner(const YamlNode& node, ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto kind, reader.Require("kind"));
  MP_ASSIGN_OR_RETURN(model.learner, kind.AsString());
  if (model.learner != "xgboost" && model.learner != "logistic") {
    return kind.Complain(
        fmt::format("there are the learners 'xgboost' and 'logistic', not '{}'", model.learner));
  }
  model.params = Json::object();
  if (auto params = reader.Find("params")) {
    if (!params->IsMapping()) return params->Complain("want a mapping (name: value)");
    MP_ASSIGN_OR_RETURN(model.params, ReadJson(*params));
    MP_ASSIGN_OR_RETURN(auto entries, params->AsMapping());
    for (const auto& [key, value] : entries) {
      if (const auto why = WhyNotAParameter(key); !why.empty()) {
        return value.Complain(fmt::format("'{}' is not a parameter here: {}", key, why));
      }
    }
    MP_ASSIGN_OR_RETURN(auto known, MappingReader::Open(*params));
    for (const auto name : LearnerParameters(model.learner)) known.Find(std::string(name));
    MP_RETURN_IF_ERROR(known.Finish());
    model.places["learner.params"] = params->Where();
  }
  return reader.Finish();
}

Status ReadImbalance(const YamlNode& node, ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(model.keep_negatives, reader.Double("downsample_negatives", 1));
  if (!(model.keep_negatives > 0 && model.keep_negatives <= 1)) {
    return node.Complain("downsample_negatives is the share kept: more than 0, at most 1");
  }
  return reader.Finish();
}

Status ReadCalibration(const YamlNode& node, ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto candidates, reader.Require("candidates"));
  MP_ASSIGN_OR_RETURN(model.calibration, ReadNames(candidates));
  for (const auto& kind : model.calibration) {
    if (kind == "none" || kind == "isotonic" || kind == "platt") continue;
    return candidates.Complain(
        fmt::format("there are the calibrations none, platt and isotonic, not '{}'", kind));
  }
  if (model.calibration.empty()) return candidates.Complain("want at least one");
  return reader.Finish();
}

Status ReadMetrics(const YamlNode& node, ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  if (auto list = reader.Find("precision_at")) {
    MP_ASSIGN_OR_RETURN(auto items, list->AsList());
    model.precision_at.clear();
    for (const auto& item : items) {
      MP_ASSIGN_OR_RETURN(model.precision_at.emplace_back(), ReadTopK(item));
    }
  }
  MP_ASSIGN_OR_RETURN(auto replicates, reader.Int("bootstrap", model.bootstrap));
  if (replicates < 20 || replicates > 100'000) {
    return node.Complain("bootstrap: want 20 to 100000 resamples");
  }
  model.bootstrap = static_cast<int>(replicates);
  if (auto cluster = reader.Find("cluster")) {
    MP_ASSIGN_OR_RETURN(model.cluster, ReadNames(*cluster));
  }
  return reader.Finish();
}

Status ReadBaselines(const YamlNode& node, ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto entries, node.AsMapping());
  for (const auto& [name, child] : entries) {
    if (name == "model" || name == "logistic" || name == "prevalence") {
      return child.Complain(fmt::format("baseline '{}' is always there; name another", name));
    }
    MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(child));
    SingleColumnBaseline& baseline = model.baselines[name];
    MP_ASSIGN_OR_RETURN(auto column, reader.Require("column"));
    MP_ASSIGN_OR_RETURN(baseline.column, column.AsString());
    model.places["baselines." + name] = column.Where();
    if (auto direction = reader.Find("direction")) {
      MP_ASSIGN_OR_RETURN(auto text, direction->AsString());
      if (text != "higher" && text != "lower") {
        return direction->Complain("want 'higher' or 'lower' (is more likely positive)");
      }
      baseline.higher_is_positive = text == "higher";
    }
    MP_RETURN_IF_ERROR(reader.Finish());
  }
  return OkStatus();
}

Status ReadAction(const YamlNode& node, ActionDefinition& action) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(action.campaign, reader.String("campaign", ""));
  MP_ASSIGN_OR_RETURN(action.capacity, reader.Int("capacity", 0));
  MP_ASSIGN_OR_RETURN(action.holdout, reader.Double("holdout", action.holdout));
  MP_ASSIGN_OR_RETURN(action.value, reader.Double("value", 0));
  MP_ASSIGN_OR_RETURN(action.cost, reader.Double("cost", 0));
  for (const auto& [key, number] :
       {std::pair("value", action.value), std::pair("cost", action.cost)}) {
    if (std::isfinite(number) && number >= 0) continue;
    return reader.Find(key)->Complain(fmt::format("{}: want a number, at least 0", key));
  }
  if (action.capacity < 0) return node.Complain("capacity: want a number of rows, at least 0");
  if (!(action.holdout >= 0 && action.holdout < 1)) {
    return node.Complain("holdout is a share: at least 0, less than 1");
  }
  return reader.Finish();
}

Status ReadLeakCheck(const YamlNode& node, LeakCheckDefinition& check) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(check.accept_restate, reader.Strings("accept_restate"));
  MP_ASSIGN_OR_RETURN(check.warn_average_precision,
                      reader.Double("warn_average_precision", check.warn_average_precision));
  if (!(check.warn_average_precision >= 0)) {
    return node.Complain("warn_average_precision: want a number, at least 0");
  }
  MP_ASSIGN_OR_RETURN(auto moments, reader.Int("moments", check.moments));
  if (moments < 1 || moments > 10'000) return node.Complain("moments: want 1 to 10000");
  check.moments = static_cast<int>(moments);
  return reader.Finish();
}

// A table to write; `path` names the key in messages. An empty text says: none, where one may.
Status ReadTable(MappingReader& reader, const std::string& key, const std::string& path,
                 ModelDefinition& model, std::string& table) {
  auto node = reader.Find(key);
  if (!node) return OkStatus();
  MP_ASSIGN_OR_RETURN(table, node->AsString());
  model.places[path] = node->Where();
  if (table.empty() && path == "score.work_list") return OkStatus();
  auto name = data::ParseTableName(table);
  if (!name) return node->Complain(fmt::format("{}: {}", path, name.error().message()));
  return OkStatus();
}

Status ReadScore(const YamlNode& node, ModelDefinition& model) {
  ScoreDefinition& score = model.score;
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  if (auto as_of = reader.Find("as_of")) {
    MP_ASSIGN_OR_RETURN(auto text, as_of->AsString());
    score.today = text == "today";
    if (text != "clock" && !score.today) {
      MP_ASSIGN_OR_RETURN(score.as_of, ReadMoment(*as_of));
    }
  }
  if (auto candidates = reader.Find("candidates")) {
    MP_ASSIGN_OR_RETURN(score.candidates, ReadSql(*candidates, model.file));
  }
  MP_RETURN_IF_ERROR(ReadTable(reader, "table", "score.table", model, score.table));
  MP_RETURN_IF_ERROR(ReadTable(reader, "work_list", "score.work_list", model, score.work_list));
  return reader.Finish();
}

// The parts that may be absent.
Status ReadOptionalParts(MappingReader& reader, ModelDefinition& model) {
  if (auto node = reader.Find("imbalance")) MP_RETURN_IF_ERROR(ReadImbalance(*node, model));
  if (auto node = reader.Find("calibration")) MP_RETURN_IF_ERROR(ReadCalibration(*node, model));
  if (auto node = reader.Find("metrics")) MP_RETURN_IF_ERROR(ReadMetrics(*node, model));
  if (auto node = reader.Find("baselines")) MP_RETURN_IF_ERROR(ReadBaselines(*node, model));
  if (auto node = reader.Find("action")) MP_RETURN_IF_ERROR(ReadAction(*node, model.action));
  if (auto node = reader.Find("leak_check")) {
    MP_RETURN_IF_ERROR(ReadLeakCheck(*node, model.leak_check));
    for (const auto& name : model.leak_check.accept_restate) {
      if (std::ranges::find(model.views, name, &ViewColumns::view) != model.views.end()) continue;
      return node->Complain(fmt::format("accept_restate: '{}' is no view of this model", name));
    }
  }
  if (auto node = reader.Find("score")) MP_RETURN_IF_ERROR(ReadScore(*node, model));
  model.serve.table = InferenceTableFor(model);
  if (auto node = reader.Find("serve")) {
    MP_RETURN_IF_ERROR(ReadServe(*node, model.name, model.serve));
  }
  return OkStatus();
}

void FillDefaults(ModelDefinition& model) {
  model.precision_at = {{0.01, true}, {0.05, true}, {0.10, true}};
  model.score.table = "main.default." + model.name + "_scores";
  model.score.work_list = "main.default." + model.name + "_work_list";
  model.training_set = "main.default." + model.name + "_training_set";
}

}  // namespace

bool ViewColumns::Takes(const std::string& column) const {
  const auto& list = columns.empty() ? exclude : columns;
  return (std::ranges::find(list, column) == list.end()) == columns.empty();
}

bool SplitPart::Contains(Micros t) const {
  if (from) return t >= *from && t < *to;
  return std::ranges::binary_search(moments, t);
}

Micros SplitPart::first() const {
  return from ? *from : moments.front();
}

Micros SplitPart::last() const {
  return to ? *to : moments.back();
}

const std::string& ModelDefinition::PlaceOf(const std::string& key) const {
  const auto found = places.find(key);
  return found == places.end() ? file : found->second;
}

std::string_view ToString(SplitName name) {
  switch (name) {
    case SplitName::kTrain:
      return "train";
    case SplitName::kCalibrate:
      return "calibrate";
    case SplitName::kTest:
      return "test";
  }
  return "?";
}

Result<ModelDefinition> ParseModelDefinition(const std::string& text, const std::string& file) {
  MP_ASSIGN_OR_RETURN(auto root, YamlNode::Parse(text, file));
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(root));
  // A misspelt key is told as such, before the key that it should have been is missed.
  for (const char* key : kKeys) reader.Find(key);
  MP_RETURN_IF_ERROR(reader.Finish());
  ModelDefinition model;
  model.file = file;
  model.text = text;
  MP_ASSIGN_OR_RETURN(auto name, reader.Require("name"));
  MP_ASSIGN_OR_RETURN(model.name, name.AsString());
  const std::string stem(FileName(file).substr(0, FileName(file).rfind('.')));
  if (model.name.empty()) {
    return name.Complain(fmt::format("the model has no name; write name: {}", stem));
  }
  if (model.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos) {
    return name.Complain("a model's name has lower-case letters, digits and '_' only");
  }
  if (stem != model.name) {
    return name.Complain(
        fmt::format("the file of model '{}' must be named {}.yml", model.name, model.name));
  }
  FillDefaults(model);
  MP_ASSIGN_OR_RETURN(model.description, reader.String("description", ""));
  MP_ASSIGN_OR_RETURN(auto label, reader.Require("label"));
  MP_RETURN_IF_ERROR(ReadLabel(label, file, model.label));
  model.cluster = model.label.entity;
  MP_ASSIGN_OR_RETURN(auto features, reader.Require("features"));
  MP_RETURN_IF_ERROR(ReadFeatures(features, model));
  MP_ASSIGN_OR_RETURN(auto split, reader.Require("split"));
  MP_RETURN_IF_ERROR(ReadSplit(split, model.split));
  MP_ASSIGN_OR_RETURN(auto learner, reader.Require("learner"));
  MP_RETURN_IF_ERROR(ReadLearner(learner, model));
  MP_ASSIGN_OR_RETURN(auto seed, reader.Int("seed", 0));
  model.seed = static_cast<uint64_t>(seed);
  MP_RETURN_IF_ERROR(ReadTable(reader, "training_set", "training_set", model, model.training_set));
  MP_RETURN_IF_ERROR(ReadOptionalParts(reader, model));
  return model;
}

Result<std::vector<ModelDefinition>> LoadModelDefinitions(FileSystem& fs, const std::string& dir) {
  std::vector<ModelDefinition> models;
  auto listed = fs.List(dir);
  if (!listed && listed.error().kind() == ErrorKind::kNotFound) return models;
  if (!listed) return std::unexpected<Error>(std::move(listed).error());
  for (const auto& entry : *listed) {
    const bool yaml = entry.path.ends_with(".yml") || entry.path.ends_with(".yaml");
    if (!yaml) continue;
    if (entry.is_directory) {
      return Fail(
          ErrorKind::kInvalidArgument,
          "{} is a folder, and a model is a file: give the folder another name, or move its "
          "files to {}",
          entry.path, dir);
    }
    MP_ASSIGN_OR_RETURN(auto text, fs.ReadFile(entry.path));
    MP_ASSIGN_OR_RETURN(auto model, ParseModelDefinition(text, entry.path));
    for (const auto& other : models) {
      if (other.name == model.name) {
        return Fail(ErrorKind::kInvalidArgument, "model '{}' is defined in {} and in {}",
                    model.name, other.file, model.file);
      }
    }
    models.push_back(std::move(model));
  }
  return models;
}

}  // namespace millpond::model
