// A running DuckDB query as a RecordBatchReader of result types (data/sql/query_engine.h).
#pragma once

#include <arrow/type_fwd.h>

#include <duckdb/main/connection.hpp>
#include <duckdb/main/query_result.hpp>
#include <functional>
#include <memory>

#include "base/cancellation.h"
#include "base/result.h"
#include "data/sql/query_engine.h"

namespace millpond::data {

// The Arrow schema of columns of these types.
Result<std::shared_ptr<arrow::Schema>> ResultSchema(const std::vector<std::string>& names,
                                                    duckdb::vector<duckdb::LogicalType> types,
                                                    duckdb::ClientProperties properties);

// `owner` (the connection and what stands with it) lives as long as the reader; `interrupt` ends
// its query from any thread, at any time. Values are cast to the types of options.columns, or to
// what a Delta table can hold.
Result<std::shared_ptr<arrow::RecordBatchReader>> MakeResultReader(
    std::shared_ptr<void> owner, std::function<void()> interrupt,
    duckdb::unique_ptr<duckdb::QueryResult> result, const QueryText& query,
    const RunOptions& options);

}  // namespace millpond::data
