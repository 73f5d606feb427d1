#include "app/init/guess.h"

#include <algorithm>
#include <cctype>

#include "app/terminal.h"
#include "base/nearest_name.h"

namespace millpond::app {
namespace {

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool NameHas(std::string_view name, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

struct Scored {
  int column;
  double score;
};

// Best first; the file's order among equals.
std::vector<Scored> Ranked(std::vector<Scored> scored) {
  std::ranges::stable_sort(scored, [](const auto& a, const auto& b) { return a.score > b.score; });
  return scored;
}

std::vector<std::string> NamesAfterFirst(const std::vector<FileColumn>& columns,
                                         const std::vector<Scored>& ranked) {
  std::vector<std::string> names;
  for (size_t i = 1; i < ranked.size() && i < 5; ++i) {
    if (ranked[i].score < ranked[0].score - 3) break;
    names.push_back(columns[ranked[i].column].profile.name);
  }
  return names;
}

std::string Names(const std::vector<FileColumn>& columns) {
  std::string names;
  for (const auto& column : columns) {
    names += (names.empty() ? "" : ", ") + column.profile.header;
  }
  return names;
}

double TimeScore(const FileColumn& column) {
  const std::string& name = column.profile.name;
  double score = 0;
  if (NameEndsIn(name, {"time", "timestamp", "ts", "datetime", "date", "at", "day", "when"}))
    score += 3;
  else if (NameHas(name, {"time", "date", "when"}))
    score += 1.5;
  if (NameHas(name, {"updated", "modified", "loaded", "inserted", "birth", "expire", "end", "due",
                     "paid", "closed", "resolved", "return"}))
    score -= 2;
  if (NameHas(name, {"event", "order", "purchase", "occur", "created", "start"})) score += 0.5;
  if (column.time.kind == ColumnKind::kTimestamp) score += 1;
  if (column.type.is_number()) score -= column.time.format == "yyyymmdd" ? 0.5 : 1;
  score -= 4.0 * (1.0 - static_cast<double>(column.profile.filled) /
                            static_cast<double>(std::max<int64_t>(column.profile.rows, 1)));
  if (column.profile.distinct < 2) score -= 3;
  return score;
}

double EntityScore(const FileColumn& column) {
  const ColumnProfile& profile = column.profile;
  double score = 0;
  if (NameEndsIn(profile.name, {"id", "key", "uuid", "guid"}))
    score += 3;
  else if (NameEndsIn(profile.name, {"number", "num", "no", "nr", "code", "serial", "ref"}))
    score += 2;
  if (NameHas(profile.name,
              {"customer", "client",  "user",    "account",  "member", "machine",    "device",
               "sensor",   "vehicle", "patient", "tail",     "card",   "subscriber", "person",
               "player",   "student", "store",   "merchant", "asset",  "unit"}))
    score += 2;
  const double repeats = static_cast<double>(profile.filled) /
                         static_cast<double>(std::max<int64_t>(profile.distinct, 1));
  if (repeats >= 1.3) score += 1;
  if (repeats >= 2 && profile.distinct >= 10) score += 1;
  if (profile.distinct < 5) score -= 2;
  if (profile.filled * 10 < profile.rows * 8) score -= 2;
  return score;
}

bool CanBeEntity(const FileColumn& column) {
  const ColumnProfile& profile = column.profile;
  const bool right_kind =
      column.type.kind == ColumnKind::kInteger || column.type.kind == ColumnKind::kText;
  return right_kind && profile.distinct >= 1 && profile.distinct < profile.filled;
}

std::string EntityReason(const FileColumn& column) {
  const ColumnProfile& profile = column.profile;
  return fmt::format("{} different values in {} rows", WithThousands(profile.distinct),
                     WithThousands(profile.filled));
}

}  // namespace

bool NameEndsIn(std::string_view name, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    if (!name.ends_with(word)) return false;
    if (name.size() == word.size()) return true;
    // "paid" does not end in the word id; "tailnum" and "customerid" do in theirs.
    const char before = name[name.size() - word.size() - 1];
    return before == '_' || word.size() > 2 || (word == "id" && name.size() > 6);
  });
}

bool IsCode(const FileColumn& column) {
  return column.type.kind == ColumnKind::kInteger &&
         NameEndsIn(column.profile.name, {"id", "key", "code", "number", "num", "no", "nr", "zip",
                                          "postcode", "serial", "flight", "phone"});
}

Result<int> FindColumn(const std::vector<FileColumn>& columns, const std::string& name,
                       std::string_view flag) {
  std::vector<std::string> known;
  for (size_t i = 0; i < columns.size(); ++i) {
    const ColumnProfile& profile = columns[i].profile;
    if (Lower(name) == Lower(profile.header) || Lower(name) == profile.name)
      return static_cast<int>(i);
    known.push_back(profile.header);
  }
  const std::string nearest = NearestName(name, known);
  return Fail(ErrorKind::kInvalidArgument, "{}: the file has no column '{}'{}; it has {}", flag,
              name, nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest),
              Names(columns));
}

Result<Choice> GuessTime(const std::vector<FileColumn>& columns, const WantedColumns& wanted) {
  const auto reason = [&](int i) {
    const FileColumn& column = columns[i];
    std::string text = column.time.format;
    if (column.time.unreadable > 0) {
      text += fmt::format(", {} values cannot be read", WithThousands(column.time.unreadable));
    }
    return column.time.doubt.empty() ? text : text + "; " + column.time.doubt;
  };
  if (!wanted.time.empty()) {
    MP_ASSIGN_OR_RETURN(int found, FindColumn(columns, wanted.time, "--time"));
    if (!columns[found].time.is_time()) {
      return Fail(
          ErrorKind::kInvalidArgument,
          "--time {}: its values cannot be read as times (for example '{}'); ISO 8601, "
          "yyyymmdd, day.month.year, month/day/year and seconds since 1970 are known, others "
          "by --time-format '%d-%b-%Y %H:%M'",
          wanted.time, columns[found].profile.example);
    }
    return Choice{.column = found, .reason = reason(found)};
  }
  std::vector<Scored> scored;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].time.is_time()) continue;
    // A number that happens to look like a date must be called one.
    if (columns[i].type.is_number() && TimeScore(columns[i]) < 0.5) continue;
    scored.push_back({static_cast<int>(i), TimeScore(columns[i])});
  }
  if (scored.empty()) {
    return Fail(
        ErrorKind::kInvalidArgument,
        "no time column: none of the columns ({}) can be read as a date or time, and without "
        "one nothing says what came before what. Name it with --time, and --time-format if it "
        "is written in a way of its own",
        Names(columns));
  }
  scored = Ranked(std::move(scored));
  return Choice{.column = scored[0].column,
                .reason = reason(scored[0].column),
                .others = NamesAfterFirst(columns, scored)};
}

Result<Choice> GuessEntity(const std::vector<FileColumn>& columns, int time,
                           const WantedColumns& wanted) {
  if (!wanted.entity.empty()) {
    MP_ASSIGN_OR_RETURN(int found, FindColumn(columns, wanted.entity, "--entity"));
    if (found == time) {
      return Fail(ErrorKind::kInvalidArgument, "--entity {}: this column is the time",
                  wanted.entity);
    }
    if (columns[found].profile.filled == 0) {
      return Fail(ErrorKind::kInvalidArgument, "--entity {}: the column is empty", wanted.entity);
    }
    return Choice{.column = found, .reason = EntityReason(columns[found])};
  }
  std::vector<Scored> scored;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (static_cast<int>(i) == time || !CanBeEntity(columns[i])) continue;
    const double score = EntityScore(columns[i]);
    if (score >= 1) scored.push_back({static_cast<int>(i), score});
  }
  if (scored.empty()) {
    return Fail(
        ErrorKind::kInvalidArgument,
        "no column looks like the name of a thing that comes again (a customer, a machine): "
        "name one of {} with --entity",
        Names(columns));
  }
  scored = Ranked(std::move(scored));
  return Choice{.column = scored[0].column,
                .reason = EntityReason(columns[scored[0].column]),
                .others = NamesAfterFirst(columns, scored)};
}

}  // namespace millpond::app
