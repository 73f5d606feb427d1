// The one query engine behind SQL, as the session sees it: text that Millpond parsed and passed
// goes in, Arrow batches come out. Implemented in data/sql/duckdb. Thread-safe.
//
// Results have only types that a Delta table can hold: HUGEINT comes as BIGINT (out of range is an
// error), unsigned integers as the next wider signed type, TIMESTAMP without a zone as an instant
// in UTC (the session's zone), TIME, INTERVAL, UUID and ENUM as text.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "data/delta/metadata/row_expressions.h"
#include "data/delta/metadata/schema.h"
#include "data/sql/bound_calls.h"
#include "data/sql/rewrite.h"
#include "data/sql/source_text.h"
#include "data/sql/table_source.h"

namespace millpond {
class Progress;
}

namespace millpond::data {

struct QueryEngineOptions {
  int64_t memory_bytes = 0;  // what the process may hold because of queries
  int threads = 1;
  std::string temp_directory;  // made; what processes that are gone left in it is removed
};

// What DuckDB reads, and the text it came from.
struct QueryText {
  const SourceText& source;
  const RewrittenSql& rewritten;
};

// Where the result goes, by position (INSERT).
struct TargetColumn {
  std::string name;
  DataType type;
};

struct RunOptions {
  // What the result must fit into; empty: as the query gives it. A value that would not be the same
  // afterwards is an error that names the column.
  std::vector<TargetColumn> columns;
  // Where in the source the values stand, for errors: the columns of row 0, 1, … (VALUES), or of
  // every row, if there is one line (a SELECT's list). Empty: nothing is known.
  std::vector<std::vector<size_t>> places;
  // Told how far the query is until there are rows; null: nobody waits. Outlives the result.
  Progress* progress = nullptr;
};

// f(value, 'schema', 'name') in a query of Millpond's own: the value in the type of the one column
// of the schema, as JSON, or an error that names the column if it would not be the same there.
constexpr const char* kExactFunction = "__millpond_exact";

struct QueryPlan {
  std::string text;
  std::vector<ScanReport> scans;
};

class QueryEngine {
 public:
  // kUnsupported: the library at hand is not the version that Millpond was built for.
  static Result<std::unique_ptr<QueryEngine>> Open(const Environment& env,
                                                   const QueryEngineOptions& options);
  virtual ~QueryEngine() = default;

  // The rows stream; errors of ReadNext come as arrow::Status (data/arrow/status.h).
  virtual Result<std::shared_ptr<arrow::RecordBatchReader>> Run(const QueryText& query,
                                                                std::shared_ptr<TableSource> tables,
                                                                const RunOptions& options) = 0;
  virtual Result<std::shared_ptr<arrow::Schema>> Describe(const QueryText& query,
                                                          std::shared_ptr<TableSource> tables) = 0;
  // What the query calls once it is bound. Nothing runs.
  virtual Result<BoundCalls> Calls(const QueryText& query, std::shared_ptr<TableSource> tables) = 0;
  // Evaluates the expressions of tables' rows; may outlive the engine.
  virtual std::shared_ptr<RowExpressionEngine> row_expressions() = 0;
  // run: executes the query and tells of the files that were read in fact.
  virtual Result<QueryPlan> Explain(const QueryText& query, std::shared_ptr<TableSource> tables,
                                    bool run) = 0;
};

}  // namespace millpond::data
