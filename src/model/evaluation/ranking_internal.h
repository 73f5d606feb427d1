// Ranking metrics as functions of two cumulative counts, so that a metric on the data and on a
// bootstrap replicate (rows counted several times or not at all) is the same arithmetic.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/evaluation/metrics.h"

namespace millpond::model {

// Rows by descending score; rows of equal score form one group.
struct Ranking {
  std::vector<uint32_t> order;
  std::vector<uint32_t> group_ends;  // positions in order, exclusive; ascending

  explicit Ranking(std::span<const double> scores);
};

// After each group: rows so far and positives so far. Counts, hence exact in double.
struct CumulativeCounts {
  std::vector<double> rows;
  std::vector<double> positives;

  CumulativeCounts() = default;
  CumulativeCounts(const Ranking& ranking, std::span<const float> labels);

  double all() const { return rows.empty() ? 0 : rows.back(); }
  double all_positives() const { return positives.empty() ? 0 : positives.back(); }

  double AveragePrecision() const;
  double RocAuc() const;
  AtK MetricsAtK(double k) const;
};

}  // namespace millpond::model
