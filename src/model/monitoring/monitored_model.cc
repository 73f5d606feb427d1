#include "model/monitoring/monitored_model.h"

#include <arrow/record_batch.h>

#include <algorithm>

#include "base/json.h"
#include "base/nearest_name.h"
#include "data/arrow/status.h"
#include "data/delta/rows/scan.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {

using kernel::Batch;
using kernel::Column;

// A run's training set, of which the chosen part is the reference.
struct MonitoredModel::TrainingSetAt {
  std::string table;
  int64_t version = 0;
  std::string part;  // "": all
};

namespace {

Result<Json> RecordOf(const TrainerParts& parts, const platform::ModelVersion& version,
                      std::string_view path) {
  if (version.run_id.empty()) {
    return Fail(ErrorKind::kNotFound,
                "{} v{} was registered without a run, so it has no training set to compare with; "
                "train it with millpond run",
                version.name, version.version);
  }
  MP_ASSIGN_OR_RETURN(auto run, parts.tracking.GetRun(version.run_id));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto text, parts.artifacts.Get(run.info, path),
                              "{} v{} cannot be watched", version.name, version.version);
  return ParseJson(text, fmt::format("{} of run {}", path, version.run_id));
}

std::optional<Interval> AveragePrecisionOf(const Json& evaluation) {
  for (const auto& metric : evaluation.value("metrics", Json::array())) {
    if (metric.value("prediction", "") != "model") continue;
    if (metric.value("metric", "") != "average_precision") continue;
    const auto number = [&](const char* key) {
      return metric.contains(key) && metric[key].is_number() ? metric[key].get<double>() : 0.0;
    };
    return Interval{number("value"), number("low"), number("high"), 0};
  }
  return std::nullopt;
}

Result<std::vector<std::string>> WatchedNames(const MonitorDefinition& monitor,
                                              const ModelFeatures& features) {
  if (monitor.features.empty()) return features.columns;
  for (const auto& name : monitor.features) {
    if (std::ranges::find(features.columns, name) != features.columns.end()) continue;
    const std::string near = NearestName(name, features.columns);
    return Fail(ErrorKind::kInvalidArgument, "{}: features: model {} has no feature '{}'{}",
                monitor.file, monitor.model, name,
                near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  }
  return monitor.features;
}

Result<std::vector<uint8_t>> RowsOfPart(const Batch& rows, const std::string& part) {
  std::vector<uint8_t> chosen(static_cast<size_t>(rows.rows), 1);
  if (part.empty()) return chosen;
  const int at = rows.Find("split");
  if (at < 0) return Fail(ErrorKind::kCorrupt, "the training set has no column 'split'");
  for (int64_t row = 0; row < rows.rows; ++row) {
    chosen[static_cast<size_t>(row)] = rows.columns[static_cast<size_t>(at)].text(row) == part;
  }
  return chosen;
}

}  // namespace

Result<Batch> WithScores(const ScoringModel& model, const Batch& rows) {
  Batch scored = rows;
  MP_ASSIGN_OR_RETURN(auto scores, model.Score(rows, 0));
  for (const auto& [name, values] :
       {std::pair{"margin", &scores.margins}, std::pair{"probability", &scores.probabilities}}) {
    Column column(kernel::kDouble, rows.rows);
    std::ranges::copy(*values, column.mutable_doubles().begin());
    std::ranges::fill(column.mutable_valid(), uint8_t{1});
    scored.names.emplace_back(name);
    scored.columns.push_back(std::move(column));
  }
  return scored;
}

Status MonitoredModel::FitBins(const TrainerParts& parts, const MonitorDefinition& monitor,
                               const TrainingSetAt& training_set) {
  MP_ASSIGN_OR_RETURN(auto names, WatchedNames(monitor, scoring_->features()));
  names.emplace_back(kPredictionColumn);
  MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(training_set.table));
  MP_ASSIGN_OR_RETURN(auto table, parts.catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.AtVersion(training_set.version));
  Environment env = parts.catalog.workspace().env;
  MP_ASSIGN_OR_RETURN(auto reader, data::ScanTable(env, snapshot));
  std::vector<BinFitter> fitters(names.size());
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) break;
    MP_ASSIGN_OR_RETURN(auto plain, platform::ToKernel(*batch));
    MP_ASSIGN_OR_RETURN(auto rows, WithScores(*scoring_, plain));
    MP_ASSIGN_OR_RETURN(auto chosen, RowsOfPart(rows, training_set.part));
    MP_RETURN_IF_ERROR(env.pool.ParallelFor(names.size(), [&](size_t i) -> Status {
      const int at = rows.Find(names[i]);
      if (at < 0) {
        return Fail(ErrorKind::kCorrupt, "training set {} has no column '{}'", training_set.table,
                    names[i]);
      }
      return fitters[i].Add(rows.columns[static_cast<size_t>(at)], chosen);
    }));
  }
  columns_.resize(names.size());
  return env.pool.ParallelFor(names.size(), [&](size_t i) -> Status {
    columns_[i] = {names[i], std::move(fitters[i]).Fit()};
    return OkStatus();
  });
}

Status MonitoredModel::CountReference(const TrainerParts& parts, const ModelDefinition& model,
                                      const MonitorDefinition& monitor,
                                      const TrainingSetAt& training_set) {
  reference_ = std::make_unique<DriftCounts>(columns_);
  std::string sql =
      fmt::format("SELECT * FROM {} VERSION AS OF {}", training_set.table, training_set.version);
  if (!training_set.part.empty()) sql += fmt::format(" WHERE split = '{}'", training_set.part);
  TaskPool& pool = parts.catalog.workspace().env.pool;
  return ReadMonitoredRows(parts, model, monitor, sql, nullptr, [&](const Batch& plain) -> Status {
    MP_ASSIGN_OR_RETURN(auto rows, WithScores(*scoring_, plain));
    return reference_->Add(rows, pool);
  });
}

Result<std::unique_ptr<MonitoredModel>> MonitoredModel::Load(
    const TrainerParts& parts, const ModelDefinition& model, const MonitorDefinition& monitor,
    const platform::ModelVersion& version) {
  std::unique_ptr<MonitoredModel> loaded(new MonitoredModel());
  loaded->version_ = version.version;
  MP_ASSIGN_OR_RETURN(auto record, RecordOf(parts, version, kRunRecordPath));
  MP_ASSIGN_OR_RETURN(auto evaluation, RecordOf(parts, version, kEvaluationPath));
  loaded->evaluation_ = AveragePrecisionOf(evaluation);
  MP_ASSIGN_OR_RETURN(loaded->scoring_,
                      ScoringModel::Open(parts.catalog.workspace().env.fs, version.source));
  const Json set = record.value("training_set", Json::object());
  TrainingSetAt training_set{set.value("table", ""), set.value("version", int64_t{0}),
                             monitor.reference ? std::string(ToString(*monitor.reference)) : ""};
  if (training_set.table.empty()) {
    return Fail(ErrorKind::kCorrupt, "run_record.json of {} v{} names no training set",
                version.name, version.version);
  }
  MP_RETURN_IF_ERROR_CONTEXT(loaded->FitBins(parts, monitor, training_set),
                             "while reading the training set of {} v{}", version.name,
                             version.version);
  MP_RETURN_IF_ERROR_CONTEXT(loaded->CountReference(parts, model, monitor, training_set),
                             "while counting the training set of {} v{}", version.name,
                             version.version);
  return loaded;
}

}  // namespace millpond::model
