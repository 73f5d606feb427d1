#include "data/sql/statements/generated_partitions.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/clock.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/text_limits.h"
#include "data/sql/spark_text.h"
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

using Part = GeneratedPartitions::Part;
using Source = GeneratedPartitions::Source;

constexpr int64_t kHourMicros = kMicrosPerHour;

std::optional<std::string> ColumnOf(const SqlExpr& expression) {
  if (expression.kind == SqlExprKind::kColumn && expression.names.size() == 1) {
    return expression.names[0];
  }
  // year(CAST(ts AS DATE)) is year(ts).
  const bool date = expression.kind == SqlExprKind::kCast && expression.type_name == "DATE";
  return date ? ColumnOf(expression.children[0]) : std::nullopt;
}

std::string TextOf(const SqlExpr& expression) {
  const bool text = expression.kind == SqlExprKind::kConstant &&
                    expression.literal.kind == SqlLiteral::Kind::kString;
  return text ? expression.literal.text : "";
}

std::optional<int64_t> NumberOf(const SqlExpr& expression) {
  if (expression.kind != SqlExprKind::kConstant) return std::nullopt;
  const std::string& text = expression.literal.text;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string UnitOf(const std::string& written) {
  const std::string unit = LowerName(written);
  if (unit == "yyyy" || unit == "yy") return "year";
  if (unit == "mm" || unit == "mon") return "month";
  if (unit == "dd") return "day";
  return unit;
}

std::optional<Source> PrefixOf(const SqlExpr& call) {
  const auto column = ColumnOf(call.children[0]);
  if (!column) return std::nullopt;
  if (call.name == "left" && call.children.size() == 2) {
    const auto count = NumberOf(call.children[1]);
    if (count && *count > 0) return Source{*column, Part::kPrefix, "", *count};
  }
  if ((call.name == "substring" || call.name == "substr") && call.children.size() == 3) {
    const auto start = NumberOf(call.children[1]), count = NumberOf(call.children[2]);
    const bool first = start && (*start == 0 || *start == 1);
    if (first && count && *count > 0) return Source{*column, Part::kPrefix, "", *count};
  }
  return std::nullopt;
}

std::optional<Source> SourceOf(const SqlExpr& expression) {
  if (expression.kind == SqlExprKind::kCast) {
    const auto column = ColumnOf(expression);
    return column ? std::optional(Source{*column, Part::kDate}) : std::nullopt;
  }
  if (expression.kind != SqlExprKind::kFunction || expression.children.empty()) return std::nullopt;
  const auto& arguments = expression.children;
  static const std::map<std::string, Part> kParts = {
      {"date", Part::kDate},   {"to_date", Part::kDate}, {"year", Part::kYear},
      {"month", Part::kMonth}, {"day", Part::kDay},      {"dayofmonth", Part::kDay},
      {"hour", Part::kHour}};
  const auto part = kParts.find(expression.name);
  if (part != kParts.end() && arguments.size() == 1) {
    const auto column = ColumnOf(arguments[0]);
    return column ? std::optional(Source{*column, part->second}) : std::nullopt;
  }
  if (arguments.size() == 2 && (expression.name == "trunc" || expression.name == "date_trunc")) {
    const bool first = expression.name == "trunc";
    const auto column = ColumnOf(arguments[first ? 0 : 1]);
    if (!column) return std::nullopt;
    return Source{*column, Part::kTruncated, UnitOf(TextOf(arguments[first ? 1 : 0]))};
  }
  if (arguments.size() == 2 && expression.name == "date_format") {
    const auto column = ColumnOf(arguments[0]);
    const std::string pattern = TextOf(arguments[1]);
    for (const char* known : {"yyyy", "yyyy-MM", "yyyy-MM-dd", "yyyy-MM-dd-HH"}) {
      if (column && pattern == known) return Source{*column, Part::kFormatted};
    }
    return std::nullopt;
  }
  return PrefixOf(expression);
}

// Moments in microseconds, `end` not included.
struct Span {
  Micros begin, end;
};

int64_t DaysOf(int64_t year, int64_t month, int64_t day) {
  using namespace std::chrono;  // NOLINT: a calendar
  const year_month_day date{std::chrono::year(static_cast<int>(year)),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  return sys_days(date).time_since_epoch().count();
}

// The span of a year, or of one month, day and hour in it, as far as they are known.
std::optional<Span> SpanOf(const std::vector<int64_t>& parts) {
  const auto in = [&](size_t i, int64_t low, int64_t high) {
    return parts.size() <= i || (parts[i] >= low && parts[i] <= high);
  };
  if (parts.empty() || !in(0, 1, 9999) || !in(1, 1, 12) || !in(2, 1, 31) || !in(3, 0, 23)) {
    return std::nullopt;
  }
  const int64_t year = parts[0];
  if (parts.size() == 1) {
    return Span{DaysOf(year, 1, 1) * kMicrosPerDay, DaysOf(year + 1, 1, 1) * kMicrosPerDay};
  }
  const int64_t month = parts[1];
  if (parts.size() == 2) {
    const bool last = month == 12;
    return Span{DaysOf(year, month, 1) * kMicrosPerDay,
                DaysOf(last ? year + 1 : year, last ? 1 : month + 1, 1) * kMicrosPerDay};
  }
  const Micros day = DaysOf(year, month, parts[2]) * kMicrosPerDay;
  if (parts.size() == 3) return Span{day, day + kMicrosPerDay};
  return Span{day + parts[3] * kHourMicros, day + (parts[3] + 1) * kHourMicros};
}

// "2024-02-29-13" and what it begins with.
std::optional<Span> SpanOf(const std::string& text) {
  std::vector<int64_t> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('-', at), text.size());
    int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, number);
    if (error != std::errc() || stop != text.data() + end) return std::nullopt;
    parts.push_back(number);
    at = end + 1;
  }
  return SpanOf(parts);
}

std::optional<Span> TruncatedSpan(Micros begin, const std::string& unit) {
  static const std::map<std::string, Micros> kLengths = {
      {"year", 366 * kMicrosPerDay}, {"quarter", 92 * kMicrosPerDay}, {"month", 31 * kMicrosPerDay},
      {"week", 7 * kMicrosPerDay},   {"day", kMicrosPerDay},          {"hour", kHourMicros},
      {"minute", kHourMicros / 60},  {"second", kMicrosPerSecond}};
  const auto length = kLengths.find(unit);
  if (length == kLengths.end()) return std::nullopt;
  return Span{begin, begin + length->second};
}

void Narrow(std::optional<Span>& span, const std::optional<Span>& other) {
  if (!other) return;
  if (!span) {
    span = other;
  } else {
    span = Span{std::max(span->begin, other->begin), std::min(span->end, other->end)};
  }
}

std::optional<ColumnValue> ValueOf(const Snapshot& snapshot, size_t file,
                                   const StructField& field) {
  const auto text = snapshot.files().partition_value(file, field.name);
  if (!text) return std::nullopt;
  auto value = ParsePartitionValue(*text, field.type);
  if (!value || !HasValue(*value)) return std::nullopt;
  return *std::move(value);
}

GeneratedPartitions::Bounds PrefixBounds(const std::string& prefix, int64_t characters) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const bool whole = std::ranges::count_if(prefix, begins) < characters;
  return {prefix, whole ? prefix : prefix + "\xF4\x8F\xBF\xBF"};
}

std::optional<GeneratedPartitions::Bounds> TimeBounds(std::optional<Span> span, TypeKind kind) {
  if (!span || span->begin >= span->end) return std::nullopt;
  switch (kind) {
    case TypeKind::kDate: {
      const auto day = [](Micros at) {
        return at / kMicrosPerDay - (at % kMicrosPerDay < 0 ? 1 : 0);
      };
      return GeneratedPartitions::Bounds{day(span->begin), day(span->end - 1)};
    }
    case TypeKind::kTimestamp:
      return GeneratedPartitions::Bounds{span->begin - kMicrosPerDay,
                                         span->end + kMicrosPerDay - 1};
    case TypeKind::kTimestampNtz:
      return GeneratedPartitions::Bounds{span->begin, span->end - 1};
    default:
      return std::nullopt;
  }
}

}  // namespace

GeneratedPartitions::GeneratedPartitions(const Snapshot& snapshot) {
  for (const std::string& name : snapshot.metadata().partition_columns) {
    const StructField* field = snapshot.schema().Find(name);
    // A CHAR or VARCHAR may lack spaces that the expression's value has.
    if (field == nullptr || field->metadata.contains(kTextLimitKey)) continue;
    const auto text = GenerationExpressionOf(*field);
    if (!text || !*text) continue;
    const auto sql = FromSparkSql(**text);
    if (!sql) continue;
    const SourceText written("", *sql);
    const auto tree = ParseExpression(written.text(), written);
    if (!tree) continue;
    const auto source = SourceOf(*tree);
    if (!source) continue;
    const StructField* column = snapshot.schema().Find(source->column);
    if (column != nullptr) by_source_[column->name].push_back({*field, *source});
  }
}

std::optional<GeneratedPartitions::Bounds> GeneratedPartitions::Of(const Snapshot& snapshot,
                                                                   size_t file,
                                                                   const StructField& field) const {
  const auto found = by_source_.find(field.name);
  if (found == by_source_.end()) return std::nullopt;
  std::optional<Span> span;
  std::map<Part, int64_t> parts;
  for (const Partition& one : found->second) {
    const auto value = ValueOf(snapshot, file, one.field);
    if (!value) continue;
    const auto* number = std::get_if<int64_t>(&*value);
    const auto* text = std::get_if<std::string>(&*value);
    if (one.source.part == Part::kPrefix) {
      if (text != nullptr && field.type.kind() == TypeKind::kString) {
        return PrefixBounds(*text, one.source.characters);
      }
    } else if (one.source.part == Part::kFormatted) {
      if (text != nullptr) Narrow(span, SpanOf(*text));
    } else if (number != nullptr && one.source.part == Part::kDate) {
      Narrow(span, Span{*number * kMicrosPerDay, (*number + 1) * kMicrosPerDay});
    } else if (number != nullptr && one.source.part == Part::kTruncated) {
      const bool date = one.field.type.kind() == TypeKind::kDate;
      Narrow(span, TruncatedSpan(date ? *number * kMicrosPerDay : *number, one.source.unit));
    } else if (number != nullptr) {
      parts[one.source.part] = *number;
    }
  }
  std::vector<int64_t> known;  // from the year down, without a gap
  for (const Part part : {Part::kYear, Part::kMonth, Part::kDay, Part::kHour}) {
    if (!parts.contains(part)) break;
    known.push_back(parts.at(part));
  }
  if (!known.empty()) Narrow(span, SpanOf(known));
  return TimeBounds(span, field.type.kind());
}

}  // namespace millpond::data
