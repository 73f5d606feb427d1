#include "pipeline/flows/plan_time.h"

#include <algorithm>
#include <array>

#include "data/sql/tokenizer.h"
#include "pipeline/flows/query_rules_internal.h"

namespace millpond::pipeline {
namespace {

using data::Replacement;
using data::SourceText;

constexpr std::array<std::string_view, 16> kClockFunctions = {"now",
                                                              "current_timestamp",
                                                              "transaction_timestamp",
                                                              "statement_timestamp",
                                                              "clock_timestamp",
                                                              "get_current_timestamp",
                                                              "current_date",
                                                              "today",
                                                              "localtimestamp",
                                                              "current_localtimestamp",
                                                              "localtime",
                                                              "current_localtime",
                                                              "current_time",
                                                              "get_current_time",
                                                              "timeofday",
                                                              "get_current_date"};
// What DuckDB takes for a call where no column has the name.
constexpr std::array<std::string_view, 5> kClockWords = {
    "current_timestamp", "current_date", "current_time", "localtimestamp", "localtime"};

}  // namespace

Status ReplaceNow(std::string_view part, const SourceText& source, Micros now,
                  std::vector<Replacement>& out) {
  MP_ASSIGN_OR_RETURN(auto tokens, data::Tokenize(part, source));
  std::string text = FormatTimestamp(now);
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != data::TokenKind::kWord) continue;
    bool qualified = (i > 0 && tokens[i - 1].IsPunctuation(".")) ||
                     (i + 1 < tokens.size() && tokens[i + 1].IsPunctuation("."));
    bool called = i + 2 < tokens.size() && tokens[i + 1].IsPunctuation("(") &&
                  tokens[i + 2].IsPunctuation(")");
    auto is = [&](std::string_view word, bool bare) {
      return tokens[i].Is(word) && !qualified && (called || bare);
    };
    std::string value;
    if (is("NOW", false) || is("CURRENT_TIMESTAMP", true) || is("TRANSACTION_TIMESTAMP", false) ||
        is("GET_CURRENT_TIMESTAMP", false)) {
      value = fmt::format("CAST('{}' AS TIMESTAMP WITH TIME ZONE)", text);
    } else if (is("CURRENT_DATE", true) || is("TODAY", false)) {
      value = fmt::format("CAST('{}' AS DATE)", text.substr(0, 10));
    } else if (is("LOCALTIMESTAMP", true) || is("CURRENT_LOCALTIMESTAMP", false)) {
      value = fmt::format("CAST('{}' AS TIMESTAMP)", text.substr(0, text.size() - 1));
    } else {
      continue;
    }
    out.push_back({tokens[i].offset, called ? tokens[i + 2].end() : tokens[i].end(), value});
  }
  return OkStatus();
}

Result<std::set<size_t>> TimesTold(std::string_view part, const SourceText& source) {
  std::vector<Replacement> found;
  MP_RETURN_IF_ERROR(ReplaceNow(part, source, 0, found));
  std::set<size_t> offsets;
  for (const Replacement& one : found) offsets.insert(one.begin);
  return offsets;
}

bool ReadsTheClock(const data::SqlExpr& e) {
  if (e.kind == data::SqlExprKind::kColumn && e.names.size() == 1) {
    std::string name = e.names[0];
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    return IsOneOf(name, kClockWords);
  }
  if (e.kind != data::SqlExprKind::kFunction) return false;
  return IsOneOf(e.name, kClockFunctions) || (e.name == "age" && e.children.size() == 1);
}

}  // namespace millpond::pipeline
