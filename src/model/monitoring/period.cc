#include "model/monitoring/period.h"

#include <chrono>

namespace millpond::model {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month;
using std::chrono::year_month_day;

Micros MicrosOf(sys_days day) {
  return day.time_since_epoch().count() * kMicrosPerDay;
}

}  // namespace

std::string_view ToString(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::kDay:
      return "DAY";
    case PeriodKind::kWeek:
      return "WEEK";
    case PeriodKind::kMonth:
      return "MONTH";
  }
  return "?";
}

Result<PeriodKind> ParsePeriodKind(std::string_view text) {
  for (PeriodKind kind : {PeriodKind::kDay, PeriodKind::kWeek, PeriodKind::kMonth}) {
    if (text == ToString(kind)) return kind;
  }
  return Fail(ErrorKind::kInvalidArgument, "a period is DAY, WEEK or MONTH, not '{}'", text);
}

Period PeriodOf(PeriodKind kind, Micros t) {
  const int64_t whole = t / kMicrosPerDay - (t % kMicrosPerDay < 0 ? 1 : 0);
  const sys_days day{days{whole}};
  switch (kind) {
    case PeriodKind::kDay:
      return {MicrosOf(day), MicrosOf(day + days{1})};
    case PeriodKind::kWeek: {
      const unsigned since_monday = std::chrono::weekday(day).iso_encoding() - 1;
      const sys_days monday = day - days{since_monday};
      return {MicrosOf(monday), MicrosOf(monday + days{7})};
    }
    case PeriodKind::kMonth: {
      const year_month_day date{day};
      const year_month month = date.year() / date.month();
      return {MicrosOf(sys_days{month / 1}),
              MicrosOf(sys_days{(month + std::chrono::months{1}) / 1})};
    }
  }
  return {};
}

std::string NameOf(PeriodKind kind, Micros begin) {
  return FormatTimestamp(begin).substr(0, kind == PeriodKind::kMonth ? 7 : 10);
}

}  // namespace millpond::model
