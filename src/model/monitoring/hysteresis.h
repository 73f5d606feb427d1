// When an alert fires and clears: it fires after `fire_after` periods in a row at or over the high
// threshold, and clears after `clear_after` periods in a row under the low one, so that a value
// between the two, or a single period, changes nothing. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"

namespace millpond::model {

struct Hysteresis {
  int fire_after = 2;
  int clear_after = 2;
};

struct Thresholds {
  double low = 0;   // clears under it
  double high = 0;  // fires at or over it
};

enum class AlertTransition { kFired, kCleared };
std::string_view ToString(AlertTransition transition);  // "fired", "cleared"

struct TransitionAt {
  size_t period = 0;  // index into the series
  AlertTransition transition = AlertTransition::kFired;
  bool operator==(const TransitionAt&) const = default;
};

// What happens over a series, oldest first, from a state that was left before its first period.
// NaN (nothing was measured) is neither over nor under: it ends a row of both kinds.
std::vector<TransitionAt> TransitionsOf(std::span<const double> series,
                                        const Thresholds& thresholds, const Hysteresis& hysteresis,
                                        bool firing = false);

}  // namespace millpond::model
