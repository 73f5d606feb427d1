#include <algorithm>
#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/list.hpp>
#include <duckdb/parser/statement/select_statement.hpp>

#include "data/sql/duckdb/tree_reader_internal.h"

namespace millpond::data {
namespace {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::LogicalTypeId;

SqlLiteral Literal(const duckdb::Value& value) {
  using Kind = SqlLiteral::Kind;
  if (value.IsNull()) return {Kind::kNull, ""};
  switch (value.type().id()) {
    case LogicalTypeId::BOOLEAN:
      return {Kind::kBoolean, value.GetValue<bool>() ? "true" : "false"};
    case LogicalTypeId::DECIMAL:
      return {Kind::kDecimal, value.ToString()};
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
      return {Kind::kDouble, value.ToString()};
    case LogicalTypeId::VARCHAR:
      return {Kind::kString, value.ToString()};
    default:
      return {value.type().IsNumeric() ? Kind::kInteger : Kind::kString, value.ToString()};
  }
}

std::string Comparison(ExpressionType type) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL:
      return "=";
    case ExpressionType::COMPARE_NOTEQUAL:
      return "<>";
    case ExpressionType::COMPARE_LESSTHAN:
      return "<";
    case ExpressionType::COMPARE_GREATERTHAN:
      return ">";
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      return "<=";
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      return ">=";
    case ExpressionType::COMPARE_DISTINCT_FROM:
      return "is distinct from";
    default:
      return "is not distinct from";
  }
}

// DuckDB keeps a type by the user's spelling until it is bound.
std::string TypeName(const duckdb::LogicalType& type) {
  std::string name = duckdb::StringUtil::Upper(type.ToString());
  std::erase(name, '"');
  name = duckdb::StringUtil::Replace(name, ", ", ",");
  static const std::pair<const char*, const char*> kSynonyms[] = {
      {"STRING", "VARCHAR"},    {"TEXT", "VARCHAR"},  {"INT", "INTEGER"},
      {"INT4", "INTEGER"},      {"LONG", "BIGINT"},   {"INT8", "BIGINT"},
      {"BOOL", "BOOLEAN"},      {"FLOAT8", "DOUBLE"}, {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
      {"DATETIME", "TIMESTAMP"}};
  for (const auto& [synonym, meant] : kSynonyms) {
    if (name == synonym) return meant;
  }
  return name;
}

FrameBound Bound(duckdb::WindowBoundary boundary, std::shared_ptr<const SqlExpr> distance) {
  using B = duckdb::WindowBoundary;
  using Kind = FrameBound::Kind;
  switch (boundary) {
    case B::UNBOUNDED_PRECEDING:
      return {Kind::kUnboundedPreceding, nullptr};
    case B::UNBOUNDED_FOLLOWING:
      return {Kind::kUnboundedFollowing, nullptr};
    case B::EXPR_PRECEDING_ROWS:
    case B::EXPR_PRECEDING_RANGE:
    case B::EXPR_PRECEDING_GROUPS:
      return {Kind::kPreceding, std::move(distance)};
    case B::EXPR_FOLLOWING_ROWS:
    case B::EXPR_FOLLOWING_RANGE:
    case B::EXPR_FOLLOWING_GROUPS:
      return {Kind::kFollowing, std::move(distance)};
    default:
      return {Kind::kCurrentRow, nullptr};
  }
}

WindowSpec::Unit UnitOf(duckdb::WindowBoundary start, duckdb::WindowBoundary end) {
  using B = duckdb::WindowBoundary;
  for (B b : {start, end}) {
    if (b == B::CURRENT_ROW_ROWS || b == B::EXPR_PRECEDING_ROWS || b == B::EXPR_FOLLOWING_ROWS) {
      return WindowSpec::Unit::kRows;
    }
    if (b == B::CURRENT_ROW_GROUPS || b == B::EXPR_PRECEDING_GROUPS ||
        b == B::EXPR_FOLLOWING_GROUPS) {
      return WindowSpec::Unit::kGroups;
    }
  }
  return WindowSpec::Unit::kRange;
}

}  // namespace

size_t TreeReader::Offset(const duckdb::optional_idx& location) const {
  if (!location.IsValid() || location.GetIndex() < prefix_) return rewritten_.SourceOffset(0);
  return rewritten_.SourceOffset(location.GetIndex() - prefix_);
}

std::shared_ptr<const SqlExpr> TreeReader::Optional(const ExpressionPtr& expression) const {
  return expression ? std::make_shared<const SqlExpr>(Expression(*expression)) : nullptr;
}

std::vector<SqlExpr> TreeReader::List(const duckdb::vector<ExpressionPtr>& expressions) const {
  std::vector<SqlExpr> out;
  for (const ExpressionPtr& expression : expressions) out.push_back(Expression(*expression));
  return out;
}

std::vector<SqlOrderTerm> TreeReader::Orders(
    const duckdb::vector<duckdb::OrderByNode>& orders) const {
  std::vector<SqlOrderTerm> out;
  for (const duckdb::OrderByNode& order : orders) {
    SqlOrderTerm term{Expression(*order.expression), order.type == duckdb::OrderType::DESCENDING,
                      std::nullopt};
    if (order.null_order == duckdb::OrderByNullType::NULLS_FIRST) term.nulls_first = true;
    if (order.null_order == duckdb::OrderByNullType::NULLS_LAST) term.nulls_first = false;
    out.push_back(std::move(term));
  }
  return out;
}

SqlExpr TreeReader::Expression(const duckdb::ParsedExpression& expression) const {
  SqlExpr out;
  out.offset = Offset(expression.GetQueryLocation());
  out.alias = expression.GetAlias();
  Dispatch(expression, out);
  // A node without a place of its own stands where its parts stand.
  if (!expression.GetQueryLocation().IsValid() && !out.children.empty()) {
    out.offset = out.children[0].offset;
  }
  Fold(out);
  return out;
}

void TreeReader::Dispatch(const duckdb::ParsedExpression& expression, SqlExpr& out) const {
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF: {
      const auto& names = expression.Cast<duckdb::ColumnRefExpression>().column_names;
      out.kind = SqlExprKind::kColumn;
      out.names.assign(names.begin(), names.end());
      return;
    }
    case ExpressionClass::CONSTANT:
      out.kind = SqlExprKind::kConstant;
      out.literal = Literal(expression.Cast<duckdb::ConstantExpression>().value);
      return;
    case ExpressionClass::FUNCTION:
      return Call(expression.Cast<duckdb::FunctionExpression>(), out);
    case ExpressionClass::WINDOW:
      return Window(expression.Cast<duckdb::WindowExpression>(), out);
    case ExpressionClass::OPERATOR:
      return Operator(expression, out);
    case ExpressionClass::STAR:
      return Star(expression, out);
    case ExpressionClass::SUBQUERY:
      return SubqueryValue(expression, out);
    case ExpressionClass::CAST: {
      const auto& cast = expression.Cast<duckdb::CastExpression>();
      out.kind = SqlExprKind::kCast;
      out.type_name = TypeName(cast.cast_type);
      out.try_cast = cast.try_cast;
      out.children.push_back(Expression(*cast.child));
      return;
    }
    default:
      return Rest(expression, out);
  }
}

void TreeReader::Rest(const duckdb::ParsedExpression& expression, SqlExpr& out) const {
  const auto add = [&](const ExpressionPtr& part) {
    if (part) out.children.push_back(Expression(*part));
  };
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::COMPARISON: {
      const auto& comparison = expression.Cast<duckdb::ComparisonExpression>();
      out.kind = SqlExprKind::kComparison;
      out.name = Comparison(expression.GetExpressionType());
      add(comparison.left);
      return add(comparison.right);
    }
    case ExpressionClass::CONJUNCTION: {
      const bool both = expression.GetExpressionType() == ExpressionType::CONJUNCTION_AND;
      out.kind = both ? SqlExprKind::kAnd : SqlExprKind::kOr;
      out.children = List(expression.Cast<duckdb::ConjunctionExpression>().children);
      return;
    }
    case ExpressionClass::BETWEEN: {
      const auto& between = expression.Cast<duckdb::BetweenExpression>();
      out.kind = SqlExprKind::kBetween;
      add(between.input);
      add(between.lower);
      return add(between.upper);
    }
    case ExpressionClass::CASE: {
      const auto& cases = expression.Cast<duckdb::CaseExpression>();
      out.kind = SqlExprKind::kCase;
      for (const duckdb::CaseCheck& check : cases.case_checks) {
        add(check.when_expr);
        add(check.then_expr);
      }
      return add(cases.else_expr);
    }
    case ExpressionClass::LAMBDA: {
      const auto& lambda = expression.Cast<duckdb::LambdaExpression>();
      out.name = "lambda";
      add(lambda.lhs);
      return add(lambda.expr);
    }
    case ExpressionClass::COLLATE:
      out.name = "collate";
      return add(expression.Cast<duckdb::CollateExpression>().child);
    case ExpressionClass::PARAMETER:
      out.name = "parameter";
      return;
    default:
      out.name = duckdb::StringUtil::Lower(expression.ToString());
  }
}

void TreeReader::Call(const duckdb::FunctionExpression& call, SqlExpr& out) const {
  out.kind = call.is_operator ? SqlExprKind::kOperator : SqlExprKind::kFunction;
  out.name = duckdb::StringUtil::Lower(call.function_name);
  if (out.name == "count_star") out.name = "count";
  out.distinct = call.distinct;
  out.filter = Optional(call.filter);
  if (call.order_bys) out.order_by = Orders(call.order_bys->orders);
  bool named = false;
  for (const ExpressionPtr& child : call.children) {
    out.children.push_back(Expression(*child));
    out.argument_names.push_back(duckdb::StringUtil::Lower(child->GetAlias()));
    named = named || child->HasAlias();
  }
  if (!named) out.argument_names.clear();
}

void TreeReader::Window(const duckdb::WindowExpression& call, SqlExpr& out) const {
  out.kind = SqlExprKind::kWindow;
  out.name = duckdb::StringUtil::Lower(call.function_name);
  out.children = List(call.children);
  for (const auto* extra : {&call.offset_expr, &call.default_expr}) {
    if (*extra) out.children.push_back(Expression(**extra));
  }
  out.distinct = call.distinct;
  out.ignore_nulls = call.ignore_nulls;
  out.filter = Optional(call.filter_expr);
  out.order_by = Orders(call.arg_orders);
  WindowSpec window;
  window.name = WindowName(out.offset);
  window.partition_by = List(call.partitions);
  window.order_by = Orders(call.orders);
  window.unit = UnitOf(call.start, call.end);
  window.start = Bound(call.start, Optional(call.start_expr));
  window.end = Bound(call.end, Optional(call.end_expr));
  window.has_exclude = call.exclude_clause != duckdb::WindowExcludeMode::NO_OTHER;
  out.window = std::make_shared<const WindowSpec>(std::move(window));
}

void TreeReader::Operator(const duckdb::ParsedExpression& expression, SqlExpr& out) const {
  out.children = List(expression.Cast<duckdb::OperatorExpression>().children);
  const auto function = [&](std::string name) {
    out.kind = SqlExprKind::kFunction;
    out.name = std::move(name);
  };
  switch (expression.GetExpressionType()) {
    case ExpressionType::OPERATOR_NOT:
      out.kind = SqlExprKind::kNot;
      return;
    case ExpressionType::OPERATOR_IS_NULL:
      out.kind = SqlExprKind::kIsNull;
      return;
    case ExpressionType::OPERATOR_IS_NOT_NULL:
      out.kind = SqlExprKind::kIsNotNull;
      return;
    case ExpressionType::COMPARE_IN:
      out.kind = SqlExprKind::kIn;
      return;
    case ExpressionType::COMPARE_NOT_IN:
      out.kind = SqlExprKind::kNotIn;
      return;
    case ExpressionType::OPERATOR_COALESCE:
      return function("coalesce");
    case ExpressionType::OPERATOR_NULLIF:
      return function("nullif");
    case ExpressionType::ARRAY_CONSTRUCTOR:
      return function("list_value");
    case ExpressionType::ARRAY_EXTRACT:
      return function("list_extract");
    case ExpressionType::ARRAY_SLICE:
      return function("list_slice");
    case ExpressionType::STRUCT_EXTRACT:
      return function("struct_extract");
    default:
      return function(duckdb::ExpressionTypeToString(expression.GetExpressionType()));
  }
}

void TreeReader::SubqueryValue(const duckdb::ParsedExpression& expression, SqlExpr& out) const {
  const auto& subquery = expression.Cast<duckdb::SubqueryExpression>();
  out.kind = SqlExprKind::kSubquery;
  out.subquery = Subquery(*subquery.subquery);
  if (subquery.child) out.children.push_back(Expression(*subquery.child));
  switch (subquery.subquery_type) {
    case duckdb::SubqueryType::SCALAR:
      out.name = "scalar";
      return;
    case duckdb::SubqueryType::EXISTS:
      out.name = "exists";
      return;
    case duckdb::SubqueryType::NOT_EXISTS:
      out.name = "not exists";
      return;
    default:
      out.name = Comparison(subquery.comparison_type) + " any";
  }
}

void TreeReader::Star(const duckdb::ParsedExpression& expression, SqlExpr& out) const {
  const auto& star = expression.Cast<duckdb::StarExpression>();
  out.kind = SqlExprKind::kStar;
  if (!star.relation_name.empty()) out.names.push_back(star.relation_name);
  if (!star.exclude_list.empty() || !star.replace_list.empty() || !star.rename_list.empty() ||
      star.columns) {
    out.name = "modified";
  }
  for (const auto& [name, replacement] : star.replace_list) {
    if (replacement) out.children.push_back(Expression(*replacement));
  }
  if (star.expr) out.children.push_back(Expression(*star.expr));
}

size_t TreeReader::TokenAt(size_t offset) const {
  const auto token = std::ranges::lower_bound(tokens_, offset, {}, &Token::offset);
  if (token == tokens_.end() || token->offset != offset) return tokens_.size();
  return static_cast<size_t>(token - tokens_.begin());
}

// The token after the ")" that closes the "(" at `token`.
size_t TreeReader::AfterParentheses(size_t token) const {
  int depth = 0;
  for (; token < tokens_.size(); ++token) {
    if (tokens_[token].IsPunctuation("(")) ++depth;
    if (tokens_[token].IsPunctuation(")") && --depth == 0) return token + 1;
  }
  return token;
}

// The w of f(…) [FILTER (…)] OVER w, for the call at `offset`.
std::string TreeReader::WindowName(size_t offset) const {
  size_t token = TokenAt(offset) + 1;
  if (token >= tokens_.size() || !tokens_[token].IsPunctuation("(")) return "";
  token = AfterParentheses(token);
  if (token < tokens_.size() && tokens_[token].Is("FILTER")) token = AfterParentheses(token + 1);
  if (token + 1 >= tokens_.size() || !tokens_[token].Is("OVER")) return "";
  return tokens_[token + 1].IsName() ? tokens_[token + 1].Value() : "";
}

}  // namespace millpond::data
