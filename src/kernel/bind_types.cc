#include <algorithm>

#include "kernel/bind_internal.h"

namespace millpond::kernel {

BoundNodePtr MakeConstant(Value value) {
  auto node = std::make_shared<BoundNode>();
  node->type = value.type();
  node->constant = std::move(value);
  return node;
}

BoundNodePtr MakeInput(BoundInput input) {
  auto node = std::make_shared<BoundNode>();
  node->op = Op::kInput;
  node->type = input.type;
  node->input = input.index;
  return node;
}

BoundNodePtr MakeNode(BoundNode node) {
  bool constant = std::all_of(node.children.begin(), node.children.end(), IsConstant);
  auto made = std::make_shared<const BoundNode>(std::move(node));
  if (!constant) return made;
  return MakeConstant(BoundExpression(made).Evaluate({}, 1).ValueAt(0));
}

BoundNodePtr MakeNode(Op op, Type type, std::vector<BoundNodePtr> children) {
  BoundNode node;
  node.op = op;
  node.type = type;
  node.children = std::move(children);
  return MakeNode(std::move(node));
}

BoundNodePtr MakeCast(BoundNodePtr node, Type type) {
  if (node->type == type) return node;
  return MakeNode(Op::kCast, type, {std::move(node)});
}

bool IsConstant(const BoundNodePtr& node) {
  return node->op == Op::kConstant;
}

bool IsTextLiteral(const BoundNodePtr& node) {
  return IsConstant(node) && node->type.id == TypeId::kVarchar && !node->constant.is_null();
}

Type DecimalTypeOf(const BoundNode& node) {
  if (node.type.id == TypeId::kDecimal) return node.type;
  if (node.op != Op::kConstant || node.constant.is_null()) return Decimal(19, 0);
  Int128 value = node.constant.int64();
  int digits = 1;
  while (value >= PowerOfTen(digits) || -value >= PowerOfTen(digits)) ++digits;
  return Decimal(digits, 0);
}

namespace {

bool IsExact(Type type) {
  return type.id == TypeId::kBigint || type.id == TypeId::kDecimal;
}

bool IsTime(Type type) {
  return type.id == TypeId::kDate || type.id == TypeId::kTimestamp;
}

Type WiderDecimal(Type a, Type b) {
  int scale = std::max(a.scale, b.scale);
  int whole = std::max(a.precision - a.scale, b.precision - b.scale);
  return Decimal(std::min(kMaxDecimalDigits, whole + scale), scale);
}

}  // namespace

Result<Type> CommonType(std::span<const BoundNodePtr> nodes) {
  Type common = kNullType;
  bool has_text_literal = false;
  for (const BoundNodePtr& node : nodes) {
    Type type = node->type;
    if (IsTextLiteral(node)) {
      has_text_literal = true;
      continue;
    }
    if (type.id == TypeId::kNull || type == common) continue;
    if (common.id == TypeId::kNull) {
      common = type;
    } else if (IsNumeric(common) && IsNumeric(type)) {
      common = kDouble;
      if (std::all_of(nodes.begin(), nodes.end(), [](const BoundNodePtr& each) {
            return IsExact(each->type) || each->type.id == TypeId::kNull || IsTextLiteral(each);
          })) {
        common = kNullType;
        for (const BoundNodePtr& each : nodes) {
          if (!IsExact(each->type)) continue;
          Type decimal = DecimalTypeOf(*each);
          common = common.id == TypeId::kNull ? decimal : WiderDecimal(common, decimal);
        }
      }
    } else if (IsTime(common) && IsTime(type)) {
      common = kTimestamp;
    } else {
      return Fail(ErrorKind::kInvalidArgument, "{} and {} have no common type; CAST one of them",
                  ToString(common), ToString(type));
    }
  }
  if (common.id == TypeId::kNull && has_text_literal) return kVarchar;
  return common;
}

Result<BoundNodePtr> Coerce(BoundNodePtr node, Type type) {
  if (node->type == type) return node;
  if (IsTextLiteral(node) && CanCast(node->type, type)) {
    BoundNodePtr converted = MakeCast(node, type);
    if (!converted->constant.is_null()) return converted;
    return Fail(ErrorKind::kInvalidArgument, "'{}' cannot be read as {}", node->constant.text(),
                ToString(type));
  }
  bool implicit = node->type.id == TypeId::kNull ||
                  (IsExact(node->type) && IsNumeric(type) && type.id != TypeId::kBigint) ||
                  (node->type.id == TypeId::kDate && type.id == TypeId::kTimestamp);
  if (implicit) return MakeCast(std::move(node), type);
  return Fail(ErrorKind::kInvalidArgument, "expected {}, got {}", ToString(type),
              ToString(node->type));
}

Result<Type> Unify(std::span<BoundNodePtr> nodes) {
  MP_ASSIGN_OR_RETURN(Type type, CommonType(nodes));
  for (BoundNodePtr& node : nodes) {
    MP_ASSIGN_OR_RETURN(node, Coerce(std::move(node), type));
  }
  return type;
}

}  // namespace millpond::kernel
