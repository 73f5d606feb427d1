// Filters on columns with NaN. Parquet leaves NaN out of a row group's bounds, and DuckDB's reader
// goes by the bounds: for x > 5 it passes over a row group whose numbers are all below 5, although
// a NaN in it is above all numbers.
#pragma once

#include <duckdb/common/types.hpp>
#include <duckdb/planner/table_filter.hpp>

namespace millpond::data {

// Whether the bounds may rule out a NaN that passes the filter, which is on a column of this type.
bool MayHideNaN(const duckdb::TableFilter& filter, const duckdb::LogicalType& type);

// Such a filter for DuckDB's reader to ask of the rows, but not of the bounds. Null: the rows need
// not be asked either.
duckdb::unique_ptr<duckdb::TableFilter> OfRowsOnly(const duckdb::TableFilter& filter,
                                                   const duckdb::LogicalType& type);

}  // namespace millpond::data
