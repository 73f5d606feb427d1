// Names to inputs, syntax to typed nodes, places to errors. The typing rules are in bind_types.cc,
// bind_arithmetic.cc and bind_functions.cc.
#include "kernel/bind_internal.h"

namespace millpond::kernel {
namespace {

constexpr int kMaxDepth = 400;

class Binder {
 public:
  explicit Binder(const Scope& scope) : scope_(scope) {}

  Result<BoundNodePtr> Bind(const Expr& expr, int depth = 0) {
    if (depth > kMaxDepth) {
      return Fail(ErrorKind::kInvalidArgument, "{}expression is nested more than {} levels deep",
                  Place(expr), kMaxDepth);
    }
    auto node = BindNode(expr, depth);
    if (node.has_value() || placed_) return node;
    // The innermost node at fault names the place, once.
    placed_ = true;
    return Fail(node.error().kind(), "{}{}", Place(expr), node.error().message());
  }

 private:
  std::string Place(const Expr& expr) const {
    if (!scope_.locate || expr.offset < 0) return "";
    return scope_.locate(expr.offset) + ": ";
  }

  Result<BoundNodePtr> BindNode(const Expr& expr, int depth) {
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return MakeConstant(expr.literal);
      case ExprKind::kColumn: {
        MP_ASSIGN_OR_RETURN(BoundInput input, scope_.column(expr.name));
        return MakeInput(input);
      }
      case ExprKind::kAggregate: {
        if (!scope_.aggregate) {
          return Fail(ErrorKind::kInvalidArgument,
                      "aggregate {} has no place here: only outputs of the view take aggregates, "
                      "and they do not nest",
                      expr.name);
        }
        auto input = scope_.aggregate(expr);
        if (input.has_value()) return MakeInput(*input);
        placed_ = true;
        return std::unexpected(std::move(input).error());
      }
      case ExprKind::kCast:
        return BindCast(expr, depth);
      case ExprKind::kCall:
        return BindCall(expr, depth);
    }
    return Fail(ErrorKind::kInternal, "unknown kind of expression");
  }

  Result<BoundNodePtr> BindCast(const Expr& expr, int depth) {
    if (expr.children.size() != 1) {
      return Fail(ErrorKind::kInvalidArgument, "CAST takes one argument");
    }
    MP_ASSIGN_OR_RETURN(BoundNodePtr node, Bind(expr.children[0], depth + 1));
    if (!CanCast(node->type, expr.cast_type)) {
      return Fail(ErrorKind::kUnsupported, "there is no cast from {} to {}", ToString(node->type),
                  ToString(expr.cast_type));
    }
    return MakeCast(std::move(node), expr.cast_type);
  }

  Result<BoundNodePtr> BindCall(const Expr& expr, int depth) {
    const FunctionInfo* function = FindFunction(expr.name);
    if (function == nullptr) return Unknown(expr.name);
    auto count = static_cast<int>(expr.children.size());
    if (count < function->min_arguments ||
        (function->max_arguments >= 0 && count > function->max_arguments)) {
      return Fail(ErrorKind::kInvalidArgument, "{} does not take {} arguments", expr.name, count);
    }
    if (function->rule == Rule::kAsOf) {
      if (!scope_.as_of) {
        return Fail(ErrorKind::kInvalidArgument,
                    "as_of() has no place here: rows are the same for every T; use it outside "
                    "aggregates");
      }
      MP_ASSIGN_OR_RETURN(BoundInput input, scope_.as_of());
      return MakeInput(input);
    }
    std::vector<BoundNodePtr> arguments;
    for (const Expr& child : expr.children) {
      MP_ASSIGN_OR_RETURN(BoundNodePtr argument, Bind(child, depth + 1));
      arguments.push_back(std::move(argument));
    }
    return BindFunction(*function, std::move(arguments));
  }

  static std::unexpected<Error> Unknown(const std::string& name) {
    std::string lower = LowerName(name);
    if (std::string_view reason = WhyRefused(lower); !reason.empty()) {
      return Fail(ErrorKind::kUnsupported, "function {} is refused in features: {}", lower, reason);
    }
    return Fail(ErrorKind::kInvalidArgument,
                "features have no function {}; docs/kernel/functions.md lists them", name);
  }

  const Scope& scope_;
  bool placed_ = false;
};

}  // namespace

Result<BoundExpression> Bind(const Expr& expression, const Scope& scope) {
  MP_ASSIGN_OR_RETURN(BoundNodePtr node, Binder(scope).Bind(expression));
  return BoundExpression(std::move(node));
}

Result<BoundExpression> BindAs(const Expr& expression, Type type, const Scope& scope) {
  MP_ASSIGN_OR_RETURN(BoundNodePtr node, Binder(scope).Bind(expression));
  auto converted = Coerce(std::move(node), type);
  if (converted.has_value()) return BoundExpression(std::move(*converted));
  std::string place = scope.locate && expression.offset >= 0
                          ? scope.locate(expression.offset) + ": "
                          : std::string();
  return Fail(converted.error().kind(), "{}{}", place, converted.error().message());
}

Result<BoundExpression> BindOver(const Expr& expression, std::span<const std::string> names,
                                 std::span<const Type> types, const Locator& locate) {
  Batch header;
  header.names.assign(names.begin(), names.end());
  Scope scope;
  scope.locate = locate;
  scope.column = [&](const std::string& name) -> Result<BoundInput> {
    int index = header.Find(name);
    if (index < 0) return Fail(ErrorKind::kNotFound, "there is no column {}", name);
    return BoundInput{index, types[index]};
  };
  return Bind(expression, scope);
}

}  // namespace millpond::kernel
