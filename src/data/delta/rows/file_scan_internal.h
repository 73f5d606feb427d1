// One data file being read by ScanTable: which column comes from where, which rows are gone.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/row_set.h"
#include "data/delta/rows/scan.h"
#include "data/parquet/reader.h"

namespace millpond::data {

class FileScan {
 public:
  // `columns`: indices into the table's schema. The snapshot must outlive the scan.
  static Result<std::unique_ptr<FileScan>> Open(const Environment& env, const Snapshot& snapshot,
                                                size_t file, const std::vector<int>& columns,
                                                const ScanOptions& options);

  // The next rows, at least one; null at the file's end. `schema` is that of the whole scan.
  Result<std::shared_ptr<arrow::RecordBatch>> Next(const std::shared_ptr<arrow::Schema>& schema);

 private:
  struct Source {
    const StructField* field;
    int column;            // of the file; -1: a constant
    ColumnValue constant;  // a partition value, or NULL for a column the file lacks
    int at = -1;           // its place in the batches, which have the file's order
  };
  // A number of each row: in a column of the file where that is there and not NULL, or else
  // `first` (+ the row's position).
  struct RowNumber {
    int column = -1;
    int64_t first = 0;
    bool plus_position = false;
    int at = -1;  // as in Source
  };
  Status FindSources(const Snapshot& snapshot, size_t file, const std::vector<int>& columns);
  Status FindRowIds(const Snapshot& snapshot, size_t file);
  Result<std::shared_ptr<arrow::Array>> NumbersOf(const RowNumber& number,
                                                  const arrow::RecordBatch* batch,
                                                  const std::shared_ptr<arrow::Array>& positions,
                                                  const arrow::UInt32Array* kept) const;
  Result<std::shared_ptr<arrow::RecordBatch>> Columns(const std::shared_ptr<arrow::Schema>& schema,
                                                      const arrow::RecordBatch* batch,
                                                      int64_t first, int64_t rows) const;

  std::unique_ptr<ParquetReader> reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // null: no column comes from the file
  std::vector<Source> sources_;
  std::vector<RowNumber> numbers_;         // behind the columns: row ids, commit versions
  std::shared_ptr<const RowSet> deleted_;  // null: none
  FieldMatch match_ = FieldMatch::kPhysicalName;
  bool with_row_positions_ = false;
  int64_t next_row_ = 0;  // of the file
  int64_t batch_rows_ = 0;
};

}  // namespace millpond::data
