// Millpond's types and values in DuckDB's terms.
#pragma once

#include <duckdb/common/types.hpp>
#include <duckdb/common/types/value.hpp>
#include <optional>

#include "data/delta/metadata/column_value.h"
#include "data/delta/metadata/schema.h"
#include "data/delta/rows/variant_columns.h"

namespace millpond::data {

// timestamp -> TIMESTAMP WITH TIME ZONE, timestamp_ntz -> TIMESTAMP; variant -> JSON or
// VariantType, as `variants` says; void -> a BOOLEAN by the name VOID, which is NULL and mixes with
// numbers (the type "NULL" itself would come out of a query as an INTEGER).
duckdb::LogicalType ToLogicalType(const DataType& type,
                                  VariantForm variants = VariantForm::kJoined);

// A variant's metadata and value as one, exactly as a file holds them: a BLOB by the name VARIANT.
// DuckDB's own type of that name is another one; casts are in variant_functions.cc.
duckdb::LogicalType VariantType();
bool IsVariantType(const duckdb::LogicalType& type);
bool IsVoidType(const duckdb::LogicalType& type);

// A TIMESTAMP by the name TIMESTAMP_NTZ: columns of timestamp_ntz go into a query like that, so
// that a result of one is told from other timestamps, which are moments. Casts are in
// timestamps.cc.
duckdb::LogicalType NtzType();
// The type with all of its timestamps named so.
duckdb::LogicalType WithNtzNamed(const duckdb::LogicalType& type);
// But for that name.
bool IsSameType(const duckdb::LogicalType& a, const duckdb::LogicalType& b);

// NULL of the type where there is no value, or where the value does not fit the type.
duckdb::Value ToValue(const ColumnValue& value, const DataType& type);

// The other way round, of types whose values statistics are compared with; nullopt: of another.
std::optional<DataType> FromLogicalType(const duckdb::LogicalType& type);
std::optional<ColumnValue> FromValue(const duckdb::Value& value);

// The type that a result column of this type has (data/sql/query_engine.h).
duckdb::LogicalType ResultType(const duckdb::LogicalType& type);

}  // namespace millpond::data
