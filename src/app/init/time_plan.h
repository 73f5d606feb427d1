// From how long the data run and how often things come again: the horizon, the moments at which
// the model is trained, calibrated and tested, the windows of the features, the project's clock.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

namespace millpond::app {

struct TimeFacts {
  Micros begin = 0;       // of the bulk of the rows; a stray year 1900 does not count
  Micros end = 0;         // the last row's time (of whole days: that day's midnight)
  Micros median_gap = 0;  // between two rows of one entity, at different times
  Micros long_gap = 0;    // four of five gaps are shorter
  bool whole_days = false;
  Micros now = 0;

  Micros span() const { return end - begin + (whole_days ? kMicrosPerDay : 0); }
};

// Lengths that people use: 1, 5, 15 minutes, 1, 3, 6, 12 hours, 1, 3, 7, 14, 30, 60, 90, 180, 365
// days.
Micros NiceSpan(Micros wanted, bool whole_days);  // the nearest by ratio
Micros NiceSpanBelow(Micros wanted,
                     bool whole_days);  // the greatest that is not longer; else the least
std::string SpanWord(Micros span);      // "7d", "6h", "15m": of column names
std::string SpanSql(Micros span);       // "7 DAYS"

// What T is rounded to for a horizon.
Micros UnitOf(Micros horizon);
Micros FloorTo(Micros at, Micros unit);

struct TimePlan {
  bool of_rows = false;  // T is a row's own time; else moments
  // Of moments: how far ahead a label looks. Of rows: after how long a row's outcome is known.
  Micros horizon = 0;
  std::vector<Micros> train = {}, calibrate = {}, test = {};
  Micros bounds[4] = {};  // of rows: train from, calibrate from, test from, test to
  std::vector<Micros> windows = {};
  bool moved_clock = false;
  Micros clock_at = 0;
};

// Horizons to try for the question "who stays away", the most fitting first. Empty: the data are
// too short for any (six horizons must fit into them).
std::vector<Micros> Horizons(const TimeFacts& facts);

// Moments a horizon apart between the parts, the last one a horizon before the data's end.
TimePlan PlanMoments(const TimeFacts& facts, Micros horizon);

// `quantiles`: times of the labelled rows below which lie a tenth, 6 and 8 of 10 of them. `horizon`
// 0: a ninetieth of the span, at most a day.
TimePlan PlanRows(const TimeFacts& facts, const std::vector<Micros>& quantiles, Micros horizon);

}  // namespace millpond::app
