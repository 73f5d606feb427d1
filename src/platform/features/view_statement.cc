#include "platform/features/view_statement.h"

#include <array>
#include <charconv>
#include <utility>

#include "data/delta/metadata/schema.h"
#include "platform/features/aggregate_names.h"

namespace millpond::platform {
namespace {

using data::SourceText;
using data::Token;
using data::TokenKind;

// Clauses of the language that are not built yet. `words` are the ones a clause begins with.
struct LaterClause {
  std::string_view word;
  std::string_view what;
};
constexpr std::array<LaterClause, 5> kLaterClauses = {{
    {"CHANGES", "CHANGES is not supported yet: a feature view reads an append-only table"},
    {"GRAIN", "GRAIN is not supported yet: leave it out"},
    {"REFRESH", "REFRESH EVERY is not supported yet: leave it out"},
    {"FRESH", "FRESH WITHIN is not supported yet: leave it out"},
    {"OWNER", "OWNER is not supported yet: leave it out"},
}};

std::optional<Micros> UnitMicros(const Token& token) {
  constexpr std::array<std::pair<std::string_view, Micros>, 7> units = {{
      {"MICROSECOND", 1},
      {"MILLISECOND", kMicrosPerMilli},
      {"SECOND", kMicrosPerSecond},
      {"MINUTE", 60 * kMicrosPerSecond},
      {"HOUR", kMicrosPerHour},
      {"DAY", kMicrosPerDay},
      {"WEEK", 7 * kMicrosPerDay},
  }};
  for (const auto& [name, micros] : units) {
    if (token.Is(name) || token.Is(std::string(name) + "S")) return micros;
  }
  return std::nullopt;
}

// Walks over the tokens of one statement's head.
class HeadParser {
 public:
  explicit HeadParser(const data::Statement& statement)
      : statement_(statement), source_(statement.source), tokens_(statement.tokens) {}

  Result<ViewStatement> Parse() {
    ViewStatement view{.source = source_,
                       .offset = tokens_.front().offset,
                       .text = statement_.text,
                       .name = {},
                       .entity = {},
                       .timestamp = {},
                       .known_at = {},
                       .table = {},
                       .select = {}};
    Take("CREATE");
    if (Take("OR")) {
      MP_RETURN_IF_ERROR(Expect("REPLACE"));
      view.or_replace = true;
    }
    MP_RETURN_IF_ERROR(Expect("FEATURE"));
    MP_RETURN_IF_ERROR(Expect("VIEW"));
    MP_ASSIGN_OR_RETURN(view.name, Name("the view's name"));
    if (AtPunctuation(".")) {
      return FailHere(ErrorKind::kInvalidArgument,
                      "the name of a feature view has one part: write {} without a prefix",
                      tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_].text);
    }
    MP_RETURN_IF_ERROR(ParseEntity(view));
    MP_RETURN_IF_ERROR(Expect("TIMESTAMP"));
    MP_ASSIGN_OR_RETURN(view.timestamp, Name("the column that holds the time of an event"));
    MP_RETURN_IF_ERROR(ParseKnownAt(view));
    MP_RETURN_IF_ERROR(ParseSettle(view));
    MP_RETURN_IF_ERROR(RefuseLaterClauses());
    MP_RETURN_IF_ERROR(Expect("AS"));
    MP_RETURN_IF_ERROR(ParseBody(view));
    return view;
  }

 private:
  bool AtEnd() const { return at_ >= tokens_.size(); }
  bool At(std::string_view keyword) const { return !AtEnd() && tokens_[at_].Is(keyword); }
  bool AtPunctuation(std::string_view what) const {
    return !AtEnd() && tokens_[at_].IsPunctuation(what);
  }
  bool Take(std::string_view keyword) {
    if (!At(keyword)) return false;
    ++at_;
    return true;
  }
  size_t Offset() const { return AtEnd() ? tokens_.back().end() : tokens_[at_].offset; }
  std::string Found() const {
    return AtEnd() ? "the end of the statement" : "'" + std::string(tokens_[at_].text) + "'";
  }
  template <typename... Args>
  std::unexpected<Error> FailHere(ErrorKind kind, fmt::format_string<Args...> format,
                                  Args&&... args) const {
    return data::FailAt(source_, Offset(), kind, format, std::forward<Args>(args)...);
  }

  Status Expect(std::string_view keyword) {
    if (Take(keyword)) return OkStatus();
    MP_RETURN_IF_ERROR(RefuseLaterClauses());
    return FailHere(ErrorKind::kInvalidArgument,
                    "expected {} here, found {} (CREATE FEATURE VIEW name ENTITY (…) TIMESTAMP "
                    "column [KNOWN AT …] [SETTLE …] AS SELECT …)",
                    keyword, Found());
  }
  Status ExpectPunctuation(std::string_view what) {
    if (AtPunctuation(what)) {
      ++at_;
      return OkStatus();
    }
    return FailHere(ErrorKind::kInvalidArgument, "expected '{}' here, found {}", what, Found());
  }

  Result<PlacedName> Name(std::string_view what) {
    if (AtEnd() || !tokens_[at_].IsName()) {
      return FailHere(ErrorKind::kInvalidArgument, "expected {} here, found {}", what, Found());
    }
    PlacedName name{tokens_[at_].Value(), tokens_[at_].offset};
    ++at_;
    return name;
  }

  Status ParseEntity(ViewStatement& view) {
    MP_RETURN_IF_ERROR(Expect("ENTITY"));
    MP_RETURN_IF_ERROR(ExpectPunctuation("("));
    while (true) {
      MP_ASSIGN_OR_RETURN(PlacedName column, Name("a column of the entity"));
      for (const PlacedName& other : view.entity) {
        if (data::EqualNames(other.name, column.name)) {
          return data::FailAt(source_, column.offset, ErrorKind::kInvalidArgument,
                              "column {} is named twice in ENTITY: name it once", column.name);
        }
      }
      view.entity.push_back(std::move(column));
      if (!AtPunctuation(",")) break;
      ++at_;
    }
    return ExpectPunctuation(")");
  }

  // The tokens up to SETTLE, AS or a later clause, at the outer level of parentheses.
  Status ParseKnownAt(ViewStatement& view) {
    if (!Take("KNOWN")) return OkStatus();
    MP_RETURN_IF_ERROR(Expect("AT"));
    if (At("COMMIT")) {
      return FailHere(ErrorKind::kUnsupported,
                      "KNOWN AT COMMIT is not supported yet: write the moment by which a row is "
                      "surely committed, for example KNOWN AT {} + INTERVAL 1 HOUR",
                      view.timestamp.name);
    }
    const size_t begin = Offset();
    size_t end = begin;
    for (int depth = 0; !AtEnd(); ++at_) {
      const Token& token = tokens_[at_];
      if (depth == 0 && (token.Is("SETTLE") || token.Is("AS") || IsLaterClause(token))) break;
      if (token.IsPunctuation("(")) ++depth;
      if (token.IsPunctuation(")")) --depth;
      end = token.end();
    }
    if (end == begin) {
      return FailHere(ErrorKind::kInvalidArgument,
                      "expected an expression after KNOWN AT, found {}", Found());
    }
    MP_ASSIGN_OR_RETURN(data::SqlExpr known_at,
                        data::ParseExpression(source_.text().substr(begin, end - begin), source_));
    view.known_at = std::move(known_at);
    return OkStatus();
  }

  Status ParseSettle(ViewStatement& view) {
    if (!Take("SETTLE")) return OkStatus();
    Take("INTERVAL");
    if (AtEnd() || tokens_[at_].kind != TokenKind::kNumber) {
      return FailHere(ErrorKind::kInvalidArgument,
                      "expected a whole number after SETTLE, found {} (SETTLE 5 SECONDS)", Found());
    }
    const std::string_view digits = tokens_[at_].text;
    int64_t count = 0;
    auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || rest != digits.data() + digits.size()) {
      return FailHere(ErrorKind::kInvalidArgument, "SETTLE takes a whole number, not {}", digits);
    }
    ++at_;
    if (At("MONTH") || At("MONTHS") || At("YEAR") || At("YEARS")) {
      return FailHere(ErrorKind::kInvalidArgument,
                      "SETTLE takes a fixed length of time: write days instead of {}", Found());
    }
    const auto unit = AtEnd() ? std::nullopt : UnitMicros(tokens_[at_]);
    if (!unit) {
      return FailHere(ErrorKind::kInvalidArgument,
                      "expected a unit after SETTLE {}, found {} (MICROSECONDS … WEEKS)", count,
                      Found());
    }
    if (__builtin_mul_overflow(count, *unit, &view.settle) ||
        view.settle > 36'500 * kMicrosPerDay) {
      return FailHere(ErrorKind::kInvalidArgument, "SETTLE is longer than a century: {} {}", count,
                      tokens_[at_].text);
    }
    ++at_;
    return OkStatus();
  }

  static bool IsLaterClause(const Token& token) {
    for (const LaterClause& clause : kLaterClauses) {
      if (token.Is(clause.word)) return true;
    }
    return false;
  }
  Status RefuseLaterClauses() const {
    for (const LaterClause& clause : kLaterClauses) {
      if (At(clause.word)) return FailHere(ErrorKind::kUnsupported, "{}", clause.what);
    }
    return OkStatus();
  }

  Status ParseBody(ViewStatement& view) {
    if (!At("SELECT")) {
      return FailHere(ErrorKind::kInvalidArgument, "expected SELECT after AS, found {}", Found());
    }
    for (size_t i = at_; i + 1 < tokens_.size(); ++i) {
      if (tokens_[i].Is("CHANGES") && (tokens_[i + 1].Is("AS") || tokens_[i + 1].Is("RESTATE"))) {
        return data::FailAt(source_, tokens_[i].offset, ErrorKind::kUnsupported,
                            "CHANGES {} is not supported yet: a feature view reads an append-only "
                            "table",
                            tokens_[i + 1].Is("AS") ? "AS HISTORY" : "RESTATE");
      }
    }
    MP_RETURN_IF_ERROR(RefuseWindows());
    const size_t begin = Offset();
    const size_t end = tokens_.back().end();
    const SourceText hidden = HideWindowFunctions(source_, tokens_, at_);
    MP_ASSIGN_OR_RETURN(view.select,
                        data::ParseSelect(hidden.text().substr(begin, end - begin), hidden));
    MP_RETURN_IF_ERROR(RefuseClauses(view.select));
    return TakeTable(view);
  }

  // The windows that the language has and we have not: DuckDB's parser does not know them.
  Status RefuseWindows() const {
    constexpr std::array<std::string_view, 4> later = {"TUMBLE", "HOP", "SESSION", "LAST"};
    for (size_t i = at_ + 2; i < tokens_.size(); ++i) {
      if (!tokens_[i - 1].IsPunctuation("(")) continue;
      if (!tokens_[i - 2].Is("AS") && !tokens_[i - 2].Is("OVER")) continue;
      for (std::string_view word : later) {
        if (!tokens_[i].Is(word)) continue;
        return data::FailAt(source_, tokens_[i].offset, ErrorKind::kUnsupported,
                            "{} windows are not supported yet: write (RANGE INTERVAL n DAYS "
                            "PRECEDING) or (RANGE UNBOUNDED PRECEDING)",
                            word);
      }
    }
    return OkStatus();
  }

  Status RefuseClauses(const data::SelectTree& select) const {
    const auto refuse = [&](size_t offset, std::string_view what) -> Status {
      return data::FailAt(source_, offset, ErrorKind::kInvalidArgument,
                          "a feature view is SELECT … FROM one table [WHERE …] WINDOW …: {} has no "
                          "place in it",
                          what);
    };
    if (!select.ctes.empty()) return refuse(select.offset, "WITH");
    if (!select.set_operation.empty()) return refuse(select.offset, select.set_operation);
    if (select.distinct) return refuse(select.offset, "DISTINCT");
    if (!select.group_by.empty()) {
      return refuse(select.group_by.front().offset, "GROUP BY (ENTITY says what is grouped)");
    }
    if (select.group_by_all) return refuse(select.offset, "GROUP BY ALL");
    if (select.having) return refuse(select.having->offset, "HAVING");
    if (select.qualify) return refuse(select.qualify->offset, "QUALIFY");
    if (!select.order_by.empty()) {
      return refuse(select.order_by.front().expression.offset, "ORDER BY");
    }
    if (select.limit) return refuse(select.limit->offset, "LIMIT");
    if (select.limit_offset) return refuse(select.limit_offset->offset, "OFFSET");
    return OkStatus();
  }

  Status TakeTable(ViewStatement& view) const {
    const data::TableRef& from = view.select.from;
    if (from.kind != data::TableRef::Kind::kTable || from.stream || from.names.size() > 3) {
      return data::FailAt(
          source_, from.kind == data::TableRef::Kind::kNone ? view.select.offset : from.offset,
          ErrorKind::kInvalidArgument,
          "a feature view reads one table of the catalog: write FROM "
          "catalog.schema.table (make joins and file reads in a pipeline before "
          "it)");
    }
    if (from.at) {
      return data::FailAt(source_, from.at->offset, ErrorKind::kInvalidArgument,
                          "a feature view names no table version: T decides what it sees");
    }
    std::string name;
    for (const std::string& part : from.names) name += (name.empty() ? "" : ".") + part;
    auto table = data::ParseTableName(name);
    if (!table) {
      return data::FailAt(source_, from.offset, table.error().kind(), "{}",
                          table.error().ToString());
    }
    view.table = std::move(*table);
    return OkStatus();
  }

  const data::Statement& statement_;
  const SourceText& source_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
};

}  // namespace

bool IsViewStatement(const data::Statement& statement) {
  return statement.StartsWith({"CREATE", "FEATURE", "VIEW"}) ||
         statement.StartsWith({"CREATE", "OR", "REPLACE", "FEATURE", "VIEW"});
}

Result<ViewStatement> ParseViewStatement(const data::Statement& statement) {
  if (statement.tokens.empty() || !IsViewStatement(statement)) {
    return data::FailAt(statement.source,
                        statement.tokens.empty() ? 0 : statement.tokens.front().offset,
                        ErrorKind::kInvalidArgument,
                        "expected CREATE [OR REPLACE] FEATURE VIEW: nothing else may stand here");
  }
  return HeadParser(statement).Parse();
}

Result<std::vector<ViewStatement>> ParseViewFile(const data::SourceText& source) {
  MP_ASSIGN_OR_RETURN(std::vector<data::Statement> statements, data::SplitStatements(source));
  std::vector<ViewStatement> views;
  for (const data::Statement& statement : statements) {
    MP_ASSIGN_OR_RETURN(ViewStatement view, ParseViewStatement(statement));
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace millpond::platform
