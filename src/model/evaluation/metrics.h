// How good a ranking or a probability is, from scores and 0/1 labels. Higher score = more likely 1.
// Rows of equal score are never ordered by accident: ranking metrics treat them as one group, and
// at-k metrics give the expected value over a random order within the group that k cuts.
//
// Spans of unequal length, no rows, a label that is not 0 or 1 and a NaN score are refused by
// CheckEvaluation (kInvalidArgument, naming the row); the functions take what it has accepted.
// Where there is no positive (or no negative) a metric that divides by their number is NaN.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace millpond::model {

Status CheckEvaluation(std::span<const double> scores, std::span<const float> labels);

// Σ over groups of equal score, best first, of (recall gained) · (precision so far). No
// interpolation: equals scikit-learn's average_precision_score.
double AveragePrecision(std::span<const double> scores, std::span<const float> labels);
// Probability that a random positive scores above a random negative, ties half.
double RocAuc(std::span<const double> scores, std::span<const float> labels);

struct AtK {
  double k = 0;          // rows chosen (all rows if k is larger)
  double precision = 0;  // expected share of positives among the k best
  double recall = 0;     // expected share of all positives that are among them
  double lift = 0;       // precision / prevalence
};
AtK MetricsAtK(std::span<const double> scores, std::span<const float> labels, double k);

// Mean negative log likelihood; probabilities are kept within [1e-15, 1 − 1e-15].
double LogLoss(std::span<const double> probabilities, std::span<const float> labels);
double BrierScore(std::span<const double> probabilities, std::span<const float> labels);
// What one row adds to the sums of the two.
double RowLogLoss(double probability, float label);
double RowBrier(double probability, float label);

// What a 0.5 threshold does: for rare positives usually nothing, with a fine accuracy.
struct Confusion {
  size_t true_positives = 0;
  size_t false_positives = 0;
  size_t true_negatives = 0;
  size_t false_negatives = 0;
  double accuracy() const;
  double precision() const;  // NaN if nothing is predicted positive
  double recall() const;
};
Confusion ConfusionAt(std::span<const double> probabilities, std::span<const float> labels,
                      double threshold = 0.5);

}  // namespace millpond::model
