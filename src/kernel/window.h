// Windows of a feature view: RANGE (the last w microseconds, [T-w, T)) and UNBOUNDED ([-inf, T)).
// A day is 86,400 seconds of UTC. TUMBLE, HOP, SESSION and LAST n are not built yet.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace millpond::kernel {

struct WindowDefinition {
  std::string name;
  std::optional<Micros> range;  // none: UNBOUNDED
  int64_t offset = -1;
};

// 90, "days" -> microseconds. Singular and plural, any case; months, quarters and years are refused
// because they have no fixed length; overflow is refused.
Result<Micros> IntervalMicros(int64_t count, std::string_view unit);

// A whole INTERVAL text: "90 days", "1 hour 30 minutes", "01:30:00".
Result<Micros> ParseInterval(std::string_view text);

}  // namespace millpond::kernel
