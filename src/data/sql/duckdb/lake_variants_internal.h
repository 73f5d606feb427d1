// Columns of type variant, or with variants in them, in a scan. DuckDB's Parquet reader decodes
// variant bytes without a look at their length, and takes a NULL and a variant that is null for the
// same, so it is not let at them: it gives the positions of the rows that it read, and Arrow's
// reader the values at these positions, checked (data/delta/rows/variant_cursor.h).
#pragma once

#include <duckdb/common/column_index.hpp>
#include <duckdb/common/multi_file/multi_file_data.hpp>
#include <duckdb/common/table_column.hpp>
#include <duckdb/planner/expression.hpp>
#include <memory>

#include "data/delta/rows/variant_cursor.h"
#include "data/sql/duckdb/lake_file_system.h"

namespace millpond::data {

// A column of this kind, as VariantScan numbers it.
bool IsVariantColumn(duckdb::column_t column);

// The scan's columns with those of this kind as virtual ones, which are made by an expression.
class VariantScan {
 public:
  VariantScan(const Snapshot& snapshot, const duckdb::vector<duckdb::LogicalType>& types,
              const duckdb::vector<duckdb::ColumnIndex>& column_ids,
              const duckdb::virtual_column_map_t& virtual_columns);
  const duckdb::vector<duckdb::ColumnIndex>& column_ids() const { return column_ids_; }
  const duckdb::virtual_column_map_t& virtual_columns() const { return virtual_columns_; }

 private:
  duckdb::vector<duckdb::ColumnIndex> column_ids_;
  duckdb::virtual_column_map_t virtual_columns_;
};

struct VariantFile {
  std::shared_ptr<PlannedScan> scan;
  std::shared_ptr<VariantCursors> cursors;
  size_t file;
};

// What gives such a column of one file from the row's position, which DuckDB reads at
// `local_index`; `column` becomes that of the position. A file that cannot be read, or that holds
// bytes that are no variant, is an error at run time that names file and column.
duckdb::unique_ptr<duckdb::Expression> VariantExpression(const VariantFile& file,
                                                         duckdb::idx_t& column,
                                                         duckdb::MultiFileLocalIndex local_index);

}  // namespace millpond::data
