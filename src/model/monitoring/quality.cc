#include "model/monitoring/quality.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "model/evaluation/curves.h"
#include "model/evaluation/metrics.h"

namespace millpond::model {
namespace {

constexpr double kNormal95 = 1.959963984540054;

struct Columns {
  std::vector<double> margins, probabilities;
  std::vector<float> labels;
  std::vector<uint64_t> clusters;  // 0, 1, … by first appearance
  size_t cluster_count = 0;
};

Columns InOrder(std::vector<JudgedRow> rows) {
  std::ranges::sort(rows, [](const JudgedRow& a, const JudgedRow& b) {
    return std::tie(a.key, a.margin, a.label) < std::tie(b.key, b.margin, b.label);
  });
  Columns columns;
  std::unordered_map<std::string, uint64_t> numbers;
  for (const auto& row : rows) {
    columns.margins.push_back(row.margin);
    columns.probabilities.push_back(row.probability);
    columns.labels.push_back(row.label);
    columns.clusters.push_back(numbers.try_emplace(row.cluster, numbers.size()).first->second);
  }
  columns.cluster_count = numbers.size();
  return columns;
}

void Calibration(const Columns& columns, QualityRow& quality) {
  const auto n = static_cast<double>(columns.labels.size());
  double observed = 0, predicted = 0;
  for (size_t i = 0; i < columns.labels.size(); ++i) {
    observed += columns.labels[i];
    predicted += columns.probabilities[i];
  }
  quality.prevalence = observed / n;
  quality.calibration_gap = observed / n - predicted / n;
  std::vector<double> by_cluster(columns.cluster_count);
  for (size_t i = 0; i < columns.labels.size(); ++i) {
    by_cluster[columns.clusters[i]] +=
        static_cast<double>(columns.labels[i]) - columns.probabilities[i] - quality.calibration_gap;
  }
  double squares = 0;
  for (double sum : by_cluster) squares += sum * sum;
  const double half = kNormal95 * std::sqrt(squares) / n;
  quality.calibration_gap_low = quality.calibration_gap - half;
  quality.calibration_gap_high = quality.calibration_gap + half;
  quality.calibration_error = ExpectedCalibrationError(columns.probabilities, columns.labels);
  quality.log_loss = LogLoss(columns.probabilities, columns.labels);
}

}  // namespace

Status JudgeRows(std::vector<JudgedRow> rows, const std::optional<Interval>& evaluation,
                 const QualityOptions& options, QualityRow& quality) {
  const Columns columns = InOrder(std::move(rows));
  MP_RETURN_IF_ERROR(CheckEvaluation(columns.margins, columns.labels));
  Calibration(columns, quality);
  const Prediction prediction{"model", columns.margins, columns.probabilities};
  const Metric metric{MetricKind::kAveragePrecision};
  BootstrapOptions bootstrap{options.bootstrap, options.seed, 0.95, options.pool};
  MP_ASSIGN_OR_RETURN(
      auto result, ClusteredBootstrap(columns.labels, columns.clusters, std::span(&prediction, 1),
                                      std::span(&metric, 1), bootstrap));
  const Interval interval = result.value(0, 0);
  quality.average_precision = interval.value;
  quality.average_precision_low = interval.low;
  quality.average_precision_high = interval.high;
  if (!evaluation || !(evaluation->low > 0)) return OkStatus();
  quality.evaluation_average_precision = evaluation->value;
  quality.evaluation_low = evaluation->low;
  quality.evaluation_high = evaluation->high;
  quality.average_precision_drop = (evaluation->low - interval.value) / evaluation->low;
  return OkStatus();
}

double SureDrop(const QualityRow& row, double clear) {
  const bool sure = row.average_precision_high < row.evaluation_average_precision;
  return sure || row.average_precision_drop < clear ? row.average_precision_drop : kNoNumber;
}

double SureGap(const QualityRow& row, double clear) {
  const double size = std::fabs(row.calibration_gap);
  const bool sure = row.calibration_gap_low > 0 || row.calibration_gap_high < 0;
  return sure || size < clear ? size : kNoNumber;
}

}  // namespace millpond::model
