#include "platform/jobs/cron.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <span>
#include <vector>

namespace millpond::platform {
namespace {

constexpr Micros kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr int64_t kDaysOfCalendar = 146'097;  // 400 years: then it repeats
constexpr int kMinutesPerDay = 24 * 60;

constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int first;
  int last;
  std::span<const std::string_view> names = {};  // of first, first + 1, …
};

constexpr Field kMinute = {"minute", 0, 59};
constexpr Field kHour = {"hour", 0, 23};
constexpr Field kDay = {"day of month", 1, 31};
constexpr Field kMonth = {"month", 1, 12, kMonths};
constexpr Field kWeekday = {"day of week", 0, 7, kWeekdays};

struct Shorthand {
  std::string_view name;
  std::string_view line;
};
constexpr Shorthand kShorthands[] = {{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
                                     {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
                                     {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
                                     {"@annually", "0 0 1 1 *"}};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> Words(std::string_view text) {
  auto words = Split(text, " \t");
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

std::unexpected<Error> Refuse(const Field& field, std::string_view text, std::string_view why) {
  return Fail(ErrorKind::kInvalidArgument, "cron field '{}' ({}): {}; it takes {} to {}{}", text,
              field.name, why, field.first, field.last,
              field.names.empty()
                  ? std::string()
                  : fmt::format(" or {} to {}", field.names.front(), field.names.back()));
}

std::optional<int> Number(std::string_view text) {
  if (text.empty()) return {};
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') return {};
  return value;
}

Result<int> Value(const Field& field, std::string_view text) {
  if (auto number = Number(text)) {
    if (*number >= field.first && *number <= field.last) return *number;
    return Refuse(field, text, "out of range");
  }
  const auto named = std::ranges::find(field.names, Lower(text));
  if (named != field.names.end()) {
    return field.first + static_cast<int>(named - field.names.begin());
  }
  return Refuse(field, text, "not understood");
}

// "*", "5", "1-5", "mon-fri", each with "/step" where it is a range.
Result<uint64_t> Item(const Field& field, std::string_view text) {
  const auto parts = Split(text, "/");
  if (parts.size() > 2) return Refuse(field, text, "more than one step");
  const std::string_view range = parts[0];
  const size_t dash = range.find('-');
  int first = field.first;
  int last = field.last;
  if (range != "*") {
    MP_ASSIGN_OR_RETURN(first, Value(field, range.substr(0, dash)));
    last = first;
    if (dash != std::string_view::npos) {
      MP_ASSIGN_OR_RETURN(last, Value(field, range.substr(dash + 1)));
      if (last == 0 && first > 0 && field.last == 7) last = 7;  // fri-sun
    }
    if (last < first) return Refuse(field, text, "the range goes backwards; write it as two");
  }
  int step = 1;
  if (parts.size() == 2) {
    if (range != "*" && dash == std::string_view::npos) {
      return Refuse(
          field, text,
          fmt::format("a step needs a range, such as {}-{}/{}", range, field.last, parts[1]));
    }
    const auto number = Number(parts[1]);
    if (!number || *number < 1 || *number > field.last) {
      return Refuse(field, text, "the step is no number of this size");
    }
    step = *number;
  }
  uint64_t bits = 0;
  for (int value = first; value <= last; value += step) bits |= uint64_t{1} << value;
  return bits;
}

Result<uint64_t> Bits(const Field& field, std::string_view text) {
  uint64_t bits = 0;
  for (std::string_view item : Split(text, ",")) {
    if (item.empty()) return Refuse(field, text, "an item of the list is empty");
    MP_ASSIGN_OR_RETURN(uint64_t one, Item(field, item));
    bits |= one;
  }
  return bits;
}

}  // namespace

Result<CronSchedule> CronSchedule::Parse(std::string_view text) {
  CronSchedule schedule;
  auto words = Words(text);
  schedule.text_ = fmt::format("{}", fmt::join(words, " "));
  if (words.size() == 1 && words[0].starts_with('@')) {
    const auto known = std::ranges::find(kShorthands, Lower(words[0]), &Shorthand::name);
    if (known == std::end(kShorthands)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "'{}' is none of @hourly, @daily, @weekly, @monthly, @yearly", text);
    }
    words = Words(known->line);
  }
  if (words.size() != 5) {
    return Fail(ErrorKind::kInvalidArgument,
                "a cron line has five fields (minute hour day-of-month month day-of-week), such as "
                "\"15 2 * * *\"; '{}' has {}",
                text, words.size());
  }
  MP_ASSIGN_OR_RETURN(schedule.minutes_, Bits(kMinute, words[0]));
  MP_ASSIGN_OR_RETURN(uint64_t hours, Bits(kHour, words[1]));
  MP_ASSIGN_OR_RETURN(uint64_t days, Bits(kDay, words[2]));
  MP_ASSIGN_OR_RETURN(uint64_t months, Bits(kMonth, words[3]));
  MP_ASSIGN_OR_RETURN(uint64_t weekdays, Bits(kWeekday, words[4]));
  schedule.hours_ = static_cast<uint32_t>(hours);
  schedule.days_ = static_cast<uint32_t>(days);
  schedule.months_ = static_cast<uint32_t>(months);
  schedule.weekdays_ = static_cast<uint32_t>((weekdays | weekdays >> 7) & 0x7f);
  schedule.either_day_ = !words[2].starts_with('*') && !words[4].starts_with('*');
  if (!schedule.Next(0)) {
    return Fail(ErrorKind::kInvalidArgument, "no day of any year fits the cron line '{}'", text);
  }
  return schedule;
}

bool CronSchedule::FitsDay(int64_t days) const {
  const std::chrono::sys_days day{std::chrono::days(days)};
  const std::chrono::year_month_day date{day};
  if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  const bool of_month = (days_ >> static_cast<unsigned>(date.day()) & 1) != 0;
  const bool of_week = (weekdays_ >> std::chrono::weekday(day).c_encoding() & 1) != 0;
  return either_day_ ? of_month || of_week : of_month && of_week;
}

int CronSchedule::NextMinuteOfDay(int minute) const {
  for (int hour = minute / 60; hour < 24; ++hour) {
    if ((hours_ >> hour & 1) == 0) continue;
    const int from = hour == minute / 60 ? minute % 60 : 0;
    const uint64_t left = minutes_ >> from << from;
    if (left != 0) return hour * 60 + std::countr_zero(left);
  }
  return -1;
}

std::optional<Micros> CronSchedule::Next(Micros at) const {
  // Floor division also before 1970.
  int64_t days = at / kMicrosPerDay - (at % kMicrosPerDay < 0 ? 1 : 0);
  int minute = static_cast<int>((at - days * kMicrosPerDay) / kMicrosPerMinute) + 1;
  for (const int64_t end = days + kDaysOfCalendar; days <= end; ++days, minute = 0) {
    if (minute >= kMinutesPerDay || !FitsDay(days)) continue;
    const int found = NextMinuteOfDay(minute);
    if (found >= 0) return days * kMicrosPerDay + found * kMicrosPerMinute;
  }
  return std::nullopt;
}

}  // namespace millpond::platform
