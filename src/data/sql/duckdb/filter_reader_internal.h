// DuckDB's bound filters of a scan as a condition on files (data/delta/rows/file_filter.h).
//
// Understood: comparisons (also with fields of structs and between columns), IS [NOT] DISTINCT
// FROM, [NOT] IN, BETWEEN, IS [NOT] NULL, AND, OR, NOT, boolean columns; LIKE 'abc%' and prefixes;
// of a column that is compared: casts that keep the order, year() and the smaller parts,
// date_trunc, strftime, left and substring from the start, coalesce. Anything else may be anything.
#pragma once

#include <duckdb/common/multi_file/multi_file_list.hpp>
#include <duckdb/planner/expression.hpp>
#include <string>
#include <vector>

#include "data/delta/rows/file_filter.h"

namespace millpond::data {

struct ReadFilter {
  FilterNode condition;
  // What the condition's columns are: names from the top down through structs.
  std::vector<std::vector<std::string>> columns = {};
};

// All of `filters` must hold. `schema`: the scan's.
ReadFilter ReadFilters(duckdb::ClientContext& context, const Schema& schema,
                       const duckdb::MultiFilePushdownInfo& info,
                       const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters);

}  // namespace millpond::data
