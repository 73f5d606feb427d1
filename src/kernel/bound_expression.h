// Expressions with names resolved and types known, ready to run. Evaluation never fails: what has
// no value (overflow, division by zero, a cast out of range) is NULL. One row is a batch of one, so
// training, stream and request run the same loops over the same scalar functions.
#pragma once

#include <memory>
#include <span>

#include "kernel/column.h"
#include "kernel/expression.h"

namespace millpond::kernel {

struct BoundNode;

class BoundExpression {
 public:
  BoundExpression() = default;
  explicit BoundExpression(std::shared_ptr<const BoundNode> root) : root_(std::move(root)) {}

  Type type() const;
  // `inputs` are the columns the expression was bound over, in that order, each of `rows` rows.
  // Thread-safe.
  Column Evaluate(std::span<const Column* const> inputs, int64_t rows) const;
  // Which inputs are read, ascending.
  std::vector<int> UsedInputs() const;

 private:
  std::shared_ptr<const BoundNode> root_;
};

struct BoundInput {
  int index;  // into the columns of Evaluate
  Type type;
};

// What names mean where an expression stands.
struct Scope {
  // The column or alias of a kColumn node; an error without place (the binder adds it).
  std::function<Result<BoundInput>(const std::string& name)> column;
  // An aggregate node; null: aggregates are refused here.
  std::function<Result<BoundInput>(const Expr& aggregate)> aggregate;
  // as_of(); null: refused here.
  std::function<Result<BoundInput>()> as_of;
  Locator locate;
};

// Errors begin with locate(offset) of the node at fault.
Result<BoundExpression> Bind(const Expr& expression, const Scope& scope);
// As Bind, with a last cast to `type` if the expression's is another that converts implicitly.
Result<BoundExpression> BindAs(const Expr& expression, Type type, const Scope& scope);

// VARCHAR: the row encoding (docs/formats/row-encoding.md) of one or more inputs, as bytes.
BoundExpression CanonicalRowOf(std::span<const BoundInput> inputs);

// Binds over the columns of a batch by name, without aggregates and as_of().
Result<BoundExpression> BindOver(const Expr& expression, std::span<const std::string> names,
                                 std::span<const Type> types, const Locator& locate = {});

}  // namespace millpond::kernel
