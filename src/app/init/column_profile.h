// What the values of each column look like: counts over all rows of the file, taken by SQL from a
// table that holds every field as text. Nothing is decided here; column_type.h and guess.h do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_fwd.h"
#include "base/result.h"

namespace millpond::app {

struct ColumnProfile {
  std::string header;    // as the file calls it
  std::string name;      // in SQL
  int64_t rows = 0;      // of the file
  int64_t filled = 0;    // that say something: not empty, no word for "missing"
  int64_t distinct = 0;  // different values of the filled
  // How many of the filled can be read as …
  int64_t integers = 0;
  int64_t numbers = 0;
  int64_t booleans = 0;                  // true, false, yes, no, t, f, y, n
  int64_t leading_zeros = 0;             // 007: a name, not a number
  int64_t zoned = 0;                     // a time with its offset from UTC
  std::map<std::string, int64_t> times;  // by the name of a time format (kTimeFormats)
  int max_scale = 0;                     // decimals of the numbers; 99: exponents
  std::optional<double> min = std::nullopt, max = std::nullopt;  // of the numbers
  int64_t midnights = 0;                                         // ISO times without a time of day
  std::string example;                                           // the least of the filled values
  std::string missing_word;                                      // "NA"; "": the empty field alone
  int64_t missing_words = 0;
  std::vector<std::pair<std::string, int64_t>> top;  // most frequent values first, at most 6
};

// How a text becomes a time: `sql` is DuckDB's expression with {} in the place of the column.
struct TimeFormat {
  const char* name;  // of the map above, and what a person reads
  const char* sql;
  bool has_time_of_day;
};
const std::vector<TimeFormat>& TimeFormats();

// One row of counts of table `rows`, column `name`. `time_format` adds a strptime format.
std::string ProfileSql(const std::string& name, const std::string& time_format);
std::string TopValuesSql(const std::string& name);

Result<ColumnProfile> ProfileFromJson(const Json& row);

// The condition that a text says something, and the words that say nothing.
std::string FilledSql(const std::string& column);

// `pattern` with the column in the place of each {}.
std::string ForColumn(std::string_view pattern, std::string_view column);

}  // namespace millpond::app
