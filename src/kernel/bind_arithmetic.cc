// Result types of + - * / // %: DuckDB's for decimals, with 38 digits at most. See
// docs/kernel/functions.md.
#include <algorithm>

#include "kernel/bind_internal.h"

namespace millpond::kernel {
namespace {

std::string_view Symbol(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kIntegerDivide:
      return "//";
    default:
      return "%";
  }
}

std::unexpected<Error> NoRule(Op op, const BoundNodePtr& a, const BoundNodePtr& b) {
  return Fail(ErrorKind::kInvalidArgument, "there is no {} {} {}", ToString(a->type), Symbol(op),
              ToString(b->type));
}

Result<BoundNodePtr> BindDecimals(Op op, BoundNodePtr a, BoundNodePtr b) {
  Type left = DecimalTypeOf(*a);
  Type right = DecimalTypeOf(*b);
  if (op == Op::kDivide) {
    return MakeNode(op, kDouble, {MakeCast(std::move(a), left), MakeCast(std::move(b), right)});
  }
  if (op == Op::kMultiply) {
    int scale = left.scale + right.scale;
    if (scale > kMaxDecimalDigits) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{} * {} needs {} digits behind the point, and there are 38; CAST an argument to "
                  "a smaller scale",
                  ToString(left), ToString(right), scale);
    }
    Type type = Decimal(std::min(kMaxDecimalDigits, left.precision + right.precision), scale);
    return MakeNode(op, type, {MakeCast(std::move(a), left), MakeCast(std::move(b), right)});
  }
  int scale = std::max(left.scale, right.scale);
  int whole = std::max(left.precision - left.scale, right.precision - right.scale);
  int carry = op == Op::kModulo ? 0 : 1;
  Type type = Decimal(std::min(kMaxDecimalDigits, whole + scale + carry), scale);
  return MakeNode(op, type, {MakeCast(std::move(a), type), MakeCast(std::move(b), type)});
}

Result<BoundNodePtr> BindNumbers(Op op, BoundNodePtr a, BoundNodePtr b) {
  bool whole = a->type.id == TypeId::kBigint && b->type.id == TypeId::kBigint;
  if (op == Op::kIntegerDivide && !whole) return NoRule(op, a, b);
  if (a->type.id == TypeId::kDouble || b->type.id == TypeId::kDouble) {
    return MakeNode(op, kDouble,
                    {MakeCast(std::move(a), kDouble), MakeCast(std::move(b), kDouble)});
  }
  if (!whole) return BindDecimals(op, std::move(a), std::move(b));
  Type type = op == Op::kDivide ? kDouble : kBigint;
  return MakeNode(op, type, {std::move(a), std::move(b)});
}

bool IsTime(Type type) {
  return type.id == TypeId::kDate || type.id == TypeId::kTimestamp;
}

Result<BoundNodePtr> BindTimes(Op op, BoundNodePtr a, BoundNodePtr b) {
  TypeId left = a->type.id;
  TypeId right = b->type.id;
  bool add = op == Op::kAdd;
  bool add_or_subtract = add || op == Op::kSubtract;
  if (add && IsTime(b->type) && !IsTime(a->type)) return BindTimes(op, std::move(b), std::move(a));
  if (add_or_subtract && IsTime(a->type) && right == TypeId::kInterval) {
    return MakeNode(op, kTimestamp, {MakeCast(std::move(a), kTimestamp), std::move(b)});
  }
  if (add_or_subtract && left == TypeId::kDate && right == TypeId::kBigint) {
    return MakeNode(op, kDate, {std::move(a), std::move(b)});
  }
  if (op == Op::kSubtract && left == TypeId::kDate && right == TypeId::kDate) {
    return MakeNode(op, kBigint, {std::move(a), std::move(b)});
  }
  if (op == Op::kSubtract && IsTime(a->type) && IsTime(b->type)) {
    return MakeNode(op, kInterval,
                    {MakeCast(std::move(a), kTimestamp), MakeCast(std::move(b), kTimestamp)});
  }
  if (add_or_subtract && left == TypeId::kInterval && right == TypeId::kInterval) {
    return MakeNode(op, kInterval, {std::move(a), std::move(b)});
  }
  bool scaled = (left == TypeId::kInterval && right == TypeId::kBigint) ||
                (left == TypeId::kBigint && right == TypeId::kInterval);
  if (op == Op::kMultiply && scaled) {
    return MakeNode(op, kInterval, {std::move(a), std::move(b)});
  }
  return NoRule(op, a, b);
}

}  // namespace

Result<BoundNodePtr> BindArithmetic(Op op, std::vector<BoundNodePtr> arguments) {
  BoundNodePtr a = std::move(arguments[0]);
  BoundNodePtr b = std::move(arguments[1]);
  // A bare NULL or a text literal takes the other side's type.
  for (auto [one, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    bool adapts = (*one)->type.id == TypeId::kNull || IsTextLiteral(*one);
    if (adapts && !IsTextLiteral(*other)) {
      MP_ASSIGN_OR_RETURN(*one, Coerce(std::move(*one), (*other)->type));
    }
  }
  if (a->type.id == TypeId::kNull) return a;
  if (IsNumeric(a->type) && IsNumeric(b->type)) return BindNumbers(op, std::move(a), std::move(b));
  return BindTimes(op, std::move(a), std::move(b));
}

}  // namespace millpond::kernel
