#include <algorithm>

#include "base/sha256.h"
#include "model/training/run_record_internal.h"
#include "model/training/xgboost_learner.h"

namespace millpond::model {

namespace {

std::string SignatureType(kernel::Type type, bool missing) {
  switch (type.id) {
    case kernel::TypeId::kBigint:
      return missing ? "double" : "long";  // as pandas holds integers with holes
    case kernel::TypeId::kBoolean:
      return missing ? "double" : "boolean";
    case kernel::TypeId::kVarchar:
      return "string";
    default:
      return "double";
  }
}

std::vector<platform::SignatureColumn> SignatureOf(const Examples& examples) {
  std::vector<platform::SignatureColumn> columns;
  const MatrixView rows = examples.part(SplitName::kTrain).features.view();
  for (size_t at = 0; at < examples.columns.size(); ++at) {
    bool missing = false;
    for (size_t row = 0; row < rows.rows && !missing; ++row) {
      missing = rows.row(row)[at] != rows.row(row)[at];
    }
    columns.push_back(
        {examples.columns[at], SignatureType(examples.encoder.columns()[at].type, missing)});
  }
  return columns;
}

// features.json: what a server must have to serve the model.
Json FeaturesDocument(const ModelDefinition& definition, const TrainingInputs& inputs,
                      const ComputedModel& model, const platform::RunInfo& run) {
  Json views = Json::array();
  for (const auto& view : inputs.views) {
    Json columns = Json::array();
    for (const auto& column : view.columns) {
      if (std::ranges::find(inputs.feature_columns, column.name) == inputs.feature_columns.end()) {
        continue;
      }
      columns.push_back({{"name", column.name}, {"type", column.type}, {"hash", column.hash}});
    }
    views.push_back({{"name", view.name},
                     {"version", view.version},
                     {"source", view.source},
                     {"entity", view.entity},
                     {"timestamp", view.timestamp},
                     {"settle_micros", view.settle},
                     {"columns", columns}});
  }
  return {{"format", "millpond.features"},
          {"version", 1},
          {"model", definition.name},
          {"run_id", run.run_id},
          {"entity", definition.label.entity},
          {"time", definition.label.time},
          {"views", views},
          {"request", definition.request},
          {"columns", inputs.feature_columns},
          {"encoder_hash", model.examples.encoder.Hash()}};
}

std::vector<platform::Param> ParamsOf(const ModelDefinition& definition) {
  std::vector<platform::Param> params = {
      {"learner", definition.learner},
      {"seed", std::to_string(definition.seed)},
      {"keep_negatives", fmt::format("{}", definition.keep_negatives)}};
  for (const auto& [key, value] : definition.params.items()) {
    params.push_back(
        {"learner." + key, value.is_string() ? value.get<std::string>() : DumpJson(value)});
  }
  return params;
}

// "average_precision" for the model, "logistic.average_precision" for a baseline.
std::vector<platform::Metric> MetricsOf(const Json& evaluation) {
  std::vector<platform::Metric> metrics;
  for (const Json& entry : evaluation["metrics"]) {
    if (!entry["value"].is_number()) continue;
    const auto prediction = entry["prediction"].get<std::string>();
    const auto metric = entry["metric"].get<std::string>();
    const std::string prefix = prediction == "model" ? "" : prediction + ".";
    metrics.push_back({.key = prefix + metric, .value = entry["value"].get<double>()});
  }
  return metrics;
}

platform::DatasetInput InputOf(const std::string& table, int64_t version,
                               const std::string& context) {
  return {.name = table,
          .digest = fmt::format("v{}", version),
          .source_type = "delta",
          .source = DumpJson(Json{{"table", table}, {"version", version}}),
          .context = context};
}

Json FeatureHashes(const TrainingInputs& inputs) {
  Json hashes = Json::object();
  for (const auto& view : inputs.views) {
    for (const auto& column : view.columns) {
      const auto used = std::ranges::find(inputs.feature_columns, column.name);
      if (used != inputs.feature_columns.end()) hashes[column.name] = column.hash;
    }
  }
  return hashes;
}

}  // namespace

Json RunRecord(const ModelDefinition& definition, const TrainingInputs& inputs,
               const ComputedModel& model, const StoredTrainingSet& stored,
               const std::string& fingerprint) {
  return {{"format", "millpond.run"},
          {"version", 1},
          {"model", definition.name},
          {"definition_sha256", Sha256::Hex(definition.text)},
          {"fingerprint", fingerprint},
          {"now", FormatTimestamp(inputs.now)},
          {"tables", inputs.tables},
          {"features", model.record.ToJson()},
          {"feature_columns", inputs.feature_columns},
          {"feature_hashes", FeatureHashes(inputs)},
          {"split", model.examples.split.ToJson()},
          {"seed", definition.seed},
          {"threads", 1},
          {"libraries", inputs.libraries},
          {"accepted_restatements", model.evaluation["leak_check"]["accepted_restatements"]},
          {"training_set",
           {{"table", stored.table.ToString()},
            {"version", stored.version},
            {"rows", model.record.label_rows}}},
          {"digests", model.digests}};
}

platform::ModelFolder MakeModelFolder(const ModelDefinition& definition,
                                      const TrainingInputs& inputs, const ComputedModel& model,
                                      const platform::RunInfo& run, Micros created) {
  std::string time = FormatTimestamp(created);
  time[10] = ' ';
  time.pop_back();
  return {.run_id = run.run_id,
          .utc_time_created = time,
          .learner = definition.learner,
          .model_bytes = model.fitted.model_bytes,
          .encoder_json = model.encoder_json,
          .calibration_json = model.calibration_json,
          .features_json = FeaturesDocument(definition, inputs, model, run).dump(1) + "\n",
          .inputs = SignatureOf(model.examples),
          .xgboost_version = XgboostLearner::LibraryVersion()};
}

Status LogRun(const TrainerParts& parts, const platform::RunInfo& run,
              const ModelDefinition& definition, const TrainingInputs& inputs,
              const ComputedModel& model, const StoredTrainingSet& stored) {
  std::vector<platform::DatasetInput> datasets = {
      InputOf(stored.table.ToString(), stored.version, "training")};
  for (const auto& [table, version] : inputs.tables) {
    datasets.push_back(InputOf(table, version, "source"));
  }
  MP_RETURN_IF_ERROR(parts.tracking.LogInputs(run.run_id, datasets));
  std::vector<platform::Tag> tags = {{"millpond.model", definition.name},
                                     {"millpond.encoder_hash", model.examples.encoder.Hash()}};
  for (const auto& [name, digest] : model.digests) {
    tags.push_back({"millpond.sha256." + name, digest});
  }
  for (const Json& view : model.evaluation["leak_check"]["accepted_restatements"]) {
    tags.push_back(
        {"millpond.accepted_restatement." + view["view"].get<std::string>(),
         fmt::format("{}: {}", view["source"].get<std::string>(), view["why"].get<std::string>())});
  }
  return parts.tracking.LogBatch(run.run_id, MetricsOf(model.evaluation), ParamsOf(definition),
                                 tags);
}

}  // namespace millpond::model
