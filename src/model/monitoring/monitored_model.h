// One version of a model as its monitor sees it: what its evaluation promised, the reference that
// its training set is, and the columns that are watched with their bins.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/evaluation/bootstrap.h"
#include "model/monitoring/drift_counts.h"
#include "model/monitoring/monitored_rows.h"
#include "model/scoring/scoring_model.h"

namespace millpond::model {

// The watched column that is the model's answer.
inline constexpr std::string_view kPredictionColumn = "margin";

class MonitoredModel {
 public:
  // kNotFound: the version has no run of Millpond's, so nobody knows what it was trained on.
  // kInvalidArgument: the monitor watches a feature that the model does not have.
  static Result<std::unique_ptr<MonitoredModel>> Load(const TrainerParts& parts,
                                                      const ModelDefinition& model,
                                                      const MonitorDefinition& monitor,
                                                      const platform::ModelVersion& version);

  int64_t version() const { return version_; }
  const ScoringModel& scoring() const { return *scoring_; }
  // Features, then kPredictionColumn.
  const std::vector<WatchedColumn>& columns() const { return columns_; }
  const DriftCounts& reference() const { return *reference_; }
  // Average precision on the test part, as the evaluation has it.
  const std::optional<Interval>& evaluation() const { return evaluation_; }

 private:
  MonitoredModel() = default;
  struct TrainingSetAt;
  Status FitBins(const TrainerParts& parts, const MonitorDefinition& monitor,
                 const TrainingSetAt& training_set);
  Status CountReference(const TrainerParts& parts, const ModelDefinition& model,
                        const MonitorDefinition& monitor, const TrainingSetAt& training_set);

  int64_t version_ = 0;
  std::shared_ptr<const ScoringModel> scoring_;
  std::vector<WatchedColumn> columns_;
  std::unique_ptr<DriftCounts> reference_;
  std::optional<Interval> evaluation_;
};

// The rows with the columns "margin" and "probability" behind them.
Result<kernel::Batch> WithScores(const ScoringModel& model, const kernel::Batch& rows);

}  // namespace millpond::model
