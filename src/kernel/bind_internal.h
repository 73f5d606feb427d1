// Typing rules shared by the binder's files. A Binder turns syntax into typed nodes; nodes whose
// arguments are all constants are computed on the spot.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernel/bound_expression.h"
#include "kernel/bound_node_internal.h"
#include "kernel/functions_internal.h"

namespace millpond::kernel {

BoundNodePtr MakeConstant(Value value);
BoundNodePtr MakeInput(BoundInput input);
// Folds constants.
BoundNodePtr MakeNode(Op op, Type type, std::vector<BoundNodePtr> children);
BoundNodePtr MakeNode(BoundNode node);
BoundNodePtr MakeCast(BoundNodePtr node, Type type);

bool IsConstant(const BoundNodePtr& node);
// A text literal takes the type of what it stands beside.
bool IsTextLiteral(const BoundNodePtr& node);
// The DECIMAL that holds the node's integers or decimals.
Type DecimalTypeOf(const BoundNode& node);

// The type all of them convert to without being asked: numbers to the wider, DATE to TIMESTAMP,
// NULL and text literals to anything.
Result<Type> CommonType(std::span<const BoundNodePtr> nodes);
// As CommonType, and converts each node.
Result<Type> Unify(std::span<BoundNodePtr> nodes);
// To exactly `type`, if that is an implicit conversion.
Result<BoundNodePtr> Coerce(BoundNodePtr node, Type type);

// The rules; arguments are bound already. Errors have no place yet.
Result<BoundNodePtr> BindArithmetic(Op op, std::vector<BoundNodePtr> arguments);
Result<BoundNodePtr> BindFunction(const FunctionInfo& function,
                                  std::vector<BoundNodePtr> arguments);

}  // namespace millpond::kernel
