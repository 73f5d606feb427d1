#include "model/evaluation/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/random.h"
#include "model/evaluation/metrics.h"
#include "model/evaluation/ranking_internal.h"

namespace millpond::model {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// 0, 1, … by first appearance.
struct DenseEntities {
  std::vector<uint32_t> of_row;
  std::vector<uint32_t> rows;  // of each entity

  explicit DenseEntities(std::span<const uint64_t> ids) {
    std::unordered_map<uint64_t, uint32_t> seen;
    for (uint64_t id : ids) {
      auto [it, fresh] = seen.try_emplace(id, static_cast<uint32_t>(seen.size()));
      if (fresh) rows.push_back(0);
      ++rows[it->second];
      of_row.push_back(it->second);
    }
  }
};

// One prediction, prepared so that a replicate costs a pass over its rows in rank order.
class Measured {
 public:
  Measured(const Prediction& p, std::span<const float> labels, const DenseEntities& entities,
           std::span<const Metric> metrics)
      : metrics_(metrics), rows_(labels.size()) {
    Ranking ranking(p.margins);
    group_ends_ = ranking.group_ends;
    for (uint32_t row : ranking.order) {
      entity_.push_back(entities.of_row[row]);
      positive_.push_back(labels[row] == 1.0F ? 1 : 0);
    }
    if (p.probabilities.empty()) return;
    log_loss_.assign(entities.rows.size(), 0.0);
    brier_.assign(entities.rows.size(), 0.0);
    for (size_t i = 0; i < labels.size(); ++i) {
      log_loss_[entities.of_row[i]] += RowLogLoss(p.probabilities[i], labels[i]);
      brier_[entities.of_row[i]] += RowBrier(p.probabilities[i], labels[i]);
    }
  }

  // multiplicity: how often each entity was drawn. Writes one value a metric.
  void Replicate(std::span<const uint32_t> multiplicity, double* out) const {
    CumulativeCounts counts;
    counts.rows.reserve(group_ends_.size());
    counts.positives.reserve(group_ends_.size());
    uint64_t rows = 0;
    uint64_t positives = 0;
    size_t at = 0;
    for (uint32_t end : group_ends_) {
      for (; at < end; ++at) {
        uint32_t times = multiplicity[entity_[at]];
        rows += times;
        positives += times * positive_[at];
      }
      counts.rows.push_back(static_cast<double>(rows));
      counts.positives.push_back(static_cast<double>(positives));
    }
    for (size_t m = 0; m < metrics_.size(); ++m) out[m] = One(metrics_[m], counts, multiplicity);
  }

 private:
  double One(const Metric& metric, const CumulativeCounts& counts,
             std::span<const uint32_t> multiplicity) const {
    // The capacity stays the same share of the rows.
    double k = metric.k * counts.all() / static_cast<double>(rows_);
    switch (metric.kind) {
      case MetricKind::kAveragePrecision:
        return counts.AveragePrecision();
      case MetricKind::kRocAuc:
        return counts.RocAuc();
      case MetricKind::kPrecisionAtK:
        return counts.MetricsAtK(k).precision;
      case MetricKind::kRecallAtK:
        return counts.MetricsAtK(k).recall;
      case MetricKind::kLiftAtK:
        return counts.MetricsAtK(k).lift;
      case MetricKind::kLogLoss:
        return Mean(log_loss_, counts, multiplicity);
      case MetricKind::kBrier:
        return Mean(brier_, counts, multiplicity);
    }
    return kUndefined;
  }

  static double Mean(const std::vector<double>& sums, const CumulativeCounts& counts,
                     std::span<const uint32_t> multiplicity) {
    if (sums.empty()) return kUndefined;
    double sum = 0;
    for (size_t e = 0; e < sums.size(); ++e) sum += multiplicity[e] * sums[e];
    return sum / counts.all();
  }

  std::span<const Metric> metrics_;
  size_t rows_;
  std::vector<uint32_t> group_ends_;
  std::vector<uint32_t> entity_;   // in rank order
  std::vector<uint8_t> positive_;  // in rank order
  std::vector<double> log_loss_;   // sums by entity
  std::vector<double> brier_;
};

std::vector<uint32_t> Draw(size_t entities, uint64_t seed, uint64_t replicate) {
  SeededRandom random(SeededRandom(seed).Next() ^ SeededRandom(~replicate).Next());
  std::vector<uint32_t> multiplicity(entities, 0);
  for (size_t i = 0; i < entities; ++i) ++multiplicity[NextBelow(random, entities)];
  return multiplicity;
}

Status CheckArguments(std::span<const float> labels, std::span<const uint64_t> entities,
                      std::span<const Prediction> predictions, std::span<const Metric> metrics,
                      const BootstrapOptions& options) {
  if (options.replicates < 1 || !(options.level > 0 && options.level < 1) ||
      entities.size() != labels.size()) {
    return Fail(ErrorKind::kInvalidArgument,
                "a bootstrap needs replicates ({}), a level within 0 and 1 ({}) and one entity a "
                "label ({} and {})",
                options.replicates, options.level, entities.size(), labels.size());
  }
  for (const Metric& metric : metrics) {
    bool at_k = metric.kind == MetricKind::kPrecisionAtK || metric.kind == MetricKind::kRecallAtK ||
                metric.kind == MetricKind::kLiftAtK;
    if (at_k && !(metric.k > 0)) {
      return Fail(ErrorKind::kInvalidArgument, "metric {} needs a k above 0", metric.name());
    }
  }
  for (const Prediction& p : predictions) {
    MP_RETURN_IF_ERROR_CONTEXT(CheckEvaluation(p.margins, labels), "prediction {}", p.name);
    if (p.probabilities.empty()) continue;
    MP_RETURN_IF_ERROR_CONTEXT(CheckEvaluation(p.probabilities, labels), "prediction {}", p.name);
  }
  return OkStatus();
}

// Linear between order statistics (position level · (n − 1)).
double Quantile(const std::vector<double>& ascending, double level) {
  double position = level * static_cast<double>(ascending.size() - 1);
  auto below = static_cast<size_t>(position);
  if (below + 1 >= ascending.size()) return ascending.back();
  double part = position - static_cast<double>(below);
  return ascending[below] + part * (ascending[below + 1] - ascending[below]);
}

}  // namespace

std::string Metric::name() const {
  switch (kind) {
    case MetricKind::kAveragePrecision:
      return "average_precision";
    case MetricKind::kRocAuc:
      return "roc_auc";
    case MetricKind::kPrecisionAtK:
      return fmt::format("precision_at_{:g}", k);
    case MetricKind::kRecallAtK:
      return fmt::format("recall_at_{:g}", k);
    case MetricKind::kLiftAtK:
      return fmt::format("lift_at_{:g}", k);
    case MetricKind::kLogLoss:
      return "log_loss";
    case MetricKind::kBrier:
      return "brier";
  }
  return "";
}

Result<BootstrapResult> ClusteredBootstrap(std::span<const float> labels,
                                           std::span<const uint64_t> entities,
                                           std::span<const Prediction> predictions,
                                           std::span<const Metric> metrics,
                                           const BootstrapOptions& options) {
  MP_RETURN_IF_ERROR(CheckArguments(labels, entities, predictions, metrics, options));
  DenseEntities dense(entities);
  std::vector<Measured> measured;
  for (const Prediction& p : predictions) measured.emplace_back(p, labels, dense, metrics);

  BootstrapResult result;
  result.metrics_ = metrics.size();
  result.level_ = options.level;
  auto replicates = static_cast<size_t>(options.replicates);
  result.values_.resize(predictions.size() * metrics.size());
  result.replicates_.assign(result.values_.size(), std::vector<double>(replicates));
  std::vector<uint32_t> once(dense.rows.size(), 1);
  for (size_t p = 0; p < measured.size(); ++p) {
    measured[p].Replicate(once, result.values_.data() + p * metrics.size());
  }
  auto run = [&](size_t r) -> Status {
    std::vector<uint32_t> multiplicity = Draw(dense.rows.size(), options.seed, r);
    std::vector<double> values(metrics.size());
    for (size_t p = 0; p < measured.size(); ++p) {
      measured[p].Replicate(multiplicity, values.data());
      for (size_t m = 0; m < metrics.size(); ++m) {
        result.replicates_[p * metrics.size() + m][r] = values[m];
      }
    }
    return OkStatus();
  };
  if (options.pool != nullptr) {
    MP_RETURN_IF_ERROR(options.pool->ParallelFor(replicates, run));
  } else {
    for (size_t r = 0; r < replicates; ++r) MP_RETURN_IF_ERROR(run(r));
  }
  return result;
}

Interval BootstrapResult::Summarise(double value, std::vector<double> replicates) const {
  std::erase_if(replicates, [](double v) { return std::isnan(v); });
  std::sort(replicates.begin(), replicates.end());
  Interval interval{value, kUndefined, kUndefined, static_cast<int>(replicates.size())};
  if (replicates.empty()) return interval;
  interval.low = Quantile(replicates, (1 - level_) / 2);
  interval.high = Quantile(replicates, 1 - (1 - level_) / 2);
  return interval;
}

Interval BootstrapResult::value(size_t prediction, size_t metric) const {
  size_t i = prediction * metrics_ + metric;
  return Summarise(values_[i], replicates_[i]);
}

Interval BootstrapResult::difference(size_t prediction, size_t other, size_t metric) const {
  size_t a = prediction * metrics_ + metric;
  size_t b = other * metrics_ + metric;
  std::vector<double> differences(replicates_[a].size());
  for (size_t r = 0; r < differences.size(); ++r) {
    differences[r] = replicates_[a][r] - replicates_[b][r];
  }
  return Summarise(values_[a] - values_[b], std::move(differences));
}

}  // namespace millpond::model
