#include "model/evaluation/curves.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/evaluation/ranking_internal.h"

namespace millpond::model {

std::vector<PrecisionRecallPoint> PrecisionRecallCurve(std::span<const double> scores,
                                                       std::span<const float> labels,
                                                       size_t max_points) {
  Ranking ranking(scores);
  CumulativeCounts counts(ranking, labels);
  size_t groups = ranking.group_ends.size();
  size_t points = std::min(groups, std::max<size_t>(max_points, 2));
  std::vector<PrecisionRecallPoint> curve;
  for (size_t i = 0; i < points; ++i) {
    size_t g = points == 1 ? groups - 1 : i * (groups - 1) / (points - 1);
    curve.push_back({scores[ranking.order[ranking.group_ends[g] - 1]],
                     counts.positives[g] / counts.rows[g],
                     counts.positives[g] / counts.all_positives()});
  }
  return curve;
}

std::vector<LiftPoint> LiftCurve(std::span<const double> scores, std::span<const float> labels,
                                 size_t points) {
  CumulativeCounts counts(Ranking(scores), labels);
  std::vector<LiftPoint> curve;
  for (size_t i = 1; i <= points; ++i) {
    double share = static_cast<double>(i) / static_cast<double>(points);
    AtK at = counts.MetricsAtK(share * counts.all());
    curve.push_back({share, at.lift, at.recall});
  }
  return curve;
}

namespace {

// Ends (exclusive) of the bins over rows in ascending order of probability.
std::vector<size_t> BinEnds(std::span<const double> ascending, int bins, Binning binning) {
  std::vector<size_t> ends;
  size_t n = ascending.size();
  auto count = static_cast<size_t>(std::max(bins, 1));
  for (size_t b = 1; b <= count; ++b) {
    size_t end = n;
    if (b < count && binning == Binning::kEqualWidth) {
      double edge = static_cast<double>(b) / static_cast<double>(count);
      end = static_cast<size_t>(std::lower_bound(ascending.begin(), ascending.end(), edge) -
                                ascending.begin());
    } else if (b < count) {
      end = b * n / count;
      while (end > 0 && end < n && ascending[end] == ascending[end - 1]) ++end;
    }
    if (end > (ends.empty() ? 0 : ends.back())) ends.push_back(end);
  }
  return ends;
}

}  // namespace

std::vector<ReliabilityBin> ReliabilityCurve(std::span<const double> probabilities,
                                             std::span<const float> labels, int bins,
                                             Binning binning) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return probabilities[a] != probabilities[b] ? probabilities[a] < probabilities[b] : a < b;
  });
  std::vector<double> ascending;
  for (size_t i : order) ascending.push_back(probabilities[i]);
  std::vector<ReliabilityBin> curve;
  size_t begin = 0;
  for (size_t end : BinEnds(ascending, bins, binning)) {
    double sum = 0;
    double positives = 0;
    for (size_t i = begin; i < end; ++i) {
      sum += ascending[i];
      positives += labels[order[i]] == 1.0F ? 1 : 0;
    }
    auto rows = static_cast<double>(end - begin);
    curve.push_back(
        {end - begin, ascending[begin], ascending[end - 1], sum / rows, positives / rows});
    begin = end;
  }
  return curve;
}

double ExpectedCalibrationError(std::span<const double> probabilities,
                                std::span<const float> labels, int bins, Binning binning) {
  double sum = 0;
  for (const ReliabilityBin& bin : ReliabilityCurve(probabilities, labels, bins, binning)) {
    sum += static_cast<double>(bin.rows) * std::abs(bin.mean_probability - bin.positive_share);
  }
  return sum / static_cast<double>(probabilities.size());
}

}  // namespace millpond::model
