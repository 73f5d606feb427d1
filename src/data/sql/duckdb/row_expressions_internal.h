// RowExpressionEngine (data/delta/metadata/row_expressions.h) by the query engine's DuckDB
// instance.
#pragma once

#include <duckdb.hpp>
#include <memory>

#include "data/delta/metadata/row_expressions.h"
#include "data/sql/duckdb/lake_catalog.h"
#include "data/sql/duckdb/watchdog_internal.h"

namespace millpond::data {

struct RowExpressionParts {
  duckdb::shared_ptr<duckdb::DatabaseInstance> database;
  std::shared_ptr<PlannedScans> scans;
  std::shared_ptr<Watchdog> watchdog;
};

// Keeps the database open as long as it, or something that it bound, is there.
std::shared_ptr<RowExpressionEngine> MakeRowExpressions(const Environment& env,
                                                        RowExpressionParts parts);

}  // namespace millpond::data
