// How good the answers of one period were, once their labels are known: average precision with its
// clustered bootstrap interval beside the evaluation's, and calibration.
//
//   average_precision_drop  (evaluation_low - average_precision) / evaluation_low: how much is
//                           missing to the lower end of what the evaluation promised, as a share
//   calibration_gap         mean label - mean probability. Its interval is ± 1.96 standard errors
//                           with rows of one cluster taken together:
//                           se = sqrt(Σ over clusters of (Σ over its rows of (gap_i - gap))²) / n
//   calibration_error       ECE over ten bins of equal mass (evaluation/curves.h)
//
// Rows are put in the order of their keys first: the numbers do not depend on how they were read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task_pool.h"
#include "model/evaluation/bootstrap.h"
#include "model/monitoring/monitoring_rows.h"

namespace millpond::model {

struct JudgedRow {
  std::string key;      // of entity and T
  std::string cluster;  // rows of one cluster belong together
  double margin = 0;
  double probability = 0;
  float label = 0;
};

struct QualityOptions {
  int bootstrap = 200;
  uint64_t seed = 0;
  TaskPool* pool = nullptr;
};

// Fills the columns from labelled_rows on that need labels. Rows without both classes have no
// average precision.
Status JudgeRows(std::vector<JudgedRow> rows, const std::optional<Interval>& evaluation,
                 const QualityOptions& options, QualityRow& quality);

// What an alert goes by: NaN where the period says nothing for certain, which neither fires nor
// clears. `clear` is the threshold under which the alert clears.
//   the drop, if the period's whole interval lies under the evaluation's value, or if it is under
//   `clear`; else NaN
//   the gap's size, if its interval does not hold 0, or if it is under `clear`; else NaN
double SureDrop(const QualityRow& row, double clear);
double SureGap(const QualityRow& row, double clear);

}  // namespace millpond::model
