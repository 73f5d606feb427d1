// Millpond's types and values in DuckDB's terms.
#pragma once

#include <duckdb/common/types.hpp>
#include <duckdb/common/types/value.hpp>
#include <optional>

#include "data/delta/metadata/column_value.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

// timestamp -> TIMESTAMP WITH TIME ZONE, timestamp_ntz -> TIMESTAMP.
duckdb::LogicalType ToLogicalType(const DataType& type);

// NULL of the type where there is no value, or where the value does not fit the type.
duckdb::Value ToValue(const ColumnValue& value, const DataType& type);

// The other way round, of types whose values statistics are compared with; nullopt: of another.
std::optional<DataType> FromLogicalType(const duckdb::LogicalType& type);
std::optional<ColumnValue> FromValue(const duckdb::Value& value);

// The type that a result column of this type has (data/sql/query_engine.h).
duckdb::LogicalType ResultType(const duckdb::LogicalType& type);

}  // namespace millpond::data
