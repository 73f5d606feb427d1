// now(), current_timestamp(), current_date() and their other names: the statement's own time, the
// same wherever it is asked, in the place of DuckDB's, which is a query's and the machine's.
// current_timestamp() with parentheses is Spark's; DuckDB knows it without them only.
#include <array>
#include <duckdb/common/types/date.hpp>
#include <duckdb/common/types/timestamp.hpp>
#include <duckdb/execution/expression_executor_state.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/parser/parsed_data/create_scalar_function_info.hpp>

#include "data/sql/duckdb/clock_functions_internal.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_catalog.h"

namespace millpond::data {
namespace {

using duckdb::LogicalType;

duckdb::timestamp_t TimeOf(duckdb::ExpressionState& state) {
  return duckdb::timestamp_t(StatementTables::Of(state.GetContext()).Now());
}

void Instant(duckdb::DataChunk&, duckdb::ExpressionState& state, duckdb::Vector& result) {
  const duckdb::timestamp_tz_t at(TimeOf(state).value);
  result.Reference(duckdb::Value::TIMESTAMPTZ(at));
}

void Day(duckdb::DataChunk&, duckdb::ExpressionState& state, duckdb::Vector& result) {
  result.Reference(duckdb::Value::DATE(duckdb::Timestamp::GetDate(TimeOf(state))));
}

struct Clock {
  const char* name;
  bool day;
};

// The third is what the parser makes of the bare word.
constexpr std::array<Clock, 6> kClocks = {{{"now", false},
                                           {"current_timestamp", false},
                                           {"get_current_timestamp", false},
                                           {"transaction_timestamp", false},
                                           {"current_date", true},
                                           {"today", true}}};

}  // namespace

Status RegisterClocks(duckdb::DatabaseInstance& db) {
  try {
    duckdb::ExtensionLoader loader(db, "millpond");
    for (const auto& [name, day] : kClocks) {
      duckdb::ScalarFunction clock(name, {}, day ? LogicalType::DATE : LogicalType::TIMESTAMP_TZ,
                                   day ? Day : Instant);
      clock.SetStability(duckdb::FunctionStability::CONSISTENT_WITHIN_QUERY);
      duckdb::CreateScalarFunctionInfo info(std::move(clock));
      info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
      loader.RegisterFunction(std::move(info));
    }
    return OkStatus();
  } catch (const std::exception& exception) {
    return std::unexpected(ToError(duckdb::ErrorData(exception)));
  }
}

}  // namespace millpond::data
