// The calls of a bound, unoptimised plan, subqueries and CTEs included.
#include "data/sql/duckdb/bound_calls_internal.h"

#include <algorithm>
#include <duckdb/function/table/arrow.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/planner/expression/bound_aggregate_expression.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <duckdb/planner/expression/bound_window_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/logical_operator_visitor.hpp>
#include <duckdb/planner/operator/logical_cte.hpp>
#include <duckdb/planner/operator/logical_cteref.hpp>
#include <duckdb/planner/operator/logical_get.hpp>
#include <duckdb/planner/planner.hpp>
#include <map>
#include <set>

#include "data/sql/table_source.h"

namespace millpond::data {
namespace {

using duckdb::Expression;
using duckdb::LogicalOperatorType;
using Readers = std::set<std::string>;

class Collector {
 public:
  explicit Collector(BoundCalls& out) : out_(out) {}

  // The readers whose rows come out of the operator or went into it.
  Readers Operator(duckdb::LogicalOperator& op) {
    Readers readers;
    for (size_t i = 0; i < op.children.size(); ++i) {
      Readers below = Operator(*op.children[i]);
      if (i == 0 && (op.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE ||
                     op.type == LogicalOperatorType::LOGICAL_RECURSIVE_CTE)) {
        ctes_[op.Cast<duckdb::LogicalCTE>().table_index] = below;
        if (op.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE) continue;
      }
      readers.merge(below);
    }
    if (op.type == LogicalOperatorType::LOGICAL_GET) {
      const auto& get = op.Cast<duckdb::LogicalGet>();
      if (get.function.name == "arrow_scan_dumb") {
        const auto& scan = get.bind_data->Cast<duckdb::ArrowScanFunctionData>();
        readers.insert(reinterpret_cast<const OnceReader*>(scan.stream_factory_ptr)->name());
      }
    } else if (op.type == LogicalOperatorType::LOGICAL_CTE_REF) {
      readers = ctes_[op.Cast<duckdb::LogicalCTERef>().cte_index];
    }
    duckdb::LogicalOperatorVisitor::EnumerateExpressions(
        op, [&](duckdb::unique_ptr<Expression>* child) { Visit(**child, readers); });
    return readers;
  }

 private:
  void Visit(Expression& e, const Readers& readers) {
    if (e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_AGGREGATE) {
      auto& aggregate = e.Cast<duckdb::BoundAggregateExpression>();
      bool ordered = aggregate.order_bys != nullptr && !aggregate.order_bys->orders.empty();
      Add(aggregate.function.name, aggregate.children, {"", {}, false, ordered, {}}, readers);
    } else if (e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_WINDOW) {
      auto& window = e.Cast<duckdb::BoundWindowExpression>();
      bool ordered = !window.orders.empty() || !window.arg_orders.empty();
      if (window.aggregate) {
        Add(window.aggregate->name, window.children, {"", {}, true, ordered, {}}, readers);
      }
    } else if (e.GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION) {
      const auto& function = e.Cast<duckdb::BoundFunctionExpression>().function;
      if (function.GetStability() != duckdb::FunctionStability::CONSISTENT) {
        out_.unstable.push_back(function.name);
      }
    }
    duckdb::ExpressionIterator::EnumerateChildren(
        e, [&](Expression& child) { Visit(child, readers); });
  }

  void Add(const std::string& name, const duckdb::vector<duckdb::unique_ptr<Expression>>& arguments,
           BoundAggregate one, const Readers& readers) {
    one.function = name;
    for (const auto& argument : arguments) {
      one.argument_types.push_back(argument->return_type.ToString());
    }
    one.readers.assign(readers.begin(), readers.end());
    out_.aggregates.push_back(std::move(one));
  }

  BoundCalls& out_;
  std::map<duckdb::idx_t, Readers> ctes_;
};

}  // namespace

BoundCalls CallsOf(duckdb::Connection& connection, const std::string& text) {
  BoundCalls calls;
  connection.context->RunFunctionInTransaction([&] {
    duckdb::Parser parser(connection.context->GetParserOptions());
    parser.ParseQuery(text);
    for (auto& statement : parser.statements) {
      duckdb::Planner planner(*connection.context);
      planner.CreatePlan(std::move(statement));
      Collector(calls).Operator(*planner.plan);
    }
  });
  return calls;
}

}  // namespace millpond::data
