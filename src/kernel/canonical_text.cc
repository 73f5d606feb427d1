#include <bit>

#include "kernel/aggregate.h"
#include "kernel/canonical.h"
#include "kernel/canonical_text_internal.h"
#include "kernel/functions_internal.h"

namespace millpond::kernel {
namespace {

// Outputs that build on outputs are printed in full; this bounds what a chain of doublings makes.
constexpr size_t kMaxTextBytes = size_t{1} << 20;

Result<std::string> PrintList(std::string_view name, std::span<const Expr> arguments,
                              const Printer& printer) {
  std::string text(name);
  text += '(';
  for (const Expr& argument : arguments) {
    if (text.back() != '(') text += ',';
    MP_ASSIGN_OR_RETURN(std::string part, PrintExpression(argument, printer));
    text += part;
  }
  if (text.size() > kMaxTextBytes) {
    return Fail(ErrorKind::kInvalidArgument,
                "an expression with the outputs it is built on is longer than {} bytes",
                kMaxTextBytes);
  }
  return text;
}

Result<std::string> PrintAggregate(const Expr& expr, const Printer& printer) {
  MP_ASSIGN_OR_RETURN(AggregateFunction function,
                      FindAggregate(expr.name, !expr.children.empty(), expr.distinct));
  MP_ASSIGN_OR_RETURN(std::string text,
                      PrintList(fmt::format("{}@1", ToString(function)), expr.children, printer));
  MP_ASSIGN_OR_RETURN(std::string window, printer.window(expr.window));
  if (text.back() != '(') text += ',';
  text += "window=" + window;
  if (!expr.filter.empty()) {
    MP_ASSIGN_OR_RETURN(std::string filter, PrintExpression(expr.filter[0], printer));
    text += ",filter=" + filter;
  }
  return text + ')';
}

}  // namespace

std::string QuoteText(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string PrintValue(const Value& value) {
  std::string type = ToString(value.type());
  if (value.is_null()) return fmt::format("literal({},NULL)", type);
  switch (value.type().id) {
    case TypeId::kBoolean:
      return fmt::format("literal(BOOLEAN,{})", value.boolean() ? "true" : "false");
    case TypeId::kDouble:
      return fmt::format("literal(DOUBLE,{:016x})",
                         std::bit_cast<uint64_t>(CanonicalDouble(value.number())));
    case TypeId::kDecimal:
      return fmt::format("literal({},{})", type,
                         FormatDecimal(value.decimal(), value.type().scale));
    case TypeId::kVarchar:
      return fmt::format("literal(VARCHAR,{})", QuoteText(value.text()));
    default:
      return fmt::format("literal({},{})", type, value.int64());
  }
}

std::string PrintWindow(const WindowDefinition& window) {
  return window.range.has_value() ? fmt::format("range({})", *window.range) : "unbounded";
}

Result<std::string> PrintExpression(const Expr& expr, const Printer& printer) {
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return PrintValue(expr.literal);
    case ExprKind::kColumn:
      return printer.column(expr.name);
    case ExprKind::kAggregate:
      return PrintAggregate(expr, printer);
    case ExprKind::kCast: {
      MP_ASSIGN_OR_RETURN(std::string text, PrintList("cast@1", expr.children, printer));
      return text + "," + ToString(expr.cast_type) + ")";
    }
    case ExprKind::kCall:
      break;
  }
  const FunctionInfo* function = FindFunction(expr.name);
  if (function == nullptr) return Fail(ErrorKind::kInternal, "no function {}", expr.name);
  bool negation = function->op == Op::kSubtract && expr.children.size() == 1;
  MP_ASSIGN_OR_RETURN(std::string text, PrintList(negation ? "negate@1" : function->canonical,
                                                  expr.children, printer));
  return text + ')';
}

}  // namespace millpond::kernel
