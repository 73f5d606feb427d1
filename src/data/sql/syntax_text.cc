// ToString of data/sql/syntax.h.
#include "data/sql/syntax.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

std::string Join(const std::vector<SqlExpr>& list) {
  std::string out;
  for (const SqlExpr& item : list) out += (out.empty() ? "" : ", ") + ToString(item);
  return out;
}

std::string Orders(const std::vector<SqlOrderTerm>& terms) {
  std::string out;
  for (const SqlOrderTerm& term : terms) {
    out += (out.empty() ? "" : ", ") + ToString(term.expression);
    if (term.descending) out += " DESC";
    if (term.nulls_first) out += *term.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return out;
}

std::string Constant(const SqlLiteral& literal) {
  using Kind = SqlLiteral::Kind;
  switch (literal.kind) {
    case Kind::kNull:
      return "NULL";
    case Kind::kString:
      return QuoteString(literal.text);
    case Kind::kDate:
      return "DATE " + QuoteString(literal.text);
    case Kind::kTimestamp:
      return "TIMESTAMP " + QuoteString(literal.text);
    default:
      return literal.text;
  }
}

std::string Interval(const SqlInterval& interval) {
  std::string out;
  const auto add = [&](int64_t count, std::string_view unit) {
    if (count != 0) out += fmt::format("{}INTERVAL {} {}", out.empty() ? "" : " + ", count, unit);
  };
  add(interval.months, "MONTHS");
  add(interval.days, "DAYS");
  add(interval.micros, "MICROSECONDS");
  return out.empty() ? "INTERVAL 0 DAYS" : out;
}

std::string Bound(const FrameBound& bound) {
  using Kind = FrameBound::Kind;
  switch (bound.kind) {
    case Kind::kUnboundedPreceding:
      return "UNBOUNDED PRECEDING";
    case Kind::kUnboundedFollowing:
      return "UNBOUNDED FOLLOWING";
    case Kind::kPreceding:
      return ToString(*bound.distance) + " PRECEDING";
    case Kind::kFollowing:
      return ToString(*bound.distance) + " FOLLOWING";
    case Kind::kCurrentRow:
      break;
  }
  return "CURRENT ROW";
}

std::string Window(const WindowSpec& window) {
  if (!window.name.empty()) return QuoteName(window.name);
  std::string out;
  if (!window.partition_by.empty()) out += "PARTITION BY " + Join(window.partition_by) + " ";
  if (!window.order_by.empty()) out += "ORDER BY " + Orders(window.order_by) + " ";
  const char* unit = window.unit == WindowSpec::Unit::kRows    ? "ROWS"
                     : window.unit == WindowSpec::Unit::kRange ? "RANGE"
                                                               : "GROUPS";
  return fmt::format("({}{} BETWEEN {} AND {})", out, unit, Bound(window.start), Bound(window.end));
}

std::string Call(const SqlExpr& call) {
  std::string arguments;
  for (size_t i = 0; i < call.children.size(); ++i) {
    if (i > 0) arguments += ", ";
    if (!call.argument_names.empty() && !call.argument_names[i].empty()) {
      arguments += call.argument_names[i] + " => ";
    }
    arguments += ToString(call.children[i]);
  }
  if (call.children.empty() && call.name == "count") arguments = "*";
  std::string out =
      fmt::format("{}({}{}{})", call.name, call.distinct ? "DISTINCT " : "", arguments,
                  call.order_by.empty() ? "" : " ORDER BY " + Orders(call.order_by));
  if (call.filter) out += fmt::format(" FILTER (WHERE {})", ToString(*call.filter));
  if (call.window) out += " OVER " + Window(*call.window);
  return out;
}

std::string Case(const SqlExpr& expression) {
  std::string out = "CASE";
  size_t i = 0;
  for (; i + 1 < expression.children.size(); i += 2) {
    out += fmt::format(" WHEN {} THEN {}", ToString(expression.children[i]),
                       ToString(expression.children[i + 1]));
  }
  return fmt::format("{} ELSE {} END", out, ToString(expression.children[i]));
}

std::string Infix(const SqlExpr& expression, std::string_view word) {
  if (expression.children.size() == 1) {
    return fmt::format("({} {})", word, ToString(expression.children[0]));
  }
  std::string out;
  for (const SqlExpr& child : expression.children) {
    out += (out.empty() ? "" : fmt::format(" {} ", word)) + ToString(child);
  }
  return "(" + out + ")";
}

std::string Path(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ".") + QuoteName(name);
  return out;
}

}  // namespace

std::string ToString(const SqlExpr& expression) {
  const auto child = [&](size_t i) { return ToString(expression.children[i]); };
  switch (expression.kind) {
    case SqlExprKind::kColumn:
      return Path(expression.names);
    case SqlExprKind::kConstant:
      return Constant(expression.literal);
    case SqlExprKind::kInterval:
      return Interval(expression.interval);
    case SqlExprKind::kFunction:
    case SqlExprKind::kWindow:
      return Call(expression);
    case SqlExprKind::kOperator:
    case SqlExprKind::kComparison:
      return Infix(expression, expression.name);
    case SqlExprKind::kAnd:
      return Infix(expression, "AND");
    case SqlExprKind::kOr:
      return Infix(expression, "OR");
    case SqlExprKind::kNot:
      return fmt::format("(NOT {})", child(0));
    case SqlExprKind::kIsNull:
      return fmt::format("({} IS NULL)", child(0));
    case SqlExprKind::kIsNotNull:
      return fmt::format("({} IS NOT NULL)", child(0));
    case SqlExprKind::kIn:
    case SqlExprKind::kNotIn: {
      const bool in = expression.kind == SqlExprKind::kIn;
      return fmt::format("({} {}IN ({}))", child(0), in ? "" : "NOT ",
                         Join({expression.children.begin() + 1, expression.children.end()}));
    }
    case SqlExprKind::kBetween:
      return fmt::format("({} BETWEEN {} AND {})", child(0), child(1), child(2));
    case SqlExprKind::kCase:
      return Case(expression);
    case SqlExprKind::kCast:
      return fmt::format("{}({} AS {})", expression.try_cast ? "TRY_CAST" : "CAST", child(0),
                         expression.type_name);
    case SqlExprKind::kStar:
      return expression.names.empty() ? "*" : Path(expression.names) + ".*";
    case SqlExprKind::kSubquery:
      return fmt::format("<{} subquery>", expression.name);
    case SqlExprKind::kOther:
      break;
  }
  return fmt::format("<{}>", expression.name);
}

}  // namespace millpond::data
