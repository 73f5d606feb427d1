#include <algorithm>

#include "kernel/bind_internal.h"

namespace millpond::kernel {
namespace {

using Nodes = std::vector<BoundNodePtr>;

std::unexpected<Error> WrongArgument(const FunctionInfo& function, Type type) {
  return Fail(ErrorKind::kInvalidArgument, "{} does not take {}", function.name, ToString(type));
}

// A balanced tree, so that a list of thousands does not make a tower.
BoundNodePtr Combine(Op op, std::span<const BoundNodePtr> nodes) {
  if (nodes.size() == 1) return nodes[0];
  size_t half = nodes.size() / 2;
  return MakeNode(op, kBoolean, {Combine(op, nodes.first(half)), Combine(op, nodes.subspan(half))});
}

Result<BoundNodePtr> BindLogic(const FunctionInfo& function, Nodes arguments) {
  for (BoundNodePtr& argument : arguments) {
    MP_ASSIGN_OR_RETURN(argument, Coerce(std::move(argument), kBoolean));
  }
  if (function.rule == Rule::kNot) return MakeNode(Op::kNot, kBoolean, std::move(arguments));
  return Combine(function.op, arguments);
}

Result<BoundNodePtr> BindIn(Nodes arguments) {
  MP_RETURN_IF_ERROR(Unify(arguments));
  Nodes equalities;
  for (size_t i = 1; i < arguments.size(); ++i) {
    equalities.push_back(MakeNode(Op::kEqual, kBoolean, {arguments[0], arguments[i]}));
  }
  return Combine(Op::kOr, equalities);
}

Result<BoundNodePtr> BindBetween(Nodes arguments) {
  MP_RETURN_IF_ERROR(Unify(arguments));
  return MakeNode(Op::kAnd, kBoolean,
                  {MakeNode(Op::kGreaterEqual, kBoolean, {arguments[0], arguments[1]}),
                   MakeNode(Op::kLessEqual, kBoolean, {arguments[0], arguments[2]})});
}

Result<BoundNodePtr> BindCase(Nodes arguments) {
  if (arguments.size() % 2 == 0) arguments.push_back(MakeConstant(Value()));
  Nodes values;
  for (size_t i = 1; i < arguments.size(); i += 2) values.push_back(arguments[i]);
  values.push_back(arguments.back());
  MP_ASSIGN_OR_RETURN(Type type, Unify(values));
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    MP_ASSIGN_OR_RETURN(arguments[i], Coerce(std::move(arguments[i]), kBoolean));
    arguments[i + 1] = values[i / 2];
  }
  arguments.back() = values.back();
  return MakeNode(Op::kCase, type, std::move(arguments));
}

Result<BoundNodePtr> BindNullif(Nodes arguments) {
  BoundNodePtr value = arguments[0];
  MP_RETURN_IF_ERROR(Unify(arguments));
  BoundNodePtr equal = MakeNode(Op::kEqual, kBoolean, std::move(arguments));
  return MakeNode(Op::kCase, value->type, {equal, MakeConstant(Value::Null(value->type)), value});
}

// round(x, n): of a DECIMAL only.
Result<BoundNodePtr> BindRoundTo(Nodes arguments) {
  const BoundNode& digits = *arguments[1];
  if (!IsConstant(arguments[1]) || digits.type.id != TypeId::kBigint || digits.constant.is_null() ||
      digits.constant.int64() < 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "the second argument of round is a literal number of digits, 0 or more");
  }
  int64_t scale = digits.constant.int64();
  Type type = arguments[0]->type;
  if (type.id == TypeId::kDouble) {
    return Fail(
        ErrorKind::kUnsupported,
        "round(x, {}) of a DOUBLE is refused: a double has no exact decimal digits; CAST it "
        "to DECIMAL(p, {})",
        scale, scale);
  }
  if (type.id == TypeId::kBigint || (type.id == TypeId::kDecimal && scale >= type.scale)) {
    return arguments[0];
  }
  if (type.id != TypeId::kDecimal) {
    return Fail(ErrorKind::kInvalidArgument, "round does not take {}", ToString(type));
  }
  int whole = type.precision - type.scale + 1;
  int kept = static_cast<int>(scale);
  return MakeCast(arguments[0], Decimal(std::min(kMaxDecimalDigits, whole + kept), kept));
}

Result<BoundNodePtr> BindNumber(const FunctionInfo& function, Nodes arguments) {
  if (function.op == Op::kRound && arguments.size() == 2) return BindRoundTo(std::move(arguments));
  if (function.op == Op::kSqrt) {
    MP_ASSIGN_OR_RETURN(arguments[0], Coerce(std::move(arguments[0]), kDouble));
    return MakeNode(function.op, kDouble, std::move(arguments));
  }
  Type type = arguments[0]->type;
  if (type.id == TypeId::kNull) return arguments[0];
  bool interval =
      type.id == TypeId::kInterval && (function.op == Op::kNegate || function.op == Op::kAbs);
  if (!IsNumeric(type) && !interval) return WrongArgument(function, type);
  bool keeps_type = function.op == Op::kNegate || function.op == Op::kAbs;
  if (!keeps_type && type.id == TypeId::kBigint) return arguments[0];
  if (!keeps_type && type.id == TypeId::kDecimal) {
    type = Decimal(std::min(kMaxDecimalDigits, type.precision - type.scale + 1), 0);
  }
  return MakeNode(function.op, type, std::move(arguments));
}

Result<BoundNodePtr> BindUnitsBetween(const FunctionInfo& function, Nodes arguments) {
  for (BoundNodePtr& argument : arguments) {
    MP_ASSIGN_OR_RETURN(argument, Coerce(std::move(argument), kTimestamp));
  }
  BoundNode node;
  node.op = function.op;
  node.type = kBigint;
  node.micros = function.micros;
  node.children = std::move(arguments);
  return MakeNode(std::move(node));
}

Result<BoundNodePtr> BindTimePart(const FunctionInfo& function, Nodes arguments) {
  BoundNode node;
  node.op = function.op;
  node.unit = function.unit;
  if (function.rule != Rule::kNamedDatePart) {
    if (!IsTextLiteral(arguments[0])) {
      return Fail(ErrorKind::kInvalidArgument, "the unit of {} is a literal, as in {}('day', x)",
                  function.name, function.name);
    }
    const std::string& name = arguments[0]->constant.text();
    std::optional<TimeUnit> unit = FindTimeUnit(name);
    bool truncates = function.rule == Rule::kDateTrunc;
    if (!unit.has_value() || (truncates && *unit >= TimeUnit::kDayOfWeek)) {
      return Fail(ErrorKind::kInvalidArgument, "{} knows no unit '{}'", function.name, name);
    }
    node.unit = *unit;
  }
  BoundNodePtr time = arguments.back();
  if (time->type.id == TypeId::kNull || IsTextLiteral(time)) {
    MP_ASSIGN_OR_RETURN(time, Coerce(std::move(time), kTimestamp));
  }
  if (time->type.id != TypeId::kDate && time->type.id != TypeId::kTimestamp) {
    return WrongArgument(function, time->type);
  }
  bool below_day = node.unit == TimeUnit::kHour || node.unit == TimeUnit::kMinute ||
                   node.unit == TimeUnit::kSecond;
  node.type = kBigint;
  if (function.rule == Rule::kDateTrunc) node.type = below_day ? kTimestamp : time->type;
  node.children = {std::move(time)};
  return MakeNode(std::move(node));
}

Result<BoundNodePtr> BindEpoch(const FunctionInfo& function, Nodes arguments) {
  TypeId id = arguments[0]->type.id;
  if (id != TypeId::kDate && id != TypeId::kTimestamp && id != TypeId::kInterval) {
    return WrongArgument(function, arguments[0]->type);
  }
  return MakeNode(Op::kEpoch, kDouble, std::move(arguments));
}

Result<BoundNodePtr> BindText(const FunctionInfo& function, Nodes arguments) {
  Type type = kVarchar;
  if (function.op == Op::kLength) type = kBigint;
  if (function.op == Op::kLike) type = kBoolean;
  for (size_t i = 0; i < arguments.size(); ++i) {
    bool number = function.rule == Rule::kSubstr && i > 0;
    if (function.rule == Rule::kConcat && CanCast(arguments[i]->type, kVarchar)) {
      arguments[i] = MakeCast(std::move(arguments[i]), kVarchar);
    }
    MP_ASSIGN_OR_RETURN(arguments[i], Coerce(std::move(arguments[i]), number ? kBigint : kVarchar));
  }
  return MakeNode(function.op, type, std::move(arguments));
}

}  // namespace

Result<BoundNodePtr> BindFunction(const FunctionInfo& function, Nodes arguments) {
  switch (function.rule) {
    case Rule::kArithmetic:
      if (arguments.size() == 2) return BindArithmetic(function.op, std::move(arguments));
      return BindNumber({"-", "", Rule::kNumber, Op::kNegate}, std::move(arguments));
    case Rule::kComparison:
      MP_RETURN_IF_ERROR(Unify(arguments));
      return MakeNode(function.op, kBoolean, std::move(arguments));
    case Rule::kConnective:
    case Rule::kNot:
      return BindLogic(function, std::move(arguments));
    case Rule::kNullTest:
      return MakeNode(function.op, kBoolean, std::move(arguments));
    case Rule::kIn:
      return BindIn(std::move(arguments));
    case Rule::kBetween:
      return BindBetween(std::move(arguments));
    case Rule::kCase:
      return BindCase(std::move(arguments));
    case Rule::kChoice: {
      MP_ASSIGN_OR_RETURN(Type type, Unify(arguments));
      return MakeNode(function.op, type, std::move(arguments));
    }
    case Rule::kNullif:
      return BindNullif(std::move(arguments));
    case Rule::kNumber:
      return BindNumber(function, std::move(arguments));
    case Rule::kUnitsBetween:
      return BindUnitsBetween(function, std::move(arguments));
    case Rule::kDateTrunc:
    case Rule::kDatePart:
    case Rule::kNamedDatePart:
      return BindTimePart(function, std::move(arguments));
    case Rule::kEpoch:
      return BindEpoch(function, std::move(arguments));
    case Rule::kText:
    case Rule::kSubstr:
    case Rule::kConcat:
      return BindText(function, std::move(arguments));
    case Rule::kAsOf:
      break;
  }
  return Fail(ErrorKind::kInternal, "function {} has no rule", function.name);
}

}  // namespace millpond::kernel
