// Intervals that know that rows of one customer belong together: entities are drawn with
// replacement, a drawn entity brings all its rows, every prediction is measured on the same draws.
// So a difference between two models is paired, and its interval is far tighter than the two apart.
//
// Exact and quick: rows are sorted once per prediction, a replicate is a multiplicity per entity
// and one pass over the sorted rows. Replicate r depends on (seed, r) alone: any number of threads
// gives the same numbers. Intervals are percentiles (linear between order statistics) of the
// replicates in which the metric is defined.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task_pool.h"

namespace millpond::model {

struct Prediction {
  std::string name;
  std::span<const double> margins;        // for ranking metrics
  std::span<const double> probabilities;  // for log loss and Brier; may be empty: NaN there
};

enum class MetricKind {
  kAveragePrecision,
  kRocAuc,
  kPrecisionAtK,
  kRecallAtK,
  kLiftAtK,
  kLogLoss,
  kBrier,
};

struct Metric {
  MetricKind kind;
  double k = 0;  // at-k metrics: rows chosen; a replicate of m rows in place of n cuts at k·m/n
  std::string name() const;  // "average_precision", "precision_at_500", …
};

struct Interval {
  double value = 0;  // on the data as they are
  double low = 0;
  double high = 0;
  int replicates = 0;  // in how many the metric was defined
};

struct BootstrapOptions {
  int replicates = 1000;
  uint64_t seed = 1;
  double level = 0.95;
  TaskPool* pool = nullptr;
};

class BootstrapResult {
 public:
  Interval value(size_t prediction, size_t metric) const;
  Interval difference(size_t prediction, size_t other, size_t metric) const;  // first − other

 private:
  friend Result<BootstrapResult> ClusteredBootstrap(std::span<const float>,
                                                    std::span<const uint64_t>,
                                                    std::span<const Prediction>,
                                                    std::span<const Metric>,
                                                    const BootstrapOptions&);
  Interval Summarise(double value, std::vector<double> replicates) const;

  size_t metrics_ = 0;
  double level_ = 0.95;
  std::vector<double> values_;                   // [prediction · metrics_ + metric]
  std::vector<std::vector<double>> replicates_;  // the same index, one number a replicate
};

// entities: one id a row (any numbers). Predictions and metrics are addressed by their position.
Result<BootstrapResult> ClusteredBootstrap(std::span<const float> labels,
                                           std::span<const uint64_t> entities,
                                           std::span<const Prediction> predictions,
                                           std::span<const Metric> metrics,
                                           const BootstrapOptions& options);

}  // namespace millpond::model
