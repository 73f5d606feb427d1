// Periods of monitoring: days, weeks (from Monday) and months, by UTC. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace millpond::model {

enum class PeriodKind { kDay, kWeek, kMonth };
std::string_view ToString(PeriodKind kind);  // "DAY", "WEEK", "MONTH"
Result<PeriodKind> ParsePeriodKind(std::string_view text);

// begin <= t < end.
struct Period {
  Micros begin = 0;
  Micros end = 0;

  bool Contains(Micros t) const { return t >= begin && t < end; }
  bool operator==(const Period&) const = default;
};

Period PeriodOf(PeriodKind kind, Micros t);
// "1998-01" of a month, else the day that it begins with.
std::string NameOf(PeriodKind kind, Micros begin);

}  // namespace millpond::model
