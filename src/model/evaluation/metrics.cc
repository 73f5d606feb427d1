#include "model/evaluation/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/evaluation/ranking_internal.h"

namespace millpond::model {

Status CheckEvaluation(std::span<const double> scores, std::span<const float> labels) {
  if (scores.empty() || scores.size() != labels.size()) {
    return Fail(ErrorKind::kInvalidArgument,
                "an evaluation needs one label a score and at least one row; there are {} scores "
                "and {} labels",
                scores.size(), labels.size());
  }
  if (scores.size() > std::numeric_limits<uint32_t>::max()) {
    return Fail(ErrorKind::kInvalidArgument, "an evaluation takes at most 4294967295 rows, not {}",
                scores.size());
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) {
      return Fail(ErrorKind::kInvalidArgument, "the score of row {} is NaN", i);
    }
    if (labels[i] != 0.0F && labels[i] != 1.0F) {
      return Fail(ErrorKind::kInvalidArgument, "the label of row {} is {}, not 0 or 1", i,
                  labels[i]);
    }
  }
  return OkStatus();
}

double AveragePrecision(std::span<const double> scores, std::span<const float> labels) {
  return CumulativeCounts(Ranking(scores), labels).AveragePrecision();
}

double RocAuc(std::span<const double> scores, std::span<const float> labels) {
  return CumulativeCounts(Ranking(scores), labels).RocAuc();
}

AtK MetricsAtK(std::span<const double> scores, std::span<const float> labels, double k) {
  return CumulativeCounts(Ranking(scores), labels).MetricsAtK(k);
}

double LogLoss(std::span<const double> probabilities, std::span<const float> labels) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) sum += RowLogLoss(probabilities[i], labels[i]);
  return sum / static_cast<double>(labels.size());
}

double BrierScore(std::span<const double> probabilities, std::span<const float> labels) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) sum += RowBrier(probabilities[i], labels[i]);
  return sum / static_cast<double>(labels.size());
}

double RowLogLoss(double probability, float label) {
  double p = std::clamp(probability, 1e-15, 1 - 1e-15);
  return label == 1.0F ? -std::log(p) : -std::log1p(-p);
}

double RowBrier(double probability, float label) {
  double distance = probability - static_cast<double>(label);
  return distance * distance;
}

Confusion ConfusionAt(std::span<const double> probabilities, std::span<const float> labels,
                      double threshold) {
  Confusion c;
  for (size_t i = 0; i < labels.size(); ++i) {
    bool chosen = probabilities[i] >= threshold;
    bool positive = labels[i] == 1.0F;
    size_t& cell = chosen ? (positive ? c.true_positives : c.false_positives)
                          : (positive ? c.false_negatives : c.true_negatives);
    ++cell;
  }
  return c;
}

double Confusion::accuracy() const {
  return static_cast<double>(true_positives + true_negatives) /
         static_cast<double>(true_positives + false_positives + true_negatives + false_negatives);
}

double Confusion::precision() const {
  return static_cast<double>(true_positives) /
         static_cast<double>(true_positives + false_positives);
}

double Confusion::recall() const {
  return static_cast<double>(true_positives) /
         static_cast<double>(true_positives + false_negatives);
}

}  // namespace millpond::model
