// A running DuckDB query as a RecordBatchReader of result types (data/sql/query_engine.h).
#pragma once

#include <arrow/type_fwd.h>

#include <duckdb/main/connection.hpp>
#include <duckdb/main/pending_query_result.hpp>
#include <functional>
#include <memory>

#include "base/result.h"
#include "data/sql/duckdb/result_collector_internal.h"

namespace millpond::data {

// The Arrow schema of columns of these types.
Result<std::shared_ptr<arrow::Schema>> ResultSchema(const std::vector<std::string>& names,
                                                    duckdb::vector<duckdb::LogicalType> types,
                                                    duckdb::ClientProperties properties);

struct RunningQuery {
  std::shared_ptr<void> owner;      // the connection and what stands with it; goes after the query
  std::function<void()> interrupt;  // ends the query, from any thread, at any time
  std::function<double()> percent;  // how far it is; below 0: not known
  duckdb::unique_ptr<duckdb::PendingQueryResult> query;
};

// The reader's thread takes its part in the query's work.
std::shared_ptr<arrow::RecordBatchReader> MakeResultReader(RunningQuery query,
                                                           std::shared_ptr<CollectedResult> result);

}  // namespace millpond::data
