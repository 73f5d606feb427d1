// Fits the map from margin to probability on the calibration slice (later than training, earlier
// than test) and chooses its kind there by held-out loss.
//
// The choice: rows are dealt into `folds` by their entity (all rows of one entity in one fold); for
// each fold every kind is fitted on the others and its log loss taken on the fold. The kind with
// the smallest mean loss wins, a tie goes to the simpler (none, platt, isotonic); the winner is
// fitted again on the whole slice. With fewer than 2 · folds positives or negatives there is too
// little to choose from: none, and only its loss is reported.
//
// Isotonic: pool-adjacent-violators on margins in ascending order, rows of equal margin averaged
// first; a block of several margins becomes two knots, at its lowest and highest margin. Means are
// kept off certainty: clamped to [h, 1 − h] with h = 0.5 / (n + 1) for n rows of the slice.
// Platt: maximum likelihood with Platt's smoothed targets, by Newton; a slope that comes out
// negative (the model ranks backwards on this slice) is refused, kInvalidArgument.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "model/scoring/calibration_map.h"

namespace millpond::model {

Result<CalibrationMap> FitIsotonic(std::span<const double> margins, std::span<const float> labels);
Result<CalibrationMap> FitPlatt(std::span<const double> margins, std::span<const float> labels);

inline constexpr CalibrationKind kAllCalibrations[] = {
    CalibrationKind::kNone, CalibrationKind::kPlatt, CalibrationKind::kIsotonic};

struct CalibrationChoice {
  CalibrationMap map;
  // Cross-fitted mean log loss by CalibrationKind; NaN where a kind could not be fitted.
  std::array<double, 3> held_out_log_loss;
};

// entities: one id a row (any numbers, for example a hash of the key). The losses of all kinds are
// reported; the choice is among `kinds` (none where none of them could be fitted).
Result<CalibrationChoice> ChooseCalibration(
    std::span<const double> margins, std::span<const float> labels,
    std::span<const uint64_t> entities, std::span<const CalibrationKind> kinds = kAllCalibrations,
    int folds = 5);

}  // namespace millpond::model
