#include "model/evaluation/baselines.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/evaluation/metrics.h"

namespace millpond::model {
namespace {

// Scores with the sign applied; missing and NaN at `missing`.
std::vector<double> Signed(MatrixView features, size_t column, double sign, double missing) {
  std::vector<double> scores;
  scores.reserve(features.rows);
  for (size_t i = 0; i < features.rows; ++i) {
    float value = features.row(i)[column];
    scores.push_back(std::isnan(value) ? missing : sign * static_cast<double>(value));
  }
  return scores;
}

}  // namespace

Result<SingleFeatureBaseline> SingleFeatureBaseline::Fit(MatrixView features,
                                                         std::span<const float> labels,
                                                         size_t column) {
  if (column >= features.columns) {
    return Fail(ErrorKind::kInvalidArgument, "a baseline on column {} of {} columns", column,
                features.columns);
  }
  // Finite, so that a calibration can be fitted to it, and below every float32.
  constexpr double kMissing = -2.0 * static_cast<double>(std::numeric_limits<float>::max());
  SingleFeatureBaseline best{column, 1, kMissing};
  double best_precision = -1;
  for (double sign : {1.0, -1.0}) {
    std::vector<double> scores = Signed(features, column, sign, kMissing);
    MP_RETURN_IF_ERROR(CheckEvaluation(scores, labels));
    double precision = AveragePrecision(scores, labels);
    if (precision > best_precision) {
      best_precision = precision;
      best.sign = sign;
    }
  }
  return best;
}

std::vector<double> SingleFeatureBaseline::Margins(MatrixView features) const {
  std::vector<double> scores = Signed(features, column, sign, missing_score);
  // ±inf would leave nothing to interpolate between.
  constexpr double kLargest = std::numeric_limits<float>::max();
  for (double& score : scores) {
    if (std::isinf(score)) score = std::copysign(kLargest, score);
  }
  return scores;
}

Result<PrevalenceBaseline> PrevalenceBaseline::Fit(std::span<const float> labels) {
  auto positives = static_cast<double>(std::count(labels.begin(), labels.end(), 1.0F));
  double negatives = static_cast<double>(labels.size()) - positives;
  if (positives == 0 || negatives == 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "the prevalence of {} rows with {} positives has no log odds", labels.size(),
                positives);
  }
  return PrevalenceBaseline{std::log(positives / negatives)};
}

std::vector<double> PrevalenceBaseline::Margins(size_t rows) const {
  return std::vector<double>(rows, log_odds);
}

}  // namespace millpond::model
