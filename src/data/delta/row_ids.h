// The ids and commit versions of the rows of one data file (PROTOCOL.md, "Row Tracking"): what the
// file's materialised columns say, and where they say nothing, what its add action gives. Whoever
// rewrites rows takes both along; whoever looks for rows across a rewrite finds them by the id.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/environment.h"
#include "data/delta/snapshot.h"
#include "data/parquet/reader.h"

namespace millpond::data {

// Rows of the table have stable ids: the feature is there and turned on.
bool TracksRows(const Snapshot& snapshot);

class RowIdReader {
 public:
  // Of a file of the snapshot, or one that was added since. kCorrupt: the table tracks rows, and the
  // file's action has no base row id.
  static Result<std::unique_ptr<RowIdReader>> Open(const Environment& env, const Snapshot& snapshot,
                                                   const AddFile& file);

  struct Columns {
    std::shared_ptr<arrow::Int64Array> ids, commit_versions;
  };
  // Of the rows at these positions, which only grow, from one call to the next too.
  Result<Columns> Next(const arrow::Int64Array& positions);

  int64_t num_rows() const { return reader_->num_rows(); }

 private:
  Status LoadThrough(int64_t position);

  std::unique_ptr<ParquetReader> reader_;
  int64_t base_row_id_ = 0, commit_version_ = 0;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // null: the file has neither column
  int id_column_ = -1, version_column_ = -1;           // of the batches; -1: the file lacks it
  std::shared_ptr<arrow::RecordBatch> batch_;
  int64_t first_ = 0;  // position of the batch's first row
};

}  // namespace millpond::data
