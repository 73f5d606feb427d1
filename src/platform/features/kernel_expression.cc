#include "platform/features/kernel_expression.h"

#include <charconv>
#include <utility>

#include "base/clock.h"
#include "data/delta/metadata/schema.h"
#include "platform/features/aggregate_names.h"

namespace millpond::platform {

using data::SqlExpr;
using data::SqlExprKind;
using data::SqlLiteral;
using kernel::Expr;

namespace {

// Names of operators where the kernel's differ from DuckDB's.
struct OperatorName {
  std::string_view sql, kernel;
  bool negated;
};
constexpr OperatorName kOperators[] = {
    {"~~", "like", false},
    {"!~~", "like", true},
    {"is distinct from", "is_distinct_from", false},
    {"is not distinct from", "is_not_distinct_from", false},
};

Result<kernel::Value> DecimalValue(std::string_view text) {
  int digits = 0;
  int scale = 0;
  bool point = false;
  for (char c : text) {
    if (c == '.') point = true;
    if (c < '0' || c > '9') continue;
    ++digits;
    if (point) ++scale;
  }
  const int precision = std::max(digits, std::max(scale, 1));
  kernel::Int128 unscaled = 0;
  if (precision > kernel::kMaxDecimalDigits ||
      !kernel::ParseDecimal(text, precision, scale, &unscaled)) {
    return Fail(ErrorKind::kInvalidArgument, "a number has at most 38 digits: {}", text);
  }
  return kernel::Value::MakeDecimal(unscaled, precision, scale);
}

Result<kernel::Value> LiteralValue(const SqlLiteral& literal) {
  const std::string& text = literal.text;
  switch (literal.kind) {
    case SqlLiteral::Kind::kNull:
      return kernel::Value();
    case SqlLiteral::Kind::kBoolean:
      return kernel::Value::Boolean(text == "true");
    case SqlLiteral::Kind::kInteger: {
      int64_t value = 0;
      auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error == std::errc() && rest == text.data() + text.size()) {
        return kernel::Value::Bigint(value);
      }
      return DecimalValue(text);
    }
    case SqlLiteral::Kind::kDecimal:
      return DecimalValue(text);
    case SqlLiteral::Kind::kDouble: {
      double value = 0;
      auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || rest != text.data() + text.size()) {
        return Fail(ErrorKind::kInvalidArgument, "not a number: {}", text);
      }
      return kernel::Value::Double(value);
    }
    case SqlLiteral::Kind::kString:
      return kernel::Value::Varchar(text);
    case SqlLiteral::Kind::kDate: {
      MP_ASSIGN_OR_RETURN(int32_t days, ParseDate(text));
      return kernel::Value::Date(days);
    }
    case SqlLiteral::Kind::kTimestamp: {
      MP_ASSIGN_OR_RETURN(Micros at, ParseTimestamp(text));
      return kernel::Value::Timestamp(at);
    }
  }
  return Fail(ErrorKind::kInternal, "unknown kind of constant: {}", text);
}

}  // namespace

Result<Expr> KernelExpressions::Convert(const SqlExpr& e) {
  switch (e.kind) {
    case SqlExprKind::kColumn:
      return Column(e);
    case SqlExprKind::kConstant:
      return Constant(e);
    case SqlExprKind::kInterval:
      return Interval(e);
    case SqlExprKind::kFunction:
      return Function(e);
    case SqlExprKind::kWindow:
      return Window(e);
    case SqlExprKind::kOperator:
    case SqlExprKind::kComparison:
      return Operator(e);
    case SqlExprKind::kAnd:
      return Call(e, "and");
    case SqlExprKind::kOr:
      return Call(e, "or");
    case SqlExprKind::kNot:
      return Call(e, "not");
    case SqlExprKind::kIsNull:
      return Call(e, "is_null");
    case SqlExprKind::kIsNotNull:
      return Call(e, "is_not_null");
    case SqlExprKind::kBetween:
      return Call(e, "between");
    case SqlExprKind::kCase:
      return Call(e, "case");
    case SqlExprKind::kIn:
    case SqlExprKind::kNotIn: {
      MP_ASSIGN_OR_RETURN(Expr in, Call(e, "in"));
      if (e.kind == SqlExprKind::kIn) return in;
      std::vector<Expr> arguments;
      arguments.push_back(std::move(in));
      return kernel::Call("not", std::move(arguments), static_cast<int64_t>(e.offset));
    }
    case SqlExprKind::kCast: {
      auto type = kernel::ParseType(e.type_name);
      if (!type) {
        return data::FailAt(source_, e.offset, type.error().kind(), "{}", type.error().ToString());
      }
      MP_ASSIGN_OR_RETURN(Expr argument, Convert(e.children[0]));
      return kernel::Cast(std::move(argument), *type, static_cast<int64_t>(e.offset));
    }
    case SqlExprKind::kStar:
      return Refuse(e, "* has no place in a feature view: name each feature (count(*) is fine)");
    case SqlExprKind::kSubquery:
      return Refuse(e, "a subquery has no place in a feature view: join in a pipeline before it");
    case SqlExprKind::kOther:
      break;
  }
  return Refuse(e, "{} has no place in a feature view", e.name);
}

Result<std::vector<Expr>> KernelExpressions::ConvertAll(const std::vector<SqlExpr>& expressions) {
  std::vector<Expr> result;
  result.reserve(expressions.size());
  for (const SqlExpr& expression : expressions) {
    MP_ASSIGN_OR_RETURN(Expr converted, Convert(expression));
    result.push_back(std::move(converted));
  }
  return result;
}

Result<Expr> KernelExpressions::Call(const SqlExpr& e, std::string name) {
  MP_ASSIGN_OR_RETURN(std::vector<Expr> arguments, ConvertAll(e.children));
  return kernel::Call(std::move(name), std::move(arguments), static_cast<int64_t>(e.offset));
}

Result<Expr> KernelExpressions::Column(const SqlExpr& e) {
  std::string prefix;
  for (size_t i = 0; i + 1 < e.names.size(); ++i) prefix += (i == 0 ? "" : ".") + e.names[i];
  bool known = prefix.empty();
  for (const std::string& allowed : prefixes_) known = known || data::EqualNames(prefix, allowed);
  if (!known) {
    return Refuse(e, "{}.{} is no column here: the table of this view is {}", prefix,
                  e.names.back(), prefixes_.empty() ? "not named" : prefixes_.front());
  }
  return kernel::ColumnRef(e.names.back(), static_cast<int64_t>(e.offset));
}

Result<Expr> KernelExpressions::Constant(const SqlExpr& e) {
  auto value = LiteralValue(e.literal);
  if (!value) return Refuse(e, "{}", value.error().ToString());
  return kernel::Literal(std::move(*value), static_cast<int64_t>(e.offset));
}

Result<Expr> KernelExpressions::Interval(const SqlExpr& e) {
  if (e.interval.months != 0) {
    return Refuse(e,
                  "months and years have no fixed length and are refused in a feature view: write "
                  "days (INTERVAL {} DAYS)",
                  int64_t{e.interval.months} * 30);
  }
  int64_t micros = 0;
  if (__builtin_mul_overflow(int64_t{e.interval.days}, kMicrosPerDay, &micros) ||
      __builtin_add_overflow(micros, e.interval.micros, &micros)) {
    return Refuse(e, "this interval is longer than 290,000 years");
  }
  return kernel::Literal(kernel::Value::Interval(micros), static_cast<int64_t>(e.offset));
}

Result<Expr> KernelExpressions::Operator(const SqlExpr& e) {
  for (const OperatorName& known : kOperators) {
    if (e.name != known.sql) continue;
    MP_ASSIGN_OR_RETURN(Expr call, Call(e, std::string(known.kernel)));
    if (!known.negated) return call;
    std::vector<Expr> arguments;
    arguments.push_back(std::move(call));
    return kernel::Call("not", std::move(arguments), static_cast<int64_t>(e.offset));
  }
  return Call(e, e.name);
}

Status KernelExpressions::RefuseArguments(const SqlExpr& e) {
  if (!e.order_by.empty()) {
    return Refuse(
        e,
        "{}(… ORDER BY …) is not supported yet: rows of a window always stand in order of "
        "event time",
        ShownName(e.name));
  }
  if (e.ignore_nulls) {
    return Refuse(e, "IGNORE NULLS is not supported yet: write {}(x) FILTER (WHERE x IS NOT NULL)",
                  ShownName(e.name));
  }
  for (const std::string& name : e.argument_names) {
    if (!name.empty()) {
      return Refuse(e, "named arguments ({} => …) have no place in a feature view", name);
    }
  }
  return OkStatus();
}

Result<Expr> KernelExpressions::Function(const SqlExpr& e) {
  MP_RETURN_IF_ERROR(RefuseArguments(e));
  const std::string name = ShownName(e.name);
  if (kernel::IsAggregateName(name) || e.filter || e.distinct) {
    return Refuse(e, "{} needs a window: write {}(…) OVER w, and WINDOW w AS (RANGE …) at the end",
                  name, name);
  }
  return Call(e, e.name);
}

Result<Expr> KernelExpressions::Window(const SqlExpr& e) {
  MP_RETURN_IF_ERROR(RefuseArguments(e));
  MP_ASSIGN_OR_RETURN(std::string window, WindowName(e));
  MP_ASSIGN_OR_RETURN(std::vector<Expr> arguments, ConvertAll(e.children));
  std::optional<Expr> filter;
  if (e.filter) {
    MP_ASSIGN_OR_RETURN(filter, Convert(*e.filter));
  }
  Expr aggregate = kernel::Aggregate(ShownName(e.name), std::move(arguments), std::move(window),
                                     std::move(filter), static_cast<int64_t>(e.offset));
  aggregate.distinct = e.distinct;
  return aggregate;
}

Result<std::string> KernelExpressions::WindowName(const SqlExpr& e) {
  const data::WindowSpec& window = *e.window;
  const std::string written = window.name.empty() ? "this window" : "window " + window.name;
  if (!window.partition_by.empty()) {
    return Refuse(e, "{} has PARTITION BY: leave it out, ENTITY says whose rows are seen", written);
  }
  if (!window.order_by.empty()) {
    return Refuse(e, "{} has ORDER BY: leave it out, TIMESTAMP says the order", written);
  }
  if (window.unit != data::WindowSpec::Unit::kRange || window.has_exclude ||
      window.end.kind != data::FrameBound::Kind::kCurrentRow) {
    return Refuse(e,
                  "{} is no window of a feature view: write (RANGE INTERVAL n DAYS PRECEDING) or "
                  "(RANGE UNBOUNDED PRECEDING)",
                  written);
  }
  std::optional<Micros> range;
  if (window.start.kind == data::FrameBound::Kind::kPreceding) {
    if (!window.start.distance || window.start.distance->kind != SqlExprKind::kInterval) {
      return Refuse(e, "{} needs a constant length: write RANGE INTERVAL n DAYS PRECEDING",
                    written);
    }
    MP_ASSIGN_OR_RETURN(Expr length, Interval(*window.start.distance));
    range = length.literal.int64();
    if (*range <= 0) return Refuse(e, "{} has no length: it must be longer than 0", written);
  } else if (window.start.kind != data::FrameBound::Kind::kUnboundedPreceding) {
    return Refuse(e, "{} does not look back: write RANGE … PRECEDING", written);
  }
  for (const kernel::WindowDefinition& known : windows_) {
    if (known.range == range) return known.name;
  }
  // Windows are equal if they see the same rows, whatever the user calls them.
  std::string name = range ? fmt::format("range {}", *range) : "unbounded";
  windows_.push_back({name, range, static_cast<int64_t>(e.offset)});
  return name;
}

}  // namespace millpond::platform
