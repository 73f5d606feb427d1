// Deletion vectors in a DuckDB scan: read once for all scans of one table in a statement, and put
// into the reader of each file as the filter of its rows.
#pragma once

#include <duckdb/common/multi_file/multi_file_data.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/rows/row_set.h"

namespace millpond::data {

// The deleted rows of a snapshot's files, kept while the statement lives (up to a bound: what is
// past it is read again if it is asked for again). Thread-safe.
class DeletedRows {
 public:
  DeletedRows(const Environment& env, std::shared_ptr<const Snapshot> snapshot)
      : env_(env), snapshot_(std::move(snapshot)) {}

  // Null: none. Two threads that ask for one file read it once.
  Result<std::shared_ptr<const RowSet>> Of(size_t file);

 private:
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<const RowSet> rows;
  };

  Environment env_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::mutex mutex_;
  std::unordered_map<size_t, std::shared_ptr<Slot>> slots_;
  int64_t kept_rows_ = 0;
};

// Lets the rows of a file through that are not in the set.
duckdb::unique_ptr<duckdb::DeleteFilter> MakeDeleteFilter(std::shared_ptr<const RowSet> deleted);

}  // namespace millpond::data
