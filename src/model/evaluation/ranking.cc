#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "model/evaluation/ranking_internal.h"

namespace millpond::model {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Ranking::Ranking(std::span<const double> scores) : order(scores.size()) {
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  for (size_t i = 1; i <= order.size(); ++i) {
    if (i == order.size() || scores[order[i]] != scores[order[i - 1]]) {
      group_ends.push_back(static_cast<uint32_t>(i));
    }
  }
}

CumulativeCounts::CumulativeCounts(const Ranking& ranking, std::span<const float> labels) {
  double positive = 0;
  size_t at = 0;
  for (uint32_t end : ranking.group_ends) {
    for (; at < end; ++at) positive += labels[ranking.order[at]] == 1.0F ? 1 : 0;
    rows.push_back(static_cast<double>(end));
    positives.push_back(positive);
  }
}

double CumulativeCounts::AveragePrecision() const {
  if (all_positives() == 0) return kUndefined;
  double sum = 0;
  double before = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    double gained = positives[i] - before;
    if (gained > 0) sum += gained * (positives[i] / rows[i]);
    before = positives[i];
  }
  return sum / all_positives();
}

double CumulativeCounts::RocAuc() const {
  double negatives = all() - all_positives();
  if (all_positives() == 0 || negatives == 0) return kUndefined;
  double pairs = 0;  // positives above each negative, ties half
  double rows_before = 0;
  double positives_before = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    double group_positives = positives[i] - positives_before;
    double group_negatives = rows[i] - rows_before - group_positives;
    pairs += group_negatives * (positives_before + group_positives / 2);
    rows_before = rows[i];
    positives_before = positives[i];
  }
  return pairs / all_positives() / negatives;
}

AtK CumulativeCounts::MetricsAtK(double k) const {
  AtK result;
  result.k = std::min(k, all());
  auto group =
      static_cast<size_t>(std::lower_bound(rows.begin(), rows.end(), result.k) - rows.begin());
  double found = 0;
  if (group < rows.size()) {
    double rows_before = group == 0 ? 0 : rows[group - 1];
    double positives_before = group == 0 ? 0 : positives[group - 1];
    double size = rows[group] - rows_before;
    double share = size > 0 ? (result.k - rows_before) / size : 0;
    found = positives_before + share * (positives[group] - positives_before);
  }
  result.precision = result.k > 0 ? found / result.k : kUndefined;
  result.recall = all_positives() > 0 ? found / all_positives() : kUndefined;
  result.lift = result.precision / (all_positives() / all());
  if (all_positives() == 0) result.lift = kUndefined;
  return result;
}

}  // namespace millpond::model
