// From a raw margin to a probability: a small file beside the model and its exact arithmetic.
// training/calibration.h fits and chooses one. The file is JSON (docs/formats/calibration_map.md):
//   {"format": "millpond.calibration", "version": 1, "kind": "none" | "platt" | "isotonic", …}
// All in doubles, one rounding per operation:
//   none      p = 1 / (1 + exp(−m))
//   platt     p = 1 / (1 + exp(−(slope · m + intercept)))
//   isotonic  knots x_0 < … < x_n−1 with y_0 ≤ … ≤ y_n−1:
//             m ≤ x_0: y_0;  m ≥ x_n−1: y_n−1;  else with the largest i that has x_i ≤ m:
//             p = y_i + ((m − x_i) / (x_i+1 − x_i)) · (y_i+1 − y_i)
// exp is the C library's. NaN in gives NaN out. Every kind is non-decreasing but platt with a
// negative slope, which fitting never returns.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::model {

enum class CalibrationKind { kNone, kPlatt, kIsotonic };

std::string_view ToString(CalibrationKind kind);

class CalibrationMap {
 public:
  CalibrationMap() = default;  // none
  static CalibrationMap Platt(double slope, double intercept);
  // Fails (kCorrupt) unless x ascends strictly, y does not descend and stays within [0, 1].
  static Result<CalibrationMap> Isotonic(std::vector<double> x, std::vector<double> y);

  static Result<CalibrationMap> FromJson(std::string_view bytes, std::string_view what);
  std::string ToJson() const;

  CalibrationKind kind() const { return kind_; }
  double Probability(double margin) const;
  std::vector<double> Probabilities(std::span<const double> margins) const;

 private:
  CalibrationKind kind_ = CalibrationKind::kNone;
  double slope_ = 1;
  double intercept_ = 0;
  std::vector<double> x_;
  std::vector<double> y_;
};

}  // namespace millpond::model
