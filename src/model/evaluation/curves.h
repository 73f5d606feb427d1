// Points for the report's pictures, and the calibration error that is read off one of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace millpond::model {

struct PrecisionRecallPoint {
  double threshold;  // scores ≥ threshold are chosen
  double precision;
  double recall;
};
// One point per distinct score, best first; thinned to at most max_points (the last always kept).
std::vector<PrecisionRecallPoint> PrecisionRecallCurve(std::span<const double> scores,
                                                       std::span<const float> labels,
                                                       size_t max_points = 400);

struct LiftPoint {
  double share;  // share of rows chosen, best first
  double lift;
  double recall;
};
std::vector<LiftPoint> LiftCurve(std::span<const double> scores, std::span<const float> labels,
                                 size_t points = 50);

// Equal mass: rows by ascending probability in `bins` runs of as equal size as ties allow (rows of
// equal probability are never split). Equal width: bin i is [i/bins, (i+1)/bins), the last closed.
enum class Binning { kEqualMass, kEqualWidth };

struct ReliabilityBin {
  size_t rows;
  double low, high;  // smallest and largest probability inside
  double mean_probability;
  double positive_share;
};
std::vector<ReliabilityBin> ReliabilityCurve(std::span<const double> probabilities,
                                             std::span<const float> labels, int bins = 10,
                                             Binning binning = Binning::kEqualMass);

// Σ over bins of (rows / all rows) · |mean probability − positive share|. Ten bins of equal mass by
// default: of rare events nearly all would share one bin of equal width.
double ExpectedCalibrationError(std::span<const double> probabilities,
                                std::span<const float> labels, int bins = 10,
                                Binning binning = Binning::kEqualMass);

}  // namespace millpond::model
