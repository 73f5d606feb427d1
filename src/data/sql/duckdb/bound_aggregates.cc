// Aggregates of a bound, unoptimised plan, subqueries and CTEs included.
#include "data/sql/duckdb/bound_aggregates_internal.h"

#include <duckdb/parser/parser.hpp>
#include <duckdb/planner/expression/bound_aggregate_expression.hpp>
#include <duckdb/planner/expression/bound_window_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/logical_operator_visitor.hpp>
#include <duckdb/planner/planner.hpp>

namespace millpond::data {
namespace {

using duckdb::Expression;

class Collector {
 public:
  explicit Collector(std::vector<BoundAggregate>& out) : out_(out) {}

  void Operator(duckdb::LogicalOperator& op) {
    duckdb::LogicalOperatorVisitor::EnumerateExpressions(
        op, [&](duckdb::unique_ptr<Expression>* child) { Visit(**child); });
    for (auto& child : op.children) Operator(*child);
  }

 private:
  void Visit(Expression& e) {
    if (e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_AGGREGATE) {
      auto& aggregate = e.Cast<duckdb::BoundAggregateExpression>();
      Add(aggregate.function.name, aggregate.children, false);
    } else if (e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_WINDOW) {
      auto& window = e.Cast<duckdb::BoundWindowExpression>();
      if (window.aggregate) Add(window.aggregate->name, window.children, true);
    }
    duckdb::ExpressionIterator::EnumerateChildren(e, [&](Expression& child) { Visit(child); });
  }

  void Add(const std::string& name, const duckdb::vector<duckdb::unique_ptr<Expression>>& arguments,
           bool window) {
    BoundAggregate one;
    one.function = name;
    one.window = window;
    for (const auto& argument : arguments) {
      one.argument_types.push_back(argument->return_type.ToString());
    }
    out_.push_back(std::move(one));
  }

  std::vector<BoundAggregate>& out_;
};

}  // namespace

std::vector<BoundAggregate> AggregatesOf(duckdb::Connection& connection, const std::string& text) {
  std::vector<BoundAggregate> aggregates;
  connection.context->RunFunctionInTransaction([&] {
    duckdb::Parser parser(connection.context->GetParserOptions());
    parser.ParseQuery(text);
    for (auto& statement : parser.statements) {
      duckdb::Planner planner(*connection.context);
      planner.CreatePlan(std::move(statement));
      Collector(aggregates).Operator(*planner.plan);
    }
  });
  return aggregates;
}

}  // namespace millpond::data
