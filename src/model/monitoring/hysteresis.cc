#include "model/monitoring/hysteresis.h"

namespace millpond::model {

std::string_view ToString(AlertTransition transition) {
  return transition == AlertTransition::kFired ? "fired" : "cleared";
}

std::vector<TransitionAt> TransitionsOf(std::span<const double> series,
                                        const Thresholds& thresholds, const Hysteresis& hysteresis,
                                        bool firing) {
  std::vector<TransitionAt> transitions;
  int over = 0, under = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    over = series[i] >= thresholds.high ? over + 1 : 0;
    under = series[i] < thresholds.low ? under + 1 : 0;
    if (!firing && over >= hysteresis.fire_after) {
      transitions.push_back({i, AlertTransition::kFired});
      firing = true;
    } else if (firing && under >= hysteresis.clear_after) {
      transitions.push_back({i, AlertTransition::kCleared});
      firing = false;
    }
  }
  return transitions;
}

}  // namespace millpond::model
