// What a query must not do with variants that are their bytes: DuckDB's functions that make JSON of
// anything would take the bytes in a struct, list or map for a BLOB and write them as text.
#include <duckdb/common/type_visitor.hpp>
#include <duckdb/main/connection.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/logical_operator_visitor.hpp>
#include <duckdb/planner/planner.hpp>

#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/duckdb/variant_functions_internal.h"

namespace millpond::data {
namespace {

bool HoldsVariant(const duckdb::LogicalType& type) {
  return duckdb::TypeVisitor::Contains(type, IsVariantType);
}

void Check(duckdb::Expression& expression) {
  bool makes_text = false;
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_FUNCTION) {
    const auto& call = expression.Cast<duckdb::BoundFunctionExpression>();
    const bool ours = call.function.name == "to_json" && call.children.size() == 1 &&
                      IsVariantType(call.children[0]->return_type);
    if (!ours && call.function.name.find("json") != std::string::npos) {
      for (const auto& child : call.children) {
        makes_text = makes_text || HoldsVariant(child->return_type);
      }
    }
  } else if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_CAST) {
    const auto& cast = expression.Cast<duckdb::BoundCastExpression>();
    const auto& from = cast.child->return_type;
    makes_text = cast.return_type.IsJSONType() && HoldsVariant(from) && !IsVariantType(from);
  }
  if (makes_text) {
    Throw(Error(ErrorKind::kUnsupported,
                "JSON is not made of a value with a variant in it in a statement that stores "
                "variants: make JSON of the variant first, as in json_object('a', to_json(v))"));
  }
  duckdb::ExpressionIterator::EnumerateChildren(expression, Check);
}

void CheckPlan(duckdb::LogicalOperator& op) {
  for (const auto& child : op.children) CheckPlan(*child);
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      op, [](duckdb::unique_ptr<duckdb::Expression>* child) { Check(**child); });
}

}  // namespace

void CheckVariantUses(duckdb::Connection& connection, const std::string& text) {
  connection.context->RunFunctionInTransaction([&] {
    duckdb::Parser parser(connection.context->GetParserOptions());
    parser.ParseQuery(text);
    for (auto& statement : parser.statements) {
      duckdb::Planner planner(*connection.context);
      planner.CreatePlan(std::move(statement));
      CheckPlan(*planner.plan);
    }
  });
}

}  // namespace millpond::data
