// Labels of rows that were scored, as far as they are known: the model's own label SELECT
// (training/label_rows.h), joined to the scored rows by entity and T.
//
// A label SELECT with :as_of is run for each T that is asked for. Answers of an endpoint have a T
// of their own each; they are judged by the label as of the begin of T's day, UTC. A SELECT without
// :as_of is run once, and its T is matched exactly.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/monitoring/monitored_rows.h"

namespace millpond::model {

class MonitoredLabels {
 public:
  // `parts` and `model` must outlive it.
  static Result<MonitoredLabels> Make(const TrainerParts& parts, const ModelDefinition& model);

  // Digest of the versions of the tables that labels are read from; "" if they are not there, which
  // asking for labels then reports.
  std::string Inputs() const;
  // Is T a column of the model's label SELECT?
  bool has_own_moments() const { return !per_moment_; }
  // The T by whose label a row of that T is judged.
  Micros JudgedAt(Micros t, std::string_view population) const;
  // All labels, where has_own_moments(); held and reserved. Columns as LabelRows has them.
  Result<const kernel::Batch*> All();

  // Labels of these moments (ascending) that are known at `now`, by RowKey of entity and judged T.
  Result<std::unordered_map<std::string, float>> Known(std::span<const Micros> moments, Micros now);

 private:
  MonitoredLabels(const TrainerParts& parts, const ModelDefinition& model, bool per_moment,
                  Result<TableVersions> versions)
      : parts_(&parts), model_(&model), per_moment_(per_moment), versions_(std::move(versions)) {}
  Result<kernel::Batch> RowsAt(std::span<const Micros> moments);

  const TrainerParts* parts_;
  const ModelDefinition* model_;
  bool per_moment_;
  Result<TableVersions> versions_;  // of the SELECT's tables, when this was made
  std::optional<kernel::Batch> all_;
  MemoryReservation memory_;  // of all_
};

// The entity's values and T as one text.
std::string RowKey(std::span<const kernel::Column* const> entity, int64_t row, Micros t);
// kInvalidArgument names a column that is not there.
Result<std::vector<const kernel::Column*>> ColumnsOf(const kernel::Batch& batch,
                                                     const std::vector<std::string>& names);

}  // namespace millpond::model
