#include "app/init/column_profile.h"

#include "base/json.h"
#include "data/sql/tokenizer.h"

namespace millpond::app {
namespace {

// Of any letter case.
constexpr std::string_view kMissing =
    "'NA', 'N/A', 'NULL', 'NAN', 'NONE', '\\N', '?', '-', '#N/A', ''";

constexpr std::string_view kNumber = "'^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$'";

int64_t Count(const Json& row, const char* key) {
  auto at = row.find(key);
  return at != row.end() && at->is_number() ? at->get<int64_t>() : 0;
}

std::optional<double> Number(const Json& row, const char* key) {
  auto at = row.find(key);
  if (at == row.end() || !at->is_number()) return std::nullopt;
  return at->get<double>();
}

std::string Text(const Json& row, const char* key) {
  auto at = row.find(key);
  return at != row.end() && at->is_string() ? at->get<std::string>() : "";
}

}  // namespace

std::string ForColumn(std::string_view pattern, std::string_view column) {
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.substr(i, 2) == "{}") {
      text += column;
      ++i;
    } else {
      text += pattern[i];
    }
  }
  return text;
}

const std::vector<TimeFormat>& TimeFormats() {
  static const std::vector<TimeFormat> formats = {
      {"ISO 8601 date and time",
       "CASE WHEN regexp_matches({}, '^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T]+[0-9]') "
       "THEN try_cast({} AS TIMESTAMPTZ) END",
       true},
      {"ISO 8601 date",
       "CASE WHEN regexp_matches({}, '^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}$') "
       "THEN try_cast({} AS TIMESTAMPTZ) END",
       false},
      {"yyyymmdd",
       "CASE WHEN regexp_matches({}, '^(19|20)[0-9]{6}$') "
       "THEN CAST(try_strptime({}, '%Y%m%d') AS TIMESTAMPTZ) END",
       false},
      {"day.month.year", "CAST(try_strptime({}, '%d.%m.%Y') AS TIMESTAMPTZ)", false},
      {"day.month.year time",
       "CAST(try_strptime({}, ['%d.%m.%Y %H:%M:%S', '%d.%m.%Y %H:%M']) AS TIMESTAMPTZ)", true},
      {"month/day/year", "CAST(try_strptime({}, '%m/%d/%Y') AS TIMESTAMPTZ)", false},
      {"day/month/year", "CAST(try_strptime({}, '%d/%m/%Y') AS TIMESTAMPTZ)", false},
      {"month/day/year time",
       "CAST(try_strptime({}, ['%m/%d/%Y %H:%M:%S', '%m/%d/%Y %H:%M', '%m/%d/%Y %I:%M:%S %p', "
       "'%m/%d/%Y %I:%M %p']) AS TIMESTAMPTZ)",
       true},
      {"day/month/year time",
       "CAST(try_strptime({}, ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M']) AS TIMESTAMPTZ)", true},
      // Epochs from 1990 to 2100, so that no amount is taken for a time.
      {"seconds since 1970",
       "CASE WHEN regexp_matches({}, '^[0-9]{9,10}([.][0-9]+)?$') AND "
       "try_cast({} AS DOUBLE) BETWEEN 631152000 AND 4102444800 "
       "THEN to_timestamp(try_cast({} AS DOUBLE)) END",
       true},
      {"milliseconds since 1970",
       "CASE WHEN regexp_matches({}, '^[0-9]{12,13}$') AND "
       "try_cast({} AS BIGINT) BETWEEN 631152000000 AND 4102444800000 "
       "THEN CAST(make_timestamp(try_cast({} AS BIGINT) * 1000) AS TIMESTAMPTZ) END",
       true},
      {"microseconds since 1970",
       "CASE WHEN regexp_matches({}, '^[0-9]{15,16}$') AND "
       "try_cast({} AS BIGINT) BETWEEN 631152000000000 AND 4102444800000000 "
       "THEN CAST(make_timestamp(try_cast({} AS BIGINT)) AS TIMESTAMPTZ) END",
       true},
  };
  return formats;
}

std::string FilledSql(const std::string& column) {
  return fmt::format("upper(trim({})) NOT IN ({})", column, kMissing);
}

std::string ProfileSql(const std::string& name, const std::string& time_format) {
  std::string sql =
      "SELECT count(*) AS rows, count(v) AS filled, count(DISTINCT v) AS distinct_values";
  sql += ", count(*) FILTER (WHERE regexp_matches(v, '^[+-]?[0-9]{1,18}$')) AS integers";
  sql += fmt::format(", count(*) FILTER (WHERE regexp_matches(v, {})) AS numbers", kNumber);
  sql +=
      ", count(*) FILTER (WHERE lower(v) IN ('true','false','yes','no','t','f','y','n')) AS "
      "booleans";
  sql += ", count(*) FILTER (WHERE regexp_matches(v, '^0[0-9]+$')) AS leading_zeros";
  sql +=
      ", count(*) FILTER (WHERE regexp_matches(v, "
      "'[0-9]:[0-9]{2}.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$')) AS zoned";
  sql += fmt::format(
      ", max(CASE WHEN NOT regexp_matches(v, {0}) THEN 0 WHEN contains(lower(v), 'e') THEN 99 "
      "WHEN contains(v, '.') THEN length(v) - strpos(v, '.') ELSE 0 END) AS max_scale",
      kNumber);
  sql += fmt::format(
      ", min(CASE WHEN regexp_matches(v, {0}) THEN try_cast(v AS DOUBLE) END) AS least", kNumber);
  sql += fmt::format(
      ", max(CASE WHEN regexp_matches(v, {0}) THEN try_cast(v AS DOUBLE) END) AS greatest",
      kNumber);
  sql +=
      ", count(*) FILTER (WHERE regexp_matches(v, '[ T]00:00(:00([.]0+)?)?(Z|[+]00(:?00)?)?$')) AS "
      "midnights";
  sql += ", min(v) AS example, min(missing) AS missing_word, count(missing) AS missing_words";
  int index = 0;
  for (const auto& format : TimeFormats()) {
    sql += fmt::format(", count({}) AS time_{}", ForColumn(format.sql, "v"), index++);
  }
  if (!time_format.empty()) {
    sql +=
        fmt::format(", count(try_strptime(v, {})) AS time_given", data::QuoteString(time_format));
  }
  return fmt::format(
      "{0} FROM (SELECT CASE WHEN {2} THEN trim({1}) END AS v, "
      "CASE WHEN trim({1}) <> '' AND NOT ({2}) THEN trim({1}) END AS missing FROM file_rows)",
      sql, name, FilledSql(name));
}

std::string TopValuesSql(const std::string& name) {
  return fmt::format(
      "SELECT trim({0}) AS v, count(*) AS n FROM file_rows WHERE {1} GROUP BY 1 "
      "ORDER BY n DESC, v LIMIT 6",
      name, FilledSql(name));
}

Result<ColumnProfile> ProfileFromJson(const Json& row) {
  if (!row.is_object()) return Fail(ErrorKind::kInternal, "a profile gave no row");
  ColumnProfile profile;
  profile.rows = Count(row, "rows");
  profile.filled = Count(row, "filled");
  profile.distinct = Count(row, "distinct_values");
  profile.integers = Count(row, "integers");
  profile.numbers = Count(row, "numbers");
  profile.booleans = Count(row, "booleans");
  profile.leading_zeros = Count(row, "leading_zeros");
  profile.zoned = Count(row, "zoned");
  profile.max_scale = static_cast<int>(Count(row, "max_scale"));
  profile.min = Number(row, "least");
  profile.max = Number(row, "greatest");
  profile.midnights = Count(row, "midnights");
  profile.example = Text(row, "example");
  profile.missing_word = Text(row, "missing_word");
  profile.missing_words = Count(row, "missing_words");
  int index = 0;
  for (const auto& format : TimeFormats()) {
    const int64_t fits = Count(row, fmt::format("time_{}", index++).c_str());
    if (fits > 0) profile.times[format.name] = fits;
  }
  if (const int64_t fits = Count(row, "time_given"); fits > 0) profile.times["given"] = fits;
  return profile;
}

}  // namespace millpond::app
