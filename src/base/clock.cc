#include "base/clock.h"

#include <charconv>
#include <chrono>

namespace millpond {

Micros SystemClock::Now() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

namespace {

// Floor division: moments before 1970 belong to the day that began before them.
int64_t FloorDiv(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

std::chrono::year_month_day CivilFromDays(int64_t days) {
  return std::chrono::sys_days(std::chrono::days(days));
}

// Walks a text from the left; every step fails softly by leaving `ok` false.
struct TextCursor {
  std::string_view rest;
  bool ok = true;

  bool Accept(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }

  int Digits(size_t count) {
    int value = 0;
    if (rest.size() < count) return ok = false, 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + count, value);
    if (error != std::errc() || end != rest.data() + count || rest.front() == '-') ok = false;
    rest.remove_prefix(count);
    return value;
  }
};

int64_t ReadDays(TextCursor& text) {
  int year = text.Digits(4);
  text.ok = text.ok && text.Accept('-');
  int month = text.ok ? text.Digits(2) : 0;
  text.ok = text.ok && text.Accept('-');
  int day = text.ok ? text.Digits(2) : 0;
  auto date = std::chrono::year(year) / month / day;
  if (!text.ok || !date.ok()) return text.ok = false, 0;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

Micros ReadTimeOfDay(TextCursor& text) {
  int hour = text.Digits(2), minute = 0, second = 0;
  Micros fraction = 0;
  if (text.ok && text.Accept(':')) minute = text.Digits(2);
  if (text.ok && text.Accept(':')) {
    second = text.Digits(2);
    if (text.ok && text.Accept('.')) {
      Micros unit = kMicrosPerSecond / 10;
      size_t digits = 0;
      while (!text.rest.empty() && text.rest.front() >= '0' && text.rest.front() <= '9') {
        fraction += (text.rest.front() - '0') * unit;
        unit /= 10;
        text.rest.remove_prefix(1);
        ++digits;
      }
      if (digits == 0 || digits > 9) text.ok = false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) text.ok = false;
  return hour * kMicrosPerHour + minute * 60 * kMicrosPerSecond + second * kMicrosPerSecond +
         fraction;
}

Micros ReadZone(TextCursor& text) {
  if (text.rest.empty() || text.Accept('Z') || text.Accept('z')) return 0;
  int sign = text.Accept('+') ? 1 : text.Accept('-') ? -1 : 0;
  if (sign == 0) return text.ok = false, 0;
  int hours = text.Digits(2), minutes = 0;
  if (text.ok && !text.rest.empty()) {
    text.Accept(':');
    minutes = text.Digits(2);
  }
  if (hours > 18 || minutes > 59) text.ok = false;
  return sign * (hours * kMicrosPerHour + minutes * 60 * kMicrosPerSecond);
}

}  // namespace

std::string FormatTimestamp(Micros at) {
  int64_t days = FloorDiv(at, kMicrosPerDay);
  Micros rest = at - days * kMicrosPerDay;
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", FormatDate(static_cast<int32_t>(days)),
                     rest / kMicrosPerHour, rest / (60 * kMicrosPerSecond) % 60,
                     rest / kMicrosPerSecond % 60, rest % kMicrosPerSecond);
}

Result<Micros> ParseTimestamp(std::string_view text) {
  TextCursor cursor{text};
  Micros at = ReadDays(cursor) * kMicrosPerDay;
  if (cursor.ok && !cursor.rest.empty()) {
    cursor.ok = cursor.Accept('T') || cursor.Accept(' ');
    if (cursor.ok) at += ReadTimeOfDay(cursor);
    if (cursor.ok) at -= ReadZone(cursor);
  }
  if (!cursor.ok || !cursor.rest.empty()) {
    return Fail(ErrorKind::kInvalidArgument,
                "not a timestamp (want ISO 8601, for example 2026-01-31T08:00:00Z): '{}'", text);
  }
  return at;
}

std::string FormatDate(int32_t days) {
  auto date = CivilFromDays(days);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

Result<int32_t> ParseDate(std::string_view text) {
  TextCursor cursor{text};
  int64_t days = ReadDays(cursor);
  if (!cursor.ok || !cursor.rest.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "not a date (want YYYY-MM-DD): '{}'", text);
  }
  return static_cast<int32_t>(days);
}

}  // namespace millpond
