// One Parquet file, read through the file-system seam by Arrow's reader. INT96 comes as
// microseconds; two-level lists of old writers come as lists. A file that is no sound Parquet is
// kCorrupt and named.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"

namespace parquet {
class FileMetaData;
}

namespace millpond::data {

class ParquetReader {
 public:
  // Checksums of pages are checked where the file has them and `verify_pages` asks for it.
  static Result<std::unique_ptr<ParquetReader>> Open(const Environment& env,
                                                     const std::string& path,
                                                     int64_t batch_rows = 64 * 1024,
                                                     bool verify_pages = false);
  ~ParquetReader();

  // Another reader over the same open file and parsed footer, for another thread.
  Result<std::unique_ptr<ParquetReader>> Again() const;

  const std::string& path() const;
  const std::shared_ptr<arrow::Schema>& schema() const;  // of the whole file
  int64_t num_rows() const;
  int num_row_groups() const;
  int64_t rows_in_group(int row_group) const;
  // By the footer; false where it does not say.
  bool AllNull(int row_group, int leaf) const;

  // The leaves at or below any of these dotted paths ("add.path", "add.stats"), as the file spells
  // them. A path that is not there gives none.
  std::vector<int> LeavesUnder(const std::vector<std::string>& paths) const;
  // All leaves of these top-level columns.
  std::vector<int> LeavesOf(const std::vector<int>& columns) const;

  // Batches of the given leaves, one row group after the other. With no leaves: batches without
  // columns cannot be told apart, so the caller counts rows by num_rows() instead.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Read(const std::vector<int>& leaves);
  Result<std::shared_ptr<arrow::RecordBatchReader>> Read(const std::vector<int>& leaves,
                                                         const std::vector<int>& row_groups);

  // The next batch of such a reader, null at its end. Bytes of a file are not trusted: offsets and
  // UTF-8 are checked before anybody uses them. kCorrupt names the file; errors of the disk keep
  // their kind.
  Result<std::shared_ptr<arrow::RecordBatch>> Next(arrow::RecordBatchReader& batches) const;

 private:
  struct Impl;
  static Status Start(Impl& impl, std::shared_ptr<parquet::FileMetaData> footer);
  explicit ParquetReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::data
