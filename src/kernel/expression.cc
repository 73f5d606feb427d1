#include "kernel/expression.h"

#include "kernel/aggregate.h"

namespace millpond::kernel {

Expr ColumnRef(std::string name, int64_t offset) {
  Expr expr;
  expr.kind = ExprKind::kColumn;
  expr.name = std::move(name);
  expr.offset = offset;
  return expr;
}

Expr Literal(Value value, int64_t offset) {
  Expr expr;
  expr.literal = std::move(value);
  expr.offset = offset;
  return expr;
}

Expr Call(std::string name, std::vector<Expr> arguments, int64_t offset) {
  Expr expr;
  expr.kind = ExprKind::kCall;
  expr.name = std::move(name);
  expr.children = std::move(arguments);
  expr.offset = offset;
  return expr;
}

Expr Cast(Expr argument, Type type, int64_t offset) {
  Expr expr;
  expr.kind = ExprKind::kCast;
  expr.cast_type = type;
  expr.children.push_back(std::move(argument));
  expr.offset = offset;
  return expr;
}

Expr Aggregate(std::string name, std::vector<Expr> arguments, std::string window,
               std::optional<Expr> filter, int64_t offset) {
  Expr expr;
  expr.kind = ExprKind::kAggregate;
  expr.name = std::move(name);
  expr.children = std::move(arguments);
  expr.window = std::move(window);
  if (filter.has_value()) expr.filter.push_back(std::move(*filter));
  expr.offset = offset;
  return expr;
}

}  // namespace millpond::kernel
