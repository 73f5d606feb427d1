// One Parquet file, read through the file-system seam by Arrow's reader. INT96 comes as
// microseconds; two-level lists of old writers come as lists. A file that is no sound Parquet is
// kCorrupt and named.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"

namespace millpond::data {

class ParquetReader {
 public:
  static Result<std::unique_ptr<ParquetReader>> Open(const Environment& env,
                                                     const std::string& path,
                                                     int64_t batch_rows = 64 * 1024);
  ~ParquetReader();

  const std::string& path() const;
  const std::shared_ptr<arrow::Schema>& schema() const;  // of the whole file
  int64_t num_rows() const;
  int num_row_groups() const;

  // The leaves at or below any of these dotted paths ("add.path", "add.stats"), as the file spells
  // them. A path that is not there gives none.
  std::vector<int> LeavesUnder(const std::vector<std::string>& paths) const;
  // All leaves of these top-level columns.
  std::vector<int> LeavesOf(const std::vector<int>& columns) const;

  // Batches of the given leaves, one row group after the other. With no leaves: batches without
  // columns cannot be told apart, so the caller counts rows by num_rows() instead.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Read(const std::vector<int>& leaves);

  // The next batch of such a reader, null at its end. Bytes of a file are not trusted: offsets and
  // UTF-8 are checked before anybody uses them. kCorrupt names the file; errors of the disk keep
  // their kind.
  Result<std::shared_ptr<arrow::RecordBatch>> Next(arrow::RecordBatchReader& batches) const;

 private:
  struct Impl;
  explicit ParquetReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::data
