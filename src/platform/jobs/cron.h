// A cron line of five fields: minute, hour, day of month, month, day of week; in UTC.
//
//   15 2 * * *          every day at 02:15
//   */20 8-18 * * 1-5   every 20 minutes from 8 to 18 h, Monday to Friday
//   0 6 1,15 * mon      at 06:00 on the 1st, on the 15th and on Mondays
//
// As crontab(5) has it: lists, ranges, steps, names of months and days in any case, 7 for Sunday;
// @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually. If both day fields are
// restricted (neither begins with '*'), a day fits that fits one of them; else it has to fit both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace millpond::platform {

class CronSchedule {
 public:
  // kInvalidArgument names the field and what may stand there; also for a line that fits no moment
  // (30 February).
  static Result<CronSchedule> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  // The first tick after `at`; every schedule has one within 400 years.
  std::optional<Micros> Next(Micros at) const;

 private:
  bool FitsDay(int64_t days) const;
  // Minute of the day of the first tick at or after `minute`; -1: none on such a day.
  int NextMinuteOfDay(int minute) const;

  std::string text_;
  uint64_t minutes_ = 0;  // bit n: n fits
  uint32_t hours_ = 0;
  uint32_t days_ = 0;
  uint32_t months_ = 0;
  uint32_t weekdays_ = 0;  // bit 0: Sunday
  bool either_day_ = false;
};

}  // namespace millpond::platform
