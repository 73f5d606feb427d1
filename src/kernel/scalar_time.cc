// Dates and times on UTC, proleptic Gregorian, days of 86,400 seconds.
#include "kernel/bound_node_internal.h"
#include "kernel/exact_math.h"

namespace millpond::kernel {
namespace {

struct CivilDate {
  int64_t year;
  int64_t month;  // 1 to 12
  int64_t day;    // 1 to 31
};

// H. Hinnant, chrono-compatible low-level date algorithms: years begin in March, so that the leap
// day is the last of its year; an era is 400 years or 146,097 days.
CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  int64_t era = FloorDivide(days, 146'097);
  int64_t day_of_era = days - era * 146'097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return {year, month, day};
}

int64_t DaysFromCivil(CivilDate date) {
  int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  int64_t era = FloorDivide(year, 400);
  int64_t year_of_era = year - era * 400;
  int64_t shifted_month = date.month > 2 ? date.month - 3 : date.month + 9;
  int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

// 0 Monday to 6 Sunday; 1970-01-01 was a Thursday.
int64_t DaysSinceMonday(int64_t days) {
  int64_t shifted = days + 3;
  return shifted - FloorDivide(shifted, 7) * 7;
}

int64_t TruncateDays(TimeUnit unit, int64_t days) {
  CivilDate date = CivilFromDays(days);
  switch (unit) {
    case TimeUnit::kYear:
      return DaysFromCivil({date.year, 1, 1});
    case TimeUnit::kQuarter:
      return DaysFromCivil({date.year, (date.month - 1) / 3 * 3 + 1, 1});
    case TimeUnit::kMonth:
      return DaysFromCivil({date.year, date.month, 1});
    case TimeUnit::kWeek:
      return days - DaysSinceMonday(days);
    default:
      return days;
  }
}

int64_t UnitMicros(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kHour:
      return 3'600'000'000;
    case TimeUnit::kMinute:
      return 60'000'000;
    case TimeUnit::kSecond:
      return 1'000'000;
    default:
      return kMicrosPerDayInt;
  }
}

bool IsBelowDay(TimeUnit unit) {
  return unit == TimeUnit::kHour || unit == TimeUnit::kMinute || unit == TimeUnit::kSecond;
}

int64_t Part(TimeUnit unit, int64_t days, int64_t micros_of_day) {
  CivilDate date = CivilFromDays(days);
  switch (unit) {
    case TimeUnit::kYear:
      return date.year;
    case TimeUnit::kQuarter:
      return (date.month - 1) / 3 + 1;
    case TimeUnit::kMonth:
      return date.month;
    case TimeUnit::kDay:
      return date.day;
    case TimeUnit::kHour:
      return micros_of_day / 3'600'000'000;
    case TimeUnit::kMinute:
      return micros_of_day / 60'000'000 % 60;
    case TimeUnit::kSecond:
      return micros_of_day / 1'000'000 % 60;
    case TimeUnit::kDayOfWeek:
      return (DaysSinceMonday(days) + 1) % 7;
    case TimeUnit::kIsoDayOfWeek:
      return DaysSinceMonday(days) + 1;
    case TimeUnit::kDayOfYear:
      return days - DaysFromCivil({date.year, 1, 1}) + 1;
    case TimeUnit::kWeek: {
      // ISO 8601: the week of its Thursday.
      int64_t thursday = days - DaysSinceMonday(days) + 3;
      int64_t first = DaysFromCivil({CivilFromDays(thursday).year, 1, 1});
      return (thursday - first) / 7 + 1;
    }
  }
  return 0;
}

}  // namespace

Column UnitsBetween(const Column& from, const Column& to, int64_t micros) {
  Column out(kBigint, from.size());
  for (int64_t row = 0; row < from.size(); ++row) {
    int64_t difference = 0;
    if (from.IsNull(row) || to.IsNull(row) ||
        __builtin_sub_overflow(to.int64s()[row], from.int64s()[row], &difference)) {
      continue;
    }
    out.mutable_int64s()[row] = FloorDivide(difference, micros);
    out.mutable_valid()[row] = 1;
  }
  return out;
}

Column DateTrunc(TimeUnit unit, const Column& a, Type type) {
  Column out(type, a.size());
  bool from_date = a.type().id == TypeId::kDate;
  for (int64_t row = 0; row < a.size(); ++row) {
    if (a.IsNull(row)) continue;
    int64_t value = a.int64s()[row];
    if (IsBelowDay(unit)) {
      if (from_date && __builtin_mul_overflow(value, kMicrosPerDayInt, &value)) continue;
      // The first partial unit of all time begins before time does.
      if (__builtin_mul_overflow(FloorDivide(value, UnitMicros(unit)), UnitMicros(unit), &value)) {
        continue;
      }
    } else {
      value = TruncateDays(unit, from_date ? value : FloorDivide(value, kMicrosPerDayInt));
      if (type.id == TypeId::kDate && !IsDate(value)) continue;
      if (type.id == TypeId::kTimestamp &&
          __builtin_mul_overflow(value, kMicrosPerDayInt, &value)) {
        continue;
      }
    }
    out.mutable_int64s()[row] = value;
    out.mutable_valid()[row] = 1;
  }
  return out;
}

Column DatePart(TimeUnit unit, const Column& a) {
  Column out(kBigint, a.size());
  bool from_date = a.type().id == TypeId::kDate;
  for (int64_t row = 0; row < a.size(); ++row) {
    if (a.IsNull(row)) continue;
    int64_t value = a.int64s()[row];
    int64_t days = from_date ? value : FloorDivide(value, kMicrosPerDayInt);
    int64_t micros_of_day = from_date ? 0 : value - days * kMicrosPerDayInt;
    out.mutable_int64s()[row] = Part(unit, days, micros_of_day);
    out.mutable_valid()[row] = 1;
  }
  return out;
}

Column Epoch(const Column& a) {
  Column out(kDouble, a.size());
  Int128 scale = a.type().id == TypeId::kDate ? kMicrosPerDayInt : 1;
  for (int64_t row = 0; row < a.size(); ++row) {
    if (a.IsNull(row)) continue;
    out.mutable_doubles()[row] = DivideInts(a.int64s()[row] * scale, 1'000'000);
    out.mutable_valid()[row] = 1;
  }
  return out;
}

}  // namespace millpond::kernel
