#include "app/init/csv_head.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace millpond::app {
namespace {

constexpr std::array<char, 4> kDelimiters = {',', ';', '\t', '|'};

// Words that DuckDB (duckdb_keywords(): reserved, type_function) or a feature view would not read
// as a name, and the column that the pipeline adds.
constexpr std::string_view kReserved[] = {
    "all",          "analyse",    "analyze",     "and",           "anti",
    "any",          "array",      "as",          "as_of",         "asc",
    "asof",         "asymmetric", "at",          "authorization", "between",
    "binary",       "both",       "by",          "case",          "cast",
    "check",        "collate",    "collation",   "column",        "columns",
    "concurrently", "constraint", "create",      "cross",         "current",
    "default",      "deferrable", "desc",        "describe",      "distinct",
    "do",           "else",       "end",         "entity",        "except",
    "false",        "features",   "fetch",       "filter",        "following",
    "for",          "foreign",    "freeze",      "from",          "full",
    "generated",    "glob",       "grant",       "group",         "having",
    "ilike",        "in",         "initially",   "inner",         "intersect",
    "interval",     "into",       "is",          "isnull",        "join",
    "known",        "lambda",     "lateral",     "leading",       "left",
    "life",         "like",       "limit",       "map",           "natural",
    "not",          "notnull",    "null",        "offset",        "on",
    "only",         "or",         "order",       "outer",         "over",
    "overlaps",     "partition",  "pivot",       "pivot_longer",  "pivot_wider",
    "placing",      "positional", "preceding",   "primary",       "qualify",
    "range",        "references", "returning",   "right",         "row",
    "rows",         "select",     "semi",        "settle",        "show",
    "similar",      "some",       "stream",      "struct",        "summarize",
    "symmetric",    "table",      "tablesample", "then",          "to",
    "trailing",     "true",       "try_cast",    "unbounded",     "union",
    "unique",       "unpack",     "unpivot",     "unreadable",    "using",
    "values",       "variadic",   "verbose",     "view",          "when",
    "where",        "window",     "with"};

bool IsData(std::string_view field) {
  return !field.empty() && std::isdigit(static_cast<unsigned char>(field.front())) &&
         std::ranges::all_of(field, [](unsigned char c) {
           return std::isdigit(c) || c == '.' || c == '-' || c == ':' || c == '/' || c == ' ' ||
                  c == 'T' || c == 'Z';
         });
}

// The one that the header has most of; a line of the data must have as many.
char FindDelimiter(const std::vector<std::string>& lines) {
  char best = ',';
  size_t most = 1;
  for (const char delimiter : kDelimiters) {
    const size_t fields = SplitCsvLine(lines[0], delimiter).size();
    if (fields <= most) continue;
    // A row whose quotes are open goes on in the next line.
    if (lines.size() > 1 && std::ranges::count(lines[1], '"') % 2 == 0 &&
        SplitCsvLine(lines[1], delimiter).size() < fields)
      continue;
    most = fields;
    best = delimiter;
  }
  return best;
}

std::string SqlName(std::string_view column) {
  std::string name;
  char before = '_';
  for (const char c : column) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) && u < 128) {
      const bool hump = std::isupper(u) && std::islower(static_cast<unsigned char>(before));
      if (hump) name += '_';
      name += static_cast<char>(std::tolower(u));
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
    before = c;
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.empty()) name = "column";
  if (std::isdigit(static_cast<unsigned char>(name[0]))) name = "c_" + name;
  if (name == "at" || name == "when") return name + "_time";
  if (std::ranges::find(kReserved, name) != std::end(kReserved)) name += "_value";
  return name;
}

}  // namespace

std::vector<std::string> SplitCsvLine(std::string_view line, char delimiter) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == delimiter && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

Result<CsvHead> ReadCsvHead(const std::vector<std::string>& lines, std::string_view file) {
  if (lines.empty()) {
    return Fail(ErrorKind::kInvalidArgument,
                "{} is empty; it needs a line of column names and rows below it", file);
  }
  if (std::ranges::count(lines[0], '"') % 2 != 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}:1: a quote in the line of column names is not closed; a name cannot go over "
                "several lines",
                file);
  }
  CsvHead head;
  head.delimiter = FindDelimiter(lines);
  head.columns = SplitCsvLine(lines[0], head.delimiter);
  if (head.columns.size() < 2) {
    return Fail(ErrorKind::kInvalidArgument,
                "{} has one column, '{}'; a project needs at least a column that says who or what "
                "a row is about, and one that says when (fields are separated by , ; tab or |)",
                file, head.columns[0]);
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < head.columns.size(); ++i) {
    const std::string& name = head.columns[i];
    if (IsData(name)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{}:1: the first line should name the columns, and '{}' looks like data; put a "
                  "line of names above it",
                  file, name);
    }
    if (name.find_first_not_of(' ') == std::string::npos) {
      return Fail(ErrorKind::kInvalidArgument, "{}:1: column {} has no name; give it one", file,
                  i + 1);
    }
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (!seen.insert(lower).second) {
      return Fail(ErrorKind::kInvalidArgument, "{}:1: two columns are called '{}'; rename one",
                  file, name);
    }
  }
  if (lines.size() < 2) {
    return Fail(ErrorKind::kInvalidArgument, "{} has a header line and no row below it", file);
  }
  return head;
}

std::vector<std::string> SqlNames(const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const auto& column : columns) {
    const std::string wanted = SqlName(column);
    std::string name = wanted;
    for (int n = 2; !taken.insert(name).second; ++n) name = wanted + "_" + std::to_string(n);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace millpond::app
