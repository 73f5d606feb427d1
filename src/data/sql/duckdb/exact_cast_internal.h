// Did a cast into a column's type keep the values? DuckDB rounds where a type is too narrow; an
// INSERT must not, not in silence (docs/decisions/009-inserts-are-exact.md).
#pragma once

#include <duckdb/common/types/value.hpp>
#include <duckdb/common/types/vector.hpp>
#include <duckdb/main/client_context.hpp>
#include <optional>
#include <string>

#include "data/sql/query_engine.h"

namespace millpond::data {

// The first row whose value is another one in `to`, which was cast from `from`. FLOAT and DOUBLE
// hold the nearest value and texts what the value reads as: neither counts as a change.
std::optional<duckdb::idx_t> FirstChanged(duckdb::ClientContext& context, duckdb::Vector& from,
                                          duckdb::Vector& to, duckdb::idx_t count);

// "1.7 would be stored as 2: write CAST(… AS BIGINT) or round(…) if that is meant".
std::string ChangedText(const duckdb::Value& from, const duckdb::Value& to,
                        const duckdb::LogicalType& type);

// The function by which a query casts so itself (exact_function.cc).
Status RegisterExact(duckdb::DatabaseInstance& db);

}  // namespace millpond::data
