#include "model/monitoring/monitor_definition.h"

#include <algorithm>

#include "base/nearest_name.h"
#include "base/yaml.h"
#include "model/training/definition_values.h"

namespace millpond::model {
namespace {

Status ReadCohort(const YamlNode& node, const std::string& file, CohortDefinition& cohort) {
  if (node.IsScalar()) {
    MP_ASSIGN_OR_RETURN(cohort.by, node.AsString());
    return OkStatus();
  }
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(cohort.by, reader.RequireString("by"));
  if (auto sql = reader.Find("sql")) {
    MP_ASSIGN_OR_RETURN(cohort.sql, ReadSql(*sql, file));
    MP_ASSIGN_OR_RETURN(bool has_as_of, HasAsOf(*cohort.sql));
    if (has_as_of) {
      return sql->Complain(
          "cohort.sql gives attributes of the entity; what depends on T belongs into cohort.by");
    }
  }
  return reader.Finish();
}

Status ReadThresholds(MappingReader& reader, const std::string& key, Thresholds& thresholds) {
  auto node = reader.Find(key);
  if (!node) return OkStatus();
  MP_ASSIGN_OR_RETURN(auto pair, MappingReader::Open(*node));
  MP_ASSIGN_OR_RETURN(thresholds.high, pair.Double("alert", thresholds.high));
  const double low = std::min(thresholds.low, thresholds.high);
  MP_ASSIGN_OR_RETURN(thresholds.low, pair.Double("clear", low));
  MP_RETURN_IF_ERROR(pair.Finish());
  if (thresholds.low <= thresholds.high && thresholds.high > 0) return OkStatus();
  return node->Complain(fmt::format("want 0 < alert and clear <= alert, found alert {}, clear {}",
                                    thresholds.high, thresholds.low));
}

Status ReadAllThresholds(const YamlNode& node, MonitorDefinition& monitor) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  if (monitor.watches_expectations()) {
    MP_RETURN_IF_ERROR(ReadThresholds(reader, "expectation_jump", monitor.expectation_jump));
  } else {
    MP_RETURN_IF_ERROR(ReadThresholds(reader, "psi", monitor.psi));
    MP_RETURN_IF_ERROR(
        ReadThresholds(reader, "average_precision_drop", monitor.average_precision_drop));
    MP_RETURN_IF_ERROR(ReadThresholds(reader, "calibration_gap", monitor.calibration_gap));
  }
  return reader.Finish();
}

Status ReadHysteresis(const YamlNode& node, Hysteresis& hysteresis) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto fire, reader.Int("fire_after", hysteresis.fire_after));
  MP_ASSIGN_OR_RETURN(auto clear, reader.Int("clear_after", hysteresis.clear_after));
  if (fire < 1 || clear < 1 || fire > 1000 || clear > 1000) {
    return node.Complain("fire_after and clear_after are numbers of periods, 1 to 1000");
  }
  hysteresis = {static_cast<int>(fire), static_cast<int>(clear)};
  return reader.Finish();
}

Status ReadWebhook(const YamlNode& node, MonitorDefinition& monitor) {
  if (node.IsScalar()) {
    return node.Complain(
        "a webhook's address is a secret: write {env: NAME} or {file: PATH}, and the address "
        "there");
  }
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  WebhookReference& webhook = monitor.webhook.emplace();
  MP_ASSIGN_OR_RETURN(webhook.environment_variable, reader.String("env", ""));
  MP_ASSIGN_OR_RETURN(webhook.file, reader.String("file", ""));
  MP_RETURN_IF_ERROR(reader.Finish());
  if (webhook.environment_variable.empty() != webhook.file.empty()) return OkStatus();
  return node.Complain("want one of env: NAME and file: PATH");
}

Status ReadReplay(const YamlNode& node, MonitorDefinition& monitor) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_ASSIGN_OR_RETURN(auto from, reader.Require("from"));
  MP_ASSIGN_OR_RETURN(monitor.replay_from, ReadMoment(from));
  if (auto sql = reader.Find("sql")) {
    MP_ASSIGN_OR_RETURN(monitor.replay_sql, ReadSql(*sql, monitor.file));
  }
  return reader.Finish();
}

Status ReadReference(const YamlNode& node, MonitorDefinition& monitor) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  monitor.reference = std::nullopt;
  if (text == "all") return OkStatus();
  for (SplitName part : kSplitNames) {
    if (text == ToString(part)) monitor.reference = part;
  }
  if (monitor.reference) return OkStatus();
  return node.Complain(fmt::format(
      "the reference is a part of the training set: train, calibrate, test or all, not '{}'",
      text));
}

Status ReadModelParts(MappingReader& reader, MonitorDefinition& monitor) {
  if (auto node = reader.Find("features")) {
    MP_ASSIGN_OR_RETURN(monitor.features, ReadNames(*node));
  }
  if (auto node = reader.Find("cohort")) {
    MP_RETURN_IF_ERROR(ReadCohort(*node, monitor.file, monitor.cohort));
  }
  if (auto node = reader.Find("reference")) MP_RETURN_IF_ERROR(ReadReference(*node, monitor));
  if (auto node = reader.Find("replay")) MP_RETURN_IF_ERROR(ReadReplay(*node, monitor));
  MP_ASSIGN_OR_RETURN(monitor.minimum_rows, reader.Int("minimum_rows", monitor.minimum_rows));
  MP_ASSIGN_OR_RETURN(auto replicates, reader.Int("bootstrap", monitor.bootstrap));
  if (replicates < 20 || replicates > 100'000 || monitor.minimum_rows < 1) {
    auto node = reader.Find(replicates < 20 || replicates > 100'000 ? "bootstrap" : "minimum_rows");
    return node->Complain("want minimum_rows >= 1 and 20 to 100000 resamples in bootstrap");
  }
  monitor.bootstrap = static_cast<int>(replicates);
  return OkStatus();
}

}  // namespace

Result<MonitorDefinition> ParseMonitorDefinition(const std::string& text, const std::string& file) {
  MP_ASSIGN_OR_RETURN(auto root, YamlNode::Parse(text, file));
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(root));
  MonitorDefinition monitor;
  monitor.file = file;
  monitor.name = FileName(file).substr(0, FileName(file).rfind('.'));
  const bool expectations = monitor.name == kExpectationsMonitor;
  std::vector<std::string> keys = {"period", "thresholds", "hysteresis", "webhook"};
  if (!expectations) {
    keys.insert(keys.end(), {"model", "features", "cohort", "reference", "replay", "minimum_rows",
                             "bootstrap"});
  }
  // A misspelt key is told as such, before the key that it should have been is missed.
  for (const auto& key : keys) reader.Find(key);
  MP_RETURN_IF_ERROR(reader.Finish());
  if (!expectations) {
    MP_ASSIGN_OR_RETURN(monitor.model, reader.String("model", monitor.name));
    MP_RETURN_IF_ERROR(ReadModelParts(reader, monitor));
  }
  if (auto node = reader.Find("period")) {
    MP_ASSIGN_OR_RETURN(auto name, node->AsString());
    auto period = ParsePeriodKind(name);
    if (!period) return node->Complain(period.error().message());
    monitor.period = *period;
  }
  if (auto node = reader.Find("thresholds")) MP_RETURN_IF_ERROR(ReadAllThresholds(*node, monitor));
  if (auto node = reader.Find("hysteresis")) {
    MP_RETURN_IF_ERROR(ReadHysteresis(*node, monitor.hysteresis));
  }
  if (auto node = reader.Find("webhook")) MP_RETURN_IF_ERROR(ReadWebhook(*node, monitor));
  return monitor;
}

Result<std::vector<MonitorDefinition>> LoadMonitorDefinitions(
    FileSystem& fs, const std::string& dir, const std::vector<ModelDefinition>& models) {
  std::vector<MonitorDefinition> monitors;
  auto listing = fs.List(dir);
  if (!listing && listing.error().kind() != ErrorKind::kNotFound) {
    return std::unexpected<Error>(listing.error());
  }
  std::vector<std::string> known;
  for (const auto& model : models) known.push_back(model.name);
  for (const auto& entry : listing ? *listing : std::vector<FileInfo>()) {
    if (!entry.path.ends_with(".yml") && !entry.path.ends_with(".yaml")) continue;
    MP_ASSIGN_OR_RETURN(auto text, fs.ReadFile(entry.path));
    const std::string file = "monitors/" + std::string(FileName(entry.path));
    MP_ASSIGN_OR_RETURN(auto monitor, ParseMonitorDefinition(text, file));
    if (!monitor.watches_expectations() && std::ranges::find(known, monitor.model) == known.end()) {
      const std::string near = NearestName(monitor.model, known);
      return Fail(ErrorKind::kInvalidArgument, "{}: there is no models/{}.yml to watch{}", file,
                  monitor.model,
                  near.empty() ? fmt::format("; there is {}", fmt::join(known, ", "))
                               : fmt::format("; did you mean '{}'?", near));
    }
    monitors.push_back(std::move(monitor));
  }
  for (const auto& model : models) {
    if (std::ranges::find(monitors, model.name, &MonitorDefinition::model) != monitors.end()) {
      continue;
    }
    monitors.push_back({.name = model.name, .model = model.name});
  }
  if (std::ranges::find(monitors, kExpectationsMonitor, &MonitorDefinition::name) ==
      monitors.end()) {
    monitors.push_back({.name = std::string(kExpectationsMonitor)});
  }
  std::ranges::sort(monitors, {}, &MonitorDefinition::name);
  return monitors;
}

}  // namespace millpond::model
