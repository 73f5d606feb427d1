#include "model/monitoring/drift.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace millpond::model {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

int64_t SumOf(const std::vector<int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

}  // namespace

double PopulationStabilityIndex(std::span<const double> current,
                                std::span<const double> reference) {
  const auto bins = static_cast<double>(current.size());
  const double n = std::accumulate(current.begin(), current.end(), 0.0) + bins / 2;
  const double r = std::accumulate(reference.begin(), reference.end(), 0.0) + bins / 2;
  double sum = 0;
  for (size_t i = 0; i < current.size(); ++i) {
    const double p = (current[i] + 0.5) / n, q = (reference[i] + 0.5) / r;
    sum += (p - q) * std::log(p / q);
  }
  return sum;
}

std::span<int64_t> CohortCounts::Of(const std::string& cohort) {
  auto& counts = cohorts_[cohort];
  counts.resize(bins_);
  return counts;
}

int64_t CohortCounts::rows() const {
  int64_t rows = 0;
  for (const auto& [cohort, counts] : cohorts_) rows += SumOf(counts);
  return rows;
}

std::vector<double> CohortCounts::Total() const {
  std::vector<double> total(bins_, 0.0);
  for (const auto& [cohort, counts] : cohorts_) {
    for (size_t i = 0; i < bins_; ++i) total[i] += static_cast<double>(counts[i]);
  }
  return total;
}

DriftMeasure MeasureDrift(const CohortCounts& current, const CohortCounts& reference) {
  DriftMeasure measure;
  measure.psi = PopulationStabilityIndex(current.Total(), reference.Total());
  std::vector<double> matched(current.bins(), 0.0), standard(current.bins(), 0.0);
  int64_t rows = 0, matched_rows = 0, reference_rows = 0;
  for (const auto& [cohort, counts] : current.cohorts()) {
    const int64_t n = SumOf(counts);
    rows += n;
    const auto found = reference.cohorts().find(cohort);
    const int64_t r = found == reference.cohorts().end() ? 0 : SumOf(found->second);
    if (r < kCohortRows) continue;
    matched_rows += n;
    reference_rows += r;
    for (size_t i = 0; i < counts.size(); ++i) {
      matched[i] += static_cast<double>(counts[i]);
      standard[i] +=
          static_cast<double>(n) * static_cast<double>(found->second[i]) / static_cast<double>(r);
    }
  }
  measure.matched_share =
      rows == 0 ? 0 : static_cast<double>(matched_rows) / static_cast<double>(rows);
  measure.psi_within = kUndefined;
  if (matched_rows == 0) return measure;
  // The standardised shares as so many rows as the matched cohorts of the reference have.
  const double scale = static_cast<double>(reference_rows) / static_cast<double>(matched_rows);
  for (double& count : standard) count *= scale;
  measure.psi_within = PopulationStabilityIndex(matched, standard);
  return measure;
}

std::string_view ToString(DriftCause cause) {
  switch (cause) {
    case DriftCause::kNone:
      return "";
    case DriftCause::kPopulationAged:
      return "population_aged";
    case DriftCause::kFeatureChanged:
      return "feature_changed";
  }
  return "?";
}

std::vector<DriftCause> CausesOf(std::span<const DriftEvidence> series, double low, double high) {
  std::vector<DriftCause> causes;
  bool changed = false, has_evidence = false;
  for (const DriftEvidence& period : series) {
    if (!(period.psi >= low)) {
      changed = has_evidence = false;
      causes.push_back(DriftCause::kNone);
      continue;
    }
    const bool matched = period.matched_share >= kMatchedShare;  // false for NaN
    const double evidence = matched ? period.psi_within : period.psi_step;
    const bool first_evidence = !has_evidence && !std::isnan(evidence);
    has_evidence = has_evidence || first_evidence;
    changed = changed || evidence >= high;
    if (first_evidence && !changed) {
      for (size_t i = causes.size(); i > 0 && causes[i - 1] != DriftCause::kNone; --i) {
        causes[i - 1] = DriftCause::kPopulationAged;
      }
    }
    causes.push_back(changed || !has_evidence ? DriftCause::kFeatureChanged
                                              : DriftCause::kPopulationAged);
  }
  return causes;
}

}  // namespace millpond::model
