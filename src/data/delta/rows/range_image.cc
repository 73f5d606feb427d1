// Images of ranges under functions (value_range.h).
#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/clock.h"
#include "data/delta/rows/statistics.h"
#include "data/delta/rows/value_range.h"

namespace millpond::data {
namespace {

// A function's value; none: not known, or there is none (an overflow).
using Value = ColumnValue;

// 0001-01-01 … 9999-12-31: before and after, years are written in more than one way.
constexpr int64_t kFirstDay = -719162, kLastDay = 2932896;
// Clients' calendars differ before the Gregorian one was everywhere; an instant's day is taken from
// one of those.
constexpr int64_t kFirstInstantDay = -135140;  // 1600-01-01

bool IsInteger(TypeKind kind) {
  return kind == TypeKind::kLong || kind == TypeKind::kInteger || kind == TypeKind::kShort ||
         kind == TypeKind::kByte;
}

bool IsReal(TypeKind kind) {
  return kind == TypeKind::kDouble || kind == TypeKind::kFloat;
}

bool IsMoment(TypeKind kind) {
  return kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
}

int64_t FloorDivide(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

std::optional<int64_t> DayOf(const Value& value, TypeKind kind) {
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return std::nullopt;
  const int64_t day = kind == TypeKind::kDate ? *number : FloorDivide(*number, kMicrosPerDay);
  const int64_t first = kind == TypeKind::kTimestamp ? kFirstInstantDay : kFirstDay;
  if (day < first || day > kLastDay) return std::nullopt;
  return day;
}

// Microseconds within the day.
int64_t TimeOf(const Value& value, TypeKind kind, int64_t day) {
  return kind == TypeKind::kDate ? 0 : std::get<int64_t>(value) - day * kMicrosPerDay;
}

std::chrono::year_month_day Civil(int64_t day) {
  return std::chrono::sys_days(std::chrono::days(day));
}

int64_t DayOf(const std::chrono::year_month_day& date) {
  return std::chrono::sys_days(date).time_since_epoch().count();
}

int64_t LimitOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kByte:
      return std::numeric_limits<int8_t>::max();
    case TypeKind::kShort:
      return std::numeric_limits<int16_t>::max();
    case TypeKind::kInteger:
      return std::numeric_limits<int32_t>::max();
    default:
      return std::numeric_limits<int64_t>::max();
  }
}

std::optional<__int128> PowerOfTen(int exponent) {
  if (exponent < 0 || exponent > 38) return std::nullopt;
  __int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// unscaled * 10^exponent, if it has at most `precision` digits.
Value ToDecimal(__int128 unscaled, int exponent, const DataType& to) {
  const auto factor = PowerOfTen(exponent), limit = PowerOfTen(to.precision());
  __int128 scaled = 0;
  if (!factor || !limit || __builtin_mul_overflow(unscaled, *factor, &scaled)) return {};
  if (scaled >= *limit || scaled <= -*limit) return {};
  return DecimalValue{scaled, to.scale()};
}

// Casts of decimals round in more than one way: the range gets a little wider instead.
Value DecimalToReal(const DecimalValue& decimal, const DataType& to, bool up) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double value = static_cast<double>(decimal.unscaled) / std::pow(10.0, decimal.scale);
  for (int i = 0; i < 4; ++i) value = std::nextafter(value, up ? kInfinity : -kInfinity);
  if (to.kind() == TypeKind::kDouble) return value;
  constexpr float kFloatInfinity = std::numeric_limits<float>::infinity();
  return double{std::nextafterf(static_cast<float>(value), up ? kFloatInfinity : -kFloatInfinity)};
}

Value RealToReal(double value, const DataType& to) {
  if (to.kind() == TypeKind::kDouble || std::isnan(value)) return value;
  const double narrow = static_cast<float>(value);
  if (std::isinf(narrow)) return {};
  return narrow;
}

Value CastInteger(int64_t number, const DataType& to) {
  if (IsInteger(to.kind())) {
    const int64_t limit = LimitOf(to.kind());
    if (number > limit || number < -limit - 1) return {};
    return number;
  }
  if (to.kind() == TypeKind::kDouble) return static_cast<double>(number);
  if (to.kind() == TypeKind::kFloat) return double{static_cast<float>(number)};
  if (to.kind() == TypeKind::kDecimal) return ToDecimal(number, to.scale(), to);
  return {};
}

Value CastTime(const Value& value, TypeKind from, TypeKind to) {
  const auto day = DayOf(value, from);
  if (!day || (to == TypeKind::kTimestamp && *day < kFirstInstantDay)) return {};
  if (to == TypeKind::kDate) return *day;
  if (IsMoment(to)) return *day * kMicrosPerDay + TimeOf(value, from, *day);
  // Of one width, so that texts are ordered as days are.
  if (to == TypeKind::kString && from == TypeKind::kDate) {
    return FormatDate(static_cast<int32_t>(*day));
  }
  return {};
}

Value Cast(const Value& value, const RangeFunction& function, bool up) {
  const TypeKind from = function.from.kind(), to = function.to.kind();
  if (from == TypeKind::kDate || IsMoment(from)) return CastTime(value, from, to);
  if (const auto* number = std::get_if<int64_t>(&value)) return CastInteger(*number, function.to);
  if (const auto* real = std::get_if<double>(&value)) {
    return IsReal(to) ? RealToReal(*real, function.to) : Value();
  }
  if (const auto* decimal = std::get_if<DecimalValue>(&value)) {
    if (IsReal(to)) return DecimalToReal(*decimal, function.to, up);
    if (to != TypeKind::kDecimal) return {};
    return ToDecimal(decimal->unscaled, function.to.scale() - decimal->scale, function.to);
  }
  return from == to ? value : Value();
}

// A part's value, and what it begins anew in: months in years. Within one such, it only grows.
struct Part {
  int64_t value = 0;
  int64_t within = 0;
};

std::optional<Part> PartOf(const Value& value, TypeKind kind, DatePart part) {
  const auto day = DayOf(value, kind);
  if (!day) return std::nullopt;
  const auto date = Civil(*day);
  const int64_t year = static_cast<int>(date.year());
  const int64_t month = static_cast<unsigned>(date.month());
  const int64_t seconds = TimeOf(value, kind, *day) / kMicrosPerSecond;
  const int64_t minute = *day * 1440 + seconds / 60;
  switch (part) {
    case DatePart::kYear:
      return Part{year, 0};
    case DatePart::kQuarter:
      return Part{(month + 2) / 3, year};
    case DatePart::kMonth:
      return Part{month, year};
    case DatePart::kDay:
      return Part{static_cast<unsigned>(date.day()), year * 12 + month};
    case DatePart::kDayOfYear:
      return Part{*day - DayOf(date.year() / 1 / 1) + 1, year};
    case DatePart::kDayOfWeek:  // 1970-01-04 was a Sunday
      return Part{*day - 3 - FloorDivide(*day - 3, 7) * 7, FloorDivide(*day - 3, 7)};
    case DatePart::kIsoDayOfWeek:
      return Part{*day - 4 - FloorDivide(*day - 4, 7) * 7 + 1, FloorDivide(*day - 4, 7)};
    case DatePart::kHour:
      return Part{seconds / 3600, *day};
    case DatePart::kMinute:
      return Part{seconds / 60 % 60, *day * 24 + seconds / 3600};
    case DatePart::kSecond:
      return Part{seconds % 60, minute};
    case DatePart::kWeek:
    case DatePart::kMillisecond:
      return std::nullopt;
  }
  return std::nullopt;
}

ValueRange ImageOfPart(const RangeFunction& function, const ValueRange& argument) {
  ValueRange image{{}, {}, argument.may_be_null, argument.may_have_value};
  const auto min = PartOf(argument.min, function.from.kind(), function.part);
  const auto max = PartOf(argument.max, function.from.kind(), function.part);
  const bool years = function.part == DatePart::kYear;
  if (min && (years || (max && min->within == max->within))) image.min = min->value;
  if (max && (years || (min && min->within == max->within))) image.max = max->value;
  image.may_be_null = image.may_be_null || !min || !max;  // of an infinite date it is NULL
  return image;
}

Value Truncate(const Value& value, const RangeFunction& function) {
  const TypeKind from = function.from.kind();
  const auto day = DayOf(value, from);
  if (!day) return {};
  const auto date = Civil(*day);
  int64_t first = *day, time = 0;
  const auto cut = [&](int64_t unit) { time = TimeOf(value, from, *day) / unit * unit; };
  switch (function.part) {
    case DatePart::kYear:
      first = DayOf(date.year() / 1 / 1);
      break;
    case DatePart::kQuarter:
      first = DayOf(date.year() / ((static_cast<int>(unsigned{date.month()}) - 1) / 3 * 3 + 1) / 1);
      break;
    case DatePart::kMonth:
      first = DayOf(date.year() / date.month() / 1);
      break;
    case DatePart::kWeek:
      first = FloorDivide(*day - 4, 7) * 7 + 4;
      break;
    case DatePart::kDay:
      break;
    case DatePart::kHour:
      cut(kMicrosPerHour);
      break;
    case DatePart::kMinute:
      cut(60 * kMicrosPerSecond);
      break;
    case DatePart::kSecond:
      cut(kMicrosPerSecond);
      break;
    case DatePart::kMillisecond:
      cut(kMicrosPerMilli);
      break;
    default:
      return {};
  }
  if (function.to.kind() == TypeKind::kDate) return first;
  return IsMoment(function.to.kind()) ? Value(first * kMicrosPerDay + time) : Value();
}

// Texts of one width each, the larger parts first: ordered as the moments are. The rest of what
// strftime knows is not understood.
Value Format(const Value& value, const RangeFunction& function) {
  const TypeKind from = function.from.kind();
  const auto day = DayOf(value, from);
  if (!day) return {};
  const auto date = Civil(*day);
  const int64_t seconds = TimeOf(value, from, *day) / kMicrosPerSecond;
  if (static_cast<int>(date.year()) < 1000) return {};
  static constexpr std::string_view kParts = "YmdHMS";
  const std::array<int64_t, 6> numbers = {static_cast<int>(date.year()),
                                          static_cast<unsigned>(date.month()),
                                          static_cast<unsigned>(date.day()),
                                          seconds / 3600,
                                          seconds / 60 % 60,
                                          seconds % 60};
  std::string text;
  size_t next = 0;
  for (size_t i = 0; i < function.format.size(); ++i) {
    if (function.format[i] != '%') {
      text += function.format[i];
      continue;
    }
    if (next == kParts.size() || ++i == function.format.size() ||
        function.format[i] != kParts[next]) {
      return {};
    }
    text += fmt::format("{:0{}}", numbers[next], next == 0 ? 4 : 2);
    ++next;
  }
  return text;
}

Value Apply(const RangeFunction& function, const Value& value, bool up) {
  if (!HasValue(value)) return {};
  switch (function.kind) {
    case RangeFunction::Kind::kCast:
      return Cast(value, function, up);
    case RangeFunction::Kind::kTruncate:
      return Truncate(value, function);
    case RangeFunction::Kind::kFormat:
      return Format(value, function);
    case RangeFunction::Kind::kPrefix: {
      const auto* text = std::get_if<std::string>(&value);
      if (text == nullptr || function.characters < 0) return {};
      return CutText(*text, static_cast<size_t>(function.characters));
    }
    case RangeFunction::Kind::kPart:
      break;
  }
  return {};
}

}  // namespace

ValueRange Image(const RangeFunction& function, const ValueRange& argument) {
  if (function.kind == RangeFunction::Kind::kPart) return ImageOfPart(function, argument);
  ValueRange image{Apply(function, argument.min, false), Apply(function, argument.max, true),
                   argument.may_be_null, argument.may_have_value};
  // TRY_CAST gives NULL for what does not fit.
  image.may_be_null = image.may_be_null || !HasValue(image.min) || !HasValue(image.max);
  return image;
}

}  // namespace millpond::data
