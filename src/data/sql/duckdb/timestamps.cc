// Text that names a zone is a moment: cast to TIMESTAMP it becomes that moment in UTC, which is the
// zone of every session. DuckDB's own cast drops the zone and keeps the digits.
#include <duckdb/common/operator/cast_operators.hpp>
#include <duckdb/common/types/timestamp.hpp>
#include <duckdb/common/vector_operations/unary_executor.hpp>
#include <duckdb/function/cast/cast_function_set.hpp>
#include <duckdb/function/cast/default_casts.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include "data/sql/duckdb/timestamps_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

using duckdb::Timestamp;
using duckdb::timestamp_t;
using duckdb::TimestampCastResult;

duckdb::string Explain(TimestampCastResult found, const duckdb::string& text) {
  switch (found) {
    case TimestampCastResult::ERROR_NON_UTC_TIMEZONE:
      return Timestamp::UnsupportedTimezoneError(text);
    case TimestampCastResult::ERROR_RANGE:
      return Timestamp::RangeError(text);
    default:
      return Timestamp::FormatError(text);
  }
}

bool CastToTimestamp(duckdb::Vector& from, duckdb::Vector& to, duckdb::idx_t count,
                     duckdb::CastParameters& parameters) {
  bool all = true;
  duckdb::UnaryExecutor::ExecuteWithNulls<duckdb::string_t, timestamp_t>(
      from, to, count, [&](duckdb::string_t text, duckdb::ValidityMask& valid, duckdb::idx_t row) {
        timestamp_t moment;
        const TimestampCastResult found = Timestamp::TryConvertTimestamp(
            text.GetData(), text.GetSize(), moment, /*use_offset=*/true);
        if (found == TimestampCastResult::SUCCESS) return moment;
        duckdb::HandleCastError::AssignError(Explain(found, text.GetString()), parameters);
        valid.SetInvalid(row);
        all = false;
        return timestamp_t();
      });
  return all;
}

}  // namespace

void RegisterTimestamps(duckdb::DatabaseInstance& db) {
  using duckdb::BoundCastInfo;
  using duckdb::LogicalType;
  duckdb::ExtensionLoader loader(db, "millpond");
  loader.RegisterType("TIMESTAMP_NTZ", NtzType());
  loader.RegisterType("TIMESTAMP_LTZ", LogicalType::TIMESTAMP_TZ);
  auto& casts = duckdb::CastFunctionSet::Get(db);
  casts.RegisterCastFunction(LogicalType::VARCHAR, LogicalType::TIMESTAMP,
                             BoundCastInfo(CastToTimestamp));
  casts.RegisterCastFunction(LogicalType::VARCHAR, NtzType(), BoundCastInfo(CastToTimestamp));
  casts.RegisterCastFunction(NtzType(), LogicalType::TIMESTAMP,
                             BoundCastInfo(duckdb::DefaultCasts::ReinterpretCast),
                             /*implicit_cast_cost=*/0);
  casts.RegisterCastFunction(LogicalType::TIMESTAMP, NtzType(),
                             BoundCastInfo(duckdb::DefaultCasts::ReinterpretCast),
                             /*implicit_cast_cost=*/1);
}

}  // namespace millpond::data
