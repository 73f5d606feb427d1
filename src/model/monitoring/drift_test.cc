#include "model/monitoring/drift.h"

#include <cmath>

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

CohortCounts Counts(const std::map<std::string, std::vector<int64_t>>& cohorts) {
  CohortCounts counts(cohorts.begin()->second.size());
  for (const auto& [name, values] : cohorts) std::ranges::copy(values, counts.Of(name).begin());
  return counts;
}

TEST(PsiTest, EqualSharesAreNothing) {
  const std::vector<double> a = {100, 200, 300};
  EXPECT_THAT(PopulationStabilityIndex(a, a), DoubleNear(0, 1e-15));
}

// tests/monitoring/test_monitoring_oracle.py has the same formula in numpy; this is by hand:
// p = (30.5, 70.5) / 101, q = (50.5, 50.5) / 101.
TEST(PsiTest, ByHand) {
  const double p = 30.5 / 101, q = 0.5;
  const double want = (p - q) * std::log(p / q) + ((1 - p) - q) * std::log((1 - p) / q);
  const std::vector<double> now = {30, 70}, then = {50, 50};
  EXPECT_THAT(PopulationStabilityIndex(now, then), DoubleNear(want, 1e-15));
  EXPECT_THAT(PopulationStabilityIndex(then, now), DoubleNear(want, 1e-15));  // symmetric
}

TEST(PsiTest, EmptyBinsAreFinite) {
  const std::vector<double> now = {0, 100}, then = {100, 0};
  EXPECT_TRUE(std::isfinite(PopulationStabilityIndex(now, then)));
  EXPECT_GT(PopulationStabilityIndex(now, then), 5);
}

TEST(DriftTest, AnotherMixOfTheSameCohortsIsAgeing) {
  const auto reference = Counts({{"young", {900, 100}}, {"old", {10, 90}}});
  const auto now = Counts({{"young", {90, 10}}, {"old", {90, 810}}});
  const auto drift = MeasureDrift(now, reference);
  EXPECT_GT(drift.psi, 0.5);
  EXPECT_LT(drift.psi_within, 0.01);
  EXPECT_EQ(drift.matched_share, 1);
}

TEST(DriftTest, TheSameMixWithOtherValuesIsAChange) {
  const auto reference = Counts({{"young", {900, 100}}, {"old", {100, 900}}});
  const auto now = Counts({{"young", {500, 500}}, {"old", {50, 950}}});
  const auto drift = MeasureDrift(now, reference);
  EXPECT_GT(drift.psi_within, 0.1);
  EXPECT_THAT(drift.psi_within, DoubleNear(drift.psi, 1e-12));  // equal mix: the total itself
}

TEST(DriftTest, CohortsThatTheReferenceLacksAreNotMatched) {
  const auto reference = Counts({{"young", {900, 100}}, {"few", {kCohortRows - 1, 0}}});
  const auto now = Counts({{"young", {30, 0}}, {"few", {0, 30}}, {"new", {0, 40}}});
  const auto drift = MeasureDrift(now, reference);
  EXPECT_THAT(drift.matched_share, DoubleNear(0.3, 1e-15));
  EXPECT_TRUE(std::isnan(MeasureDrift(Counts({{"new", {1, 2}}}), reference).psi_within));
}

TEST(CausesTest, AgedWhereLikeWithLikeStays) {
  const std::vector<DriftEvidence> matched = {{1.0, 0.01, 1.0, kNone, kNone}};
  EXPECT_THAT(CausesOf(matched, 0.1, 0.2), ElementsAre(DriftCause::kPopulationAged));
  const std::vector<DriftEvidence> unmatched = {{1.0, kNone, 0.0, kNone, kNone},
                                                {1.1, kNone, 0.0, 0.05, 0.9}};
  // The first period has nothing to compare with: the second speaks for it.
  EXPECT_THAT(CausesOf(unmatched, 0.1, 0.2),
              ElementsAre(DriftCause::kPopulationAged, DriftCause::kPopulationAged));
  EXPECT_THAT(CausesOf(std::span(unmatched).first(1), 0.1, 0.2),
              ElementsAre(DriftCause::kFeatureChanged));
}

TEST(CausesTest, AStepStaysAChangeAsLongAsTheRunLasts) {
  const std::vector<DriftEvidence> series = {{0.02, kNone, kNone, kNone, kNone},
                                             {0.50, kNone, kNone, 0.45, kNone},
                                             {0.52, kNone, kNone, 0.01, kNone},
                                             {0.05, kNone, kNone, 0.40, kNone},
                                             {0.15, kNone, kNone, 0.02, kNone}};
  EXPECT_THAT(
      CausesOf(series, 0.1, 0.2),
      ElementsAre(DriftCause::kNone, DriftCause::kFeatureChanged, DriftCause::kFeatureChanged,
                  DriftCause::kNone, DriftCause::kPopulationAged));
}

}  // namespace
}  // namespace millpond::model
