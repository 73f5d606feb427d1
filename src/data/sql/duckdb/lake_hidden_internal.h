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
#include <set>
#include <unordered_map>

#include "data/delta/log/snapshot.h"

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

// Filters that DuckDB's reader must not run itself, per open file; they run over what the file
// gave. It filters one column at a time, and row ids take two. And it brings a filter's constant to
// the file's type, which a value of a widened column need not fit: f > 1.1 is not f > 1.1::FLOAT.
// Thread-safe.
class HeldFilters {
 public:
  // The filters by their place in the scan's columns, and those of them that are held.
  static std::set<duckdb::idx_t> Choose(
      const duckdb::TableFilterSet& filters, const duckdb::vector<duckdb::ColumnIndex>& scanned,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>& file);
  // Keeps the chosen ones for a file; `data` holds what gives each column.
  void Hold(const duckdb::TableFilterSet& filters, const std::set<duckdb::idx_t>& chosen,
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
