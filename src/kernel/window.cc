#include "kernel/window.h"

#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include "kernel/functions_internal.h"

namespace millpond::kernel {
namespace {

struct NamedLength {
  std::string_view name;  // singular
  Micros micros;          // 0: no fixed length
};

constexpr auto kLengths = std::to_array<NamedLength>({
    {"microsecond", 1},
    {"us", 1},
    {"millisecond", kMicrosPerMilli},
    {"ms", kMicrosPerMilli},
    {"second", kMicrosPerSecond},
    {"sec", kMicrosPerSecond},
    {"s", kMicrosPerSecond},
    {"minute", 60 * kMicrosPerSecond},
    {"min", 60 * kMicrosPerSecond},
    {"m", 60 * kMicrosPerSecond},
    {"hour", kMicrosPerHour},
    {"h", kMicrosPerHour},
    {"day", kMicrosPerDay},
    {"d", kMicrosPerDay},
    {"week", 7 * kMicrosPerDay},
    {"w", 7 * kMicrosPerDay},
    {"month", 0},
    {"quarter", 0},
    {"year", 0},
    {"decade", 0},
    {"century", 0},
});

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::unexpected<Error> NotAnInterval(std::string_view text) {
  return Fail(ErrorKind::kInvalidArgument,
              "'{}' is no interval; write '90 days', '1 hour 30 minutes' or '01:30:00'", text);
}

// "hh:mm" or "hh:mm:ss"; sets *used to its length.
Result<Micros> ParseClock(std::string_view text, std::string_view whole, size_t* used) {
  std::array<int64_t, 3> parts{};
  size_t at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto [stop, error] = std::from_chars(text.data() + at, text.data() + text.size(), parts[i]);
    if (error != std::errc() || parts[i] < 0 || (i > 0 && parts[i] > 59))
      return NotAnInterval(whole);
    at = stop - text.data();
    if (at == text.size() || text[at] != ':') break;
    ++at;
  }
  *used = at;
  if (parts[0] > 2'000'000'000) return NotAnInterval(whole);
  return (parts[0] * 3600 + parts[1] * 60 + parts[2]) * kMicrosPerSecond;
}

}  // namespace

Result<Micros> IntervalMicros(int64_t count, std::string_view unit) {
  std::string lower = LowerName(unit);
  if (lower == "centuries") lower = "century";
  for (const NamedLength& known : kLengths) {
    if (lower != known.name && lower != std::string(known.name) + "s") continue;
    if (known.micros == 0) {
      return Fail(ErrorKind::kInvalidArgument,
                  "a {} has no fixed length; write days, of 86,400 seconds", known.name);
    }
    Micros micros = 0;
    if (__builtin_mul_overflow(count, known.micros, &micros)) {
      return Fail(ErrorKind::kInvalidArgument, "an interval of {} {} is too long", count, unit);
    }
    return micros;
  }
  return Fail(ErrorKind::kInvalidArgument,
              "there is no unit '{}' of time; there are microseconds, milliseconds, seconds, "
              "minutes, hours, days, weeks",
              unit);
}

Result<Micros> ParseInterval(std::string_view text) {
  Micros total = 0;
  size_t at = 0;
  bool any = false;
  while (true) {
    while (at < text.size() && text[at] == ' ') ++at;
    if (at == text.size()) break;
    std::string_view rest = text.substr(at);
    Micros part = 0;
    size_t digits = rest.starts_with('-') || rest.starts_with('+') ? 1 : 0;
    while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
    if (digits < rest.size() && rest[digits] == ':') {
      size_t used = 0;
      MP_ASSIGN_OR_RETURN(part, ParseClock(rest, text, &used));
      at += used;
    } else {
      int64_t count = 0;
      std::string_view number = rest.substr(rest.starts_with('+') ? 1 : 0);
      auto [stop, error] = std::from_chars(number.data(), rest.data() + digits, count);
      if (error != std::errc() || stop != rest.data() + digits) return NotAnInterval(text);
      at += digits;
      while (at < text.size() && text[at] == ' ') ++at;
      size_t begin = at;
      while (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0) ++at;
      if (at == begin) return NotAnInterval(text);
      MP_ASSIGN_OR_RETURN(part, IntervalMicros(count, text.substr(begin, at - begin)));
    }
    if (__builtin_add_overflow(total, part, &total)) return NotAnInterval(text);
    any = true;
  }
  if (!any) return NotAnInterval(text);
  return total;
}

}  // namespace millpond::kernel
