#include "kernel/bound_expression.h"

#include <algorithm>
#include <set>

#include "kernel/bound_node_internal.h"
#include "kernel/canonical.h"

namespace millpond::kernel {
namespace {

class Evaluation {
 public:
  Evaluation(std::span<const Column* const> inputs, int64_t rows) : inputs_(inputs), rows_(rows) {}

  // The node's column: an input as it is, anything else made in *storage.
  const Column* Run(const BoundNode& node, Column* storage) const {
    if (node.op == Op::kInput) return inputs_[node.input];
    *storage = Make(node);
    return storage;
  }

 private:
  Column Make(const BoundNode& node) const {
    if (node.op == Op::kConstant) return Column::Repeat(node.constant, rows_);
    std::vector<Column> storage(node.children.size());
    std::vector<const Column*> arguments;
    for (size_t i = 0; i < node.children.size(); ++i) {
      arguments.push_back(Run(*node.children[i], &storage[i]));
    }
    return Apply(node, arguments);
  }

  static Column Apply(const BoundNode& node, std::span<const Column* const> arguments) {
    const Column& a = *arguments[0];
    switch (node.op) {
      case Op::kCast:
        return CastColumn(a, node.type);
      case Op::kAdd:
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kIntegerDivide:
      case Op::kModulo:
        return Arithmetic(node.op, a, *arguments[1], node.type);
      case Op::kEqual:
      case Op::kNotEqual:
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
      case Op::kIsDistinct:
      case Op::kIsNotDistinct:
        return Comparison(node.op, a, *arguments[1]);
      case Op::kAnd:
      case Op::kOr:
        return Connective(node.op, a, *arguments[1]);
      case Op::kNot:
        return Not(a);
      case Op::kIsNull:
      case Op::kIsNotNull:
        return NullTest(node.op, a);
      case Op::kCase:
        return Case(arguments, node.type);
      case Op::kCoalesce:
      case Op::kGreatest:
      case Op::kLeast:
        return Choose(node.op, arguments, node.type);
      case Op::kNegate:
      case Op::kAbs:
      case Op::kFloor:
      case Op::kCeil:
      case Op::kRound:
      case Op::kSqrt:
        return NumberFunction(node.op, a, node.type);
      case Op::kUnitsBetween:
        return UnitsBetween(a, *arguments[1], node.micros);
      case Op::kDateTrunc:
        return DateTrunc(node.unit, a, node.type);
      case Op::kDatePart:
        return DatePart(node.unit, a);
      case Op::kEpoch:
        return Epoch(a);
      case Op::kCanonicalRow:
        return CanonicalRows(arguments);
      default:
        return TextFunction(node.op, arguments, node.type);
    }
  }

  std::span<const Column* const> inputs_;
  int64_t rows_;
};

void CollectInputs(const BoundNode& node, std::set<int>* inputs) {
  if (node.op == Op::kInput) inputs->insert(node.input);
  for (const BoundNodePtr& child : node.children) CollectInputs(*child, inputs);
}

}  // namespace

Column CanonicalRows(std::span<const Column* const> arguments) {
  Column rows(kVarchar, arguments[0]->size());
  for (int64_t row = 0; row < rows.size(); ++row) rows.SetText(row, CanonicalRow(arguments, row));
  return rows;
}

BoundExpression CanonicalRowOf(std::span<const BoundInput> inputs) {
  auto row = std::make_shared<BoundNode>();
  row->op = Op::kCanonicalRow;
  row->type = kVarchar;
  for (const BoundInput& input : inputs) {
    auto node = std::make_shared<BoundNode>();
    node->op = Op::kInput;
    node->type = input.type;
    node->input = input.index;
    row->children.push_back(std::move(node));
  }
  return BoundExpression(std::move(row));
}

Type BoundExpression::type() const {
  return root_->type;
}

Column BoundExpression::Evaluate(std::span<const Column* const> inputs, int64_t rows) const {
  Column storage;
  const Column* result = Evaluation(inputs, rows).Run(*root_, &storage);
  if (result != &storage) return *result;
  return storage;
}

std::vector<int> BoundExpression::UsedInputs() const {
  std::set<int> inputs;
  CollectInputs(*root_, &inputs);
  return {inputs.begin(), inputs.end()};
}

}  // namespace millpond::kernel
