// Columns that a scan can give and that no table shows: the places of rows where a statement
// changes them, and row ids and row commit versions of tables that track rows.
#pragma once

#include <duckdb/common/multi_file/base_file_reader.hpp>
#include <duckdb/common/multi_file/multi_file_states.hpp>
#include <duckdb/common/table_column.hpp>
#include <duckdb/planner/expression.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "data/delta/snapshot.h"

namespace millpond::data {

// The hidden columns of the table by the names under which a query reaches them; a column of the
// table with the same name hides them. `with_places`: also those for changes (table_source.h).
void AddHiddenColumns(const Snapshot& snapshot, bool with_places,
                      duckdb::virtual_column_map_t* columns);

// A column that DuckDB does not have of itself.
bool IsRowTrackingColumn(duckdb::column_t column);

// Such a column in one file: what gives it from the file's columns, which it adds to those that are
// read, and from the row's position, which DuckDB reads at `local_index` + what was added;
// `column` becomes that of the position. Throws what Throw throws.
duckdb::unique_ptr<duckdb::Expression> RowTrackingExpression(
    duckdb::ClientContext& context, const Snapshot& snapshot, size_t file,
    duckdb::BaseFileReader& reader, duckdb::idx_t& column, duckdb::MultiFileLocalIndex local_index);

// The filters on such columns, per open file. DuckDB's reader filters a column by itself, and these
// take two; so they are held back and run over what the file gave. Thread-safe.
class HeldFilters {
 public:
  // Puts those of `filters` that are for DuckDB's reader into `rest`. False: all are.
  static bool Split(const duckdb::TableFilterSet& filters,
                    const duckdb::vector<duckdb::ColumnIndex>& columns,
                    duckdb::TableFilterSet* rest);
  // Keeps the others for a file; `data` holds what gives each column.
  void Hold(const duckdb::TableFilterSet& filters,
            const duckdb::vector<duckdb::ColumnIndex>& columns,
            const duckdb::MultiFileReaderData& data);
  // Leaves the rows that pass in `output`, which was made of `input`.
  void Apply(duckdb::ClientContext& context, const duckdb::BaseFileReader& reader,
             duckdb::DataChunk& input, duckdb::DataChunk& output) const;

 private:
  using Conditions = duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>;
  mutable std::mutex mutex_;
  std::unordered_map<const duckdb::BaseFileReader*, std::shared_ptr<const Conditions>> files_;
};

}  // namespace millpond::data
