// What a model has to beat: the prevalence (everybody the same score) and one column alone. The
// third, logistic regression, is a learner (training/logistic_regression.h).
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "model/scoring/matrix.h"

namespace millpond::model {

// One column as a score: its value, or minus its value, whichever ranks better (higher average
// precision) on the training split; a missing value ranks below all others. The margin is in the
// column's own unit: a probability needs a calibration (training/calibration.h).
struct SingleFeatureBaseline {
  size_t column = 0;
  double sign = 1;
  double missing_score = 0;  // finite, below every float32

  static Result<SingleFeatureBaseline> Fit(MatrixView features, std::span<const float> labels,
                                           size_t column);
  std::vector<double> Margins(MatrixView features) const;
};

// Log odds of the training share of positives, the same for each row.
struct PrevalenceBaseline {
  double log_odds = 0;

  static Result<PrevalenceBaseline> Fit(std::span<const float> labels);
  std::vector<double> Margins(size_t rows) const;
};

}  // namespace millpond::model
