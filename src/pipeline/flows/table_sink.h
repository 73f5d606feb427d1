// Rows pushed into a table, with the commit at a moment of the caller's choosing. WriteTable pulls
// its rows and commits at their end; a sink turns that round with a thread and a bounded queue, so
// that one pass over a query can feed two tables and commit the side table before the main one.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "data/delta/commit/write.h"

namespace millpond::pipeline {

class TableSink {
 public:
  TableSink(data::DeltaTable table, std::shared_ptr<arrow::Schema> schema,
            data::WriteOptions options);
  ~TableSink();  // without Commit: nothing is committed
  TableSink(const TableSink&) = delete;
  TableSink& operator=(const TableSink&) = delete;

  // Blocks while the queue is full. The writer's error, if it has failed.
  Status Append(std::shared_ptr<arrow::RecordBatch> batch);
  // No more rows: writes what is left and commits.
  Result<data::CommitResult> Commit();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace millpond::pipeline
