#include "app/init/column_type.h"

#include <algorithm>

#include "base/result.h"
#include "data/sql/tokenizer.h"

namespace millpond::app {
namespace {

bool Nearly(int64_t some, int64_t all, int percent) {
  return all > 0 && some * 100 >= all * percent;
}

ColumnType Text(const ColumnProfile& column) {
  return {.kind = ColumnKind::kText, .sql = column.name};
}

ColumnType Cast(const ColumnProfile& column, ColumnKind kind, std::string_view type,
                int64_t readable) {
  return {.kind = kind,
          .sql = fmt::format("try_cast({} AS {})", column.name, type),
          .unreadable = column.filled - readable};
}

// ISO has two forms, with and without a time of day, which one column may mix.
ColumnType IsoTime(const ColumnProfile& column, int64_t with_time, int64_t without) {
  ColumnType type;
  const bool days = with_time == 0 || column.midnights == with_time;
  type.kind = days ? ColumnKind::kDate : ColumnKind::kTimestamp;
  type.sql = days ? fmt::format("CAST(try_cast({} AS TIMESTAMPTZ) AS DATE)", column.name)
                  : fmt::format("try_cast({} AS TIMESTAMPTZ)", column.name);
  type.format = days ? "dates (ISO 8601)" : "ISO 8601";
  type.unreadable = column.filled - with_time - without;
  if (!days && column.zoned < with_time) {
    type.doubt = column.zoned == 0 ? "no offset from UTC: read as UTC"
                                   : fmt::format("{} of {} without an offset: read as UTC",
                                                 with_time - column.zoned, with_time);
  }
  return type;
}

}  // namespace

std::string_view ToString(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kEmpty:
      return "empty";
    case ColumnKind::kInteger:
      return "whole numbers";
    case ColumnKind::kDecimal:
      return "decimals";
    case ColumnKind::kDouble:
      return "numbers";
    case ColumnKind::kBoolean:
      return "true or false";
    case ColumnKind::kDate:
      return "dates";
    case ColumnKind::kTimestamp:
      return "times";
    case ColumnKind::kText:
      return "text";
  }
  return "";
}

ColumnType TimeTypeOf(const ColumnProfile& column, const std::string& time_format) {
  const auto fits = [&](const char* name) {
    auto at = column.times.find(name);
    return at == column.times.end() ? int64_t{0} : at->second;
  };
  if (!time_format.empty()) {
    if (!Nearly(fits("given"), column.filled, 95)) return Text(column);
    return {.kind = ColumnKind::kTimestamp,
            .sql = fmt::format("CAST(try_strptime({}, {}) AS TIMESTAMPTZ)", column.name,
                               data::QuoteString(time_format)),
            .format = time_format,
            .unreadable = column.filled - fits("given")};
  }
  const int64_t with_time = fits("ISO 8601 date and time"), without = fits("ISO 8601 date");
  if (Nearly(with_time + without, column.filled, 95)) return IsoTime(column, with_time, without);
  const TimeFormat* best = nullptr;
  for (const auto& format : TimeFormats()) {
    if (!Nearly(fits(format.name), column.filled, 95)) continue;
    if (best == nullptr || fits(format.name) > fits(best->name)) best = &format;
  }
  if (best == nullptr) return Text(column);
  ColumnType type;
  type.kind = best->has_time_of_day ? ColumnKind::kTimestamp : ColumnKind::kDate;
  type.sql = ForColumn(best->sql, column.name);
  if (type.kind == ColumnKind::kDate) type.sql = "CAST(" + type.sql + " AS DATE)";
  type.format = best->name;
  type.unreadable = column.filled - fits(best->name);
  const bool time = std::string_view(best->name).ends_with("time");
  const bool american = std::string_view(best->name).starts_with("month");
  const char* other = american ? (time ? "day/month/year time" : "day/month/year")
                               : (time ? "month/day/year time" : "month/day/year");
  if (std::string_view(best->name).find('/') != std::string_view::npos &&
      fits(other) == fits(best->name)) {
    type.doubt = fmt::format("could be {} as well: say --time-format '%d/%m/%Y' if it is", other);
  }
  return type;
}

ColumnType TypeOf(const ColumnProfile& column) {
  if (column.filled == 0) return {.kind = ColumnKind::kEmpty, .sql = column.name};
  if (column.leading_zeros > 0 && Nearly(column.integers, column.filled, 99)) return Text(column);
  if (Nearly(column.integers, column.filled, 99)) {
    return Cast(column, ColumnKind::kInteger, "BIGINT", column.integers);
  }
  if (Nearly(column.numbers, column.filled, 99)) {
    // Amounts of money and the like are exact as decimals; what has more digits is measured.
    const double greatest =
        std::max(std::abs(column.min.value_or(0)), std::abs(column.max.value_or(0)));
    if (column.max_scale <= 2 && greatest < 1e14) {
      return Cast(column, ColumnKind::kDecimal, "DECIMAL(18,2)", column.numbers);
    }
    return Cast(column, ColumnKind::kDouble, "DOUBLE", column.numbers);
  }
  if (Nearly(column.booleans, column.filled, 99)) {
    return {.kind = ColumnKind::kBoolean,
            .sql = fmt::format("CASE WHEN lower({0}) IN ('true', 'yes', 't', 'y') THEN true "
                               "WHEN lower({0}) IN ('false', 'no', 'f', 'n') THEN false END",
                               column.name),
            .unreadable = column.filled - column.booleans};
  }
  const ColumnType time = TimeTypeOf(column, "");
  return time.is_time() ? time : Text(column);
}

}  // namespace millpond::app
