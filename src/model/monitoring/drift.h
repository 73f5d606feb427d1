// How far a distribution has moved from its reference, and whether the population or the feature
// moved. Pure arithmetic over counts; docs/monitoring.md says the same with an example.
//
// PSI = Σ over bins of (p − q) · ln(p / q): the symmetric Kullback-Leibler divergence (Jeffreys
// 1946, Kullback and Leibler 1951), in credit scoring the population stability index (Siddiqi
// 2006). p and q are shares of the current and the reference rows, each count raised by 1/2 before
// it is divided (Jeffreys' prior), so that an empty bin is finite: p = (n_b + 1/2) / (n + B/2).
//
// With cohorts (any grouping of the rows: age in months, region) the total falls into two
// questions. n_c current and r_c reference rows of cohort c; matched are the cohorts of which the
// reference has at least kCohortRows rows.
//
//   psi            the current rows against the reference, cohorts ignored
//   matched_share  of the current rows, those in matched cohorts
//   psi_within     like with like: the current rows of matched cohorts against the reference put
//                  together in their mix, q*_b = Σ_c w_c · r_cb / r_c with w_c = n_c / Σ n_c
//                  (direct standardisation: Kitagawa 1955; DiNardo, Fortin and Lemieux 1996)
//
// psi large and psi_within small: the mix of cohorts moved, each of them is as it was. Both large:
// the feature has other values in the same cohorts.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace millpond::model {

inline constexpr int64_t kCohortRows = 50;
// From which share of matched rows on psi_within speaks for the population.
inline constexpr double kMatchedShare = 0.5;

// Counts need not be whole: a standardised reference has shares of rows. Equal lengths.
double PopulationStabilityIndex(std::span<const double> current, std::span<const double> reference);

// Rows of one column by cohort and bin.
class CohortCounts {
 public:
  explicit CohortCounts(size_t bins = 0) : bins_(bins) {}

  std::span<int64_t> Of(const std::string& cohort);
  size_t bins() const { return bins_; }
  int64_t rows() const;
  std::vector<double> Total() const;
  const std::map<std::string, std::vector<int64_t>>& cohorts() const { return cohorts_; }

 private:
  size_t bins_;
  std::map<std::string, std::vector<int64_t>> cohorts_;
};

struct DriftMeasure {
  double psi = 0;
  double psi_within = 0;     // NaN: no cohort is matched
  double matched_share = 0;  // 0 … 1
};

DriftMeasure MeasureDrift(const CohortCounts& current, const CohortCounts& reference);

// What one period says about a column, as alerts need it.
struct DriftEvidence {
  double psi = 0;
  double psi_within = 0;          // NaN: cannot be said
  double matched_share = 0;       // NaN: no cohort is configured
  double psi_step = 0;            // against the period before, like with like; NaN: there is none
  double step_matched_share = 0;  // NaN as above
};

enum class DriftCause { kNone, kPopulationAged, kFeatureChanged };
std::string_view ToString(DriftCause cause);  // "", "population_aged", "feature_changed"

// The cause of each period of a series, in the order of time. Like-for-like evidence of a period is
// psi_within where at least kMatchedShare of its rows have their cohort in the reference, else
// psi_step. A run is a stretch of periods with psi >= low. Within a run, from the first period
// whose evidence reaches `high` on, a period's cause is kFeatureChanged: a change in one step stays
// one although the next step is small. Before that it is kPopulationAged. Periods at the begin of a
// run that have no evidence (the first one watched) have the cause of the first period that has;
// a run without any is kFeatureChanged, the cause that somebody has to look at. psi < low: kNone.
std::vector<DriftCause> CausesOf(std::span<const DriftEvidence> series, double low, double high);

}  // namespace millpond::model
