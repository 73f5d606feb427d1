// __millpond_exact(value, 'type', 'name'): the value in the type of the column, the only one of
// this schema's JSON, or an error that says what would be lost. Millpond's own queries call it
// where a column has its value from one of several expressions: a CASE over them would bring all,
// and the column itself, to one type first.
#include <duckdb/common/vector_operations/vector_operations.hpp>
#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/execution/expression_executor_state.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>

#include "data/delta/metadata/schema.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/exact_cast_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

using duckdb::LogicalType;

duckdb::unique_ptr<duckdb::FunctionData> Bind(
    duckdb::ClientContext& context, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const auto json = duckdb::ExpressionExecutor::EvaluateScalar(context, *arguments[1]);
  const auto schema = Schema::FromJson(json.ToString());
  if (!schema.has_value()) Throw(schema.error());
  function.arguments[0] = arguments[0]->return_type;
  function.SetReturnType(ToLogicalType(schema->fields().front().type));
  return nullptr;
}

void Exact(duckdb::DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const duckdb::idx_t count = arguments.size();
  duckdb::Vector& from = arguments.data[0];
  if (from.GetType() == result.GetType()) {
    result.Reference(from);
    return;
  }
  auto& context = state.GetContext();
  const auto refuse = [&](const std::string& why) {
    const std::string name = arguments.data[2].GetValue(0).ToString();
    Throw(Error(ErrorKind::kInvalidArgument, fmt::format("column {}: {}", name, why)));
  };
  duckdb::string message;
  if (!duckdb::VectorOperations::TryCast(context, from, result, count, &message)) refuse(message);
  const auto changed = FirstChanged(context, from, result, count);
  if (!changed) return;
  refuse(ChangedText(from.GetValue(*changed), result.GetValue(*changed), result.GetType()));
}

}  // namespace

Status RegisterExact(duckdb::DatabaseInstance& db) {
  duckdb::ScalarFunction exact(kExactFunction,
                               {LogicalType::ANY, LogicalType::VARCHAR, LogicalType::VARCHAR},
                               LogicalType::ANY, Exact, Bind);
  exact.SetFallible();
  exact.SetNullHandling(duckdb::FunctionNullHandling::SPECIAL_HANDLING);
  try {
    duckdb::ExtensionLoader(db, "millpond").RegisterFunction(std::move(exact));
    return OkStatus();
  } catch (const std::exception& exception) {
    return std::unexpected(ToError(duckdb::ErrorData(exception)));
  }
}

}  // namespace millpond::data
