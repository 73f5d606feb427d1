// The end of a query's plan: the threads that make the rows turn them into Arrow batches of the
// result's types and put them into a queue (data/arrow/batch_queue.h), whose parts are DuckDB's
// batch indexes where the query's rows have an order. They stop while the queue is full.
#pragma once

#include <arrow/type_fwd.h>

#include <duckdb/main/client_config.hpp>
#include <memory>

#include "data/arrow/batch_queue.h"
#include "data/sql/duckdb/result_values_internal.h"

namespace millpond::data {

struct CollectedResult {
  explicit CollectedResult(int64_t max_bytes_in) : max_bytes(max_bytes_in), queue(max_bytes_in) {}

  const int64_t max_bytes;
  BatchQueue queue;
  // Once the query is planned.
  std::shared_ptr<const ResultValues> values;
  std::shared_ptr<arrow::Schema> schema;
};

// For ClientConfig::get_result_collector while one query is planned that does not stream by
// DuckDB's own means. A query of another number of columns than options.columns fails.
duckdb::get_result_collector_t CollectInto(std::shared_ptr<CollectedResult> result,
                                           const QueryText& query, const RunOptions& options);

}  // namespace millpond::data
