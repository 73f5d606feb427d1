// Time enters Millpond through Clock and nowhere else. A project's clock may be the system's,
// fixed, or the system's moved by a constant (design: a demo or a replay may move the clock).
// Leases and retention always use SystemClock; T, commit timestamps, ages and freshness follow the
// project's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace millpond {

// Microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian, no leap seconds.
using Micros = int64_t;

inline constexpr Micros kMicrosPerMilli = 1'000;
inline constexpr Micros kMicrosPerSecond = 1'000'000;
inline constexpr Micros kMicrosPerHour = 3600 * kMicrosPerSecond;
inline constexpr Micros kMicrosPerDay = 24 * kMicrosPerHour;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros Now() const = 0;  // thread-safe
  int64_t NowMillis() const { return Now() / kMicrosPerMilli; }
};

class SystemClock : public Clock {
 public:
  Micros Now() const override;
};

class FixedClock : public Clock {
 public:
  explicit FixedClock(Micros at) : at_(at) {}
  Micros Now() const override { return at_; }

 private:
  Micros at_;
};

// at + (system time - anchor): runs at the system's pace from another moment.
class OffsetClock : public Clock {
 public:
  OffsetClock(Micros at, Micros anchor) : offset_(at - anchor) {}
  Micros Now() const override { return system_.Now() + offset_; }

 private:
  SystemClock system_;
  Micros offset_;
};

// "1998-07-01T00:00:00.000000Z": ISO 8601 in UTC, always six digits of fraction.
std::string FormatTimestamp(Micros at);

// Reads ISO 8601: a date alone, or date and time ('T' or a blank between) with up to six digits of
// fraction and an optional zone ("Z", "+02", "+02:00"). No zone means UTC.
Result<Micros> ParseTimestamp(std::string_view text);

// "1998-07-01" from days since 1970-01-01, and back.
std::string FormatDate(int32_t days);
Result<int32_t> ParseDate(std::string_view text);

}  // namespace millpond
