#include <array>
#include <charconv>
#include <duckdb/common/types/interval.hpp>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "data/sql/duckdb/tree_reader_internal.h"

namespace millpond::data {
namespace {

struct Unit {
  std::string_view function;
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
};

constexpr std::array<Unit, 13> kUnits = {{{"to_years", 12},
                                          {"to_months", 1},
                                          {"to_quarters", 3},
                                          {"to_decades", 120},
                                          {"to_centuries", 1200},
                                          {"to_millennia", 12000},
                                          {"to_weeks", 0, 7},
                                          {"to_days", 0, 1},
                                          {"to_hours", 0, 0, kMicrosPerHour},
                                          {"to_minutes", 0, 0, 60 * kMicrosPerSecond},
                                          {"to_seconds", 0, 0, kMicrosPerSecond},
                                          {"to_milliseconds", 0, 0, kMicrosPerMilli},
                                          {"to_microseconds", 0, 0, 1}}};

// The number under CAST(trunc(CAST(90 AS DOUBLE)) AS INTEGER), as it was written.
const SqlExpr* NumberUnder(const SqlExpr& expression) {
  const SqlExpr* at = &expression;
  while (at->children.size() == 1 &&
         (at->kind == SqlExprKind::kCast ||
          (at->kind == SqlExprKind::kFunction && at->name == "trunc"))) {
    at = &at->children[0];
  }
  return at->kind == SqlExprKind::kConstant ? at : nullptr;
}

// text * scale without rounding on the way; nullopt if it is no such number or does not fit.
std::optional<int64_t> Multiply(std::string_view text, int64_t scale) {
  const size_t point = std::min(text.find('.'), text.size());
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + point, whole);
  if (error != std::errc() || end != text.data() + point) return std::nullopt;
  int64_t result = 0;
  if (__builtin_mul_overflow(whole, scale, &result)) return std::nullopt;
  int64_t weight = scale;
  for (char digit : text.substr(std::min(point + 1, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight /= 10;
    result += (text[0] == '-' ? -1 : 1) * (digit - '0') * weight;
  }
  return result;
}

bool FoldInterval(SqlExpr& expression) {
  if (expression.children.size() != 1) return false;
  for (const Unit& unit : kUnits) {
    if (expression.name != unit.function) continue;
    const SqlExpr* number = NumberUnder(expression.children[0]);
    if (number == nullptr) return false;
    // Fractions of everything above a second are cut off, as DuckDB does.
    const bool fractions = unit.micros != 0 && unit.micros <= kMicrosPerSecond;
    std::string_view text = number->literal.text;
    if (!fractions) text = text.substr(0, text.find('.'));
    const std::optional<int64_t> value = Multiply(text, unit.micros + unit.days + unit.months);
    if (!value || (unit.micros == 0 && *value != static_cast<int32_t>(*value))) return false;
    expression.interval = {unit.months != 0 ? static_cast<int32_t>(*value) : 0,
                           unit.days != 0 ? static_cast<int32_t>(*value) : 0,
                           unit.micros != 0 ? *value : 0};
    return true;
  }
  return false;
}

bool FoldIntervalText(const std::string& text, SqlExpr& expression) {
  duckdb::interval_t value;
  if (!duckdb::Interval::FromString(text, value)) return false;
  expression.interval = {value.months, value.days, value.micros};
  return true;
}

void Become(SqlExpr& expression, SqlExprKind kind) {
  expression.kind = kind;
  expression.name.clear();
  expression.type_name.clear();
  expression.children.clear();
}

void BecomeConstant(SqlExpr& expression, SqlLiteral::Kind kind, std::string text) {
  Become(expression, SqlExprKind::kConstant);
  expression.literal = {kind, std::move(text)};
}

// CAST of a string constant: DATE '…', TIMESTAMP '…', TRUE, INTERVAL '…'.
void FoldCast(SqlExpr& cast) {
  const SqlExpr& child = cast.children[0];
  if (cast.try_cast || child.kind != SqlExprKind::kConstant ||
      child.literal.kind != SqlLiteral::Kind::kString) {
    return;
  }
  const std::string text = child.literal.text;
  if (cast.type_name == "BOOLEAN" && (text == "t" || text == "f")) {
    BecomeConstant(cast, SqlLiteral::Kind::kBoolean, text == "t" ? "true" : "false");
  } else if (cast.type_name == "DATE") {
    if (const auto days = ParseDate(text)) {
      BecomeConstant(cast, SqlLiteral::Kind::kDate, FormatDate(*days));
    }
  } else if (cast.type_name == "TIMESTAMP" || cast.type_name == "TIMESTAMP WITH TIME ZONE") {
    if (const auto at = ParseTimestamp(text)) {
      BecomeConstant(cast, SqlLiteral::Kind::kTimestamp, FormatTimestamp(*at));
    }
  } else if (cast.type_name == "INTERVAL" && FoldIntervalText(text, cast)) {
    Become(cast, SqlExprKind::kInterval);
  }
}

void FoldMinus(SqlExpr& minus) {
  const SqlLiteral literal = minus.children[0].literal;
  const bool number = literal.kind == SqlLiteral::Kind::kInteger ||
                      literal.kind == SqlLiteral::Kind::kDecimal ||
                      literal.kind == SqlLiteral::Kind::kDouble;
  if (minus.children[0].kind != SqlExprKind::kConstant || !number) return;
  const bool negative = literal.text.starts_with('-');
  BecomeConstant(minus, literal.kind, negative ? literal.text.substr(1) : "-" + literal.text);
}

}  // namespace

void Fold(SqlExpr& expression) {
  if (expression.kind == SqlExprKind::kCast) {
    FoldCast(expression);
  } else if (expression.kind == SqlExprKind::kOperator && expression.name == "-" &&
             expression.children.size() == 1) {
    FoldMinus(expression);
  } else if (expression.kind == SqlExprKind::kFunction && FoldInterval(expression)) {
    Become(expression, SqlExprKind::kInterval);
  }
}

}  // namespace millpond::data
