// Writes one Parquet file for Delta: zstd and dictionaries where they pay (as the first batch
// shows; column_encoding.h), row groups of bounded size, timestamps as UTC-adjusted
// (or local) microseconds, decimals as integers or fixed bytes, no INT96; Spark, delta-rs and
// DuckDB read it. Durable when Close returns.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/environment.h"

namespace arrow::internal {
class Executor;
class ThreadPool;
}  // namespace arrow::internal

namespace millpond::data {

// Threads that encode columns side by side, for the files of one writer: those of Arrow are shared
// by all, serving and runs. They start with the first batch that is large.
class EncoderThreads {
 public:
  explicit EncoderThreads(int count);
  ~EncoderThreads();

  // Runs both, side by side where `rows` are many, and gives the first error.
  Status RunBoth(int64_t rows, const std::function<Status()>& one,
                 const std::function<Status()>& other);

 private:
  friend class ParquetWriter;
  Result<arrow::internal::Executor*> Get();

  int count_;
  std::mutex mutex_;
  std::shared_ptr<arrow::internal::ThreadPool> pool_;
};

struct ParquetWriteOptions {
  int64_t row_group_rows = 1 << 20;
  int64_t row_group_bytes = int64_t{64} << 20;        // of Arrow's memory; closes a row group
  std::shared_ptr<EncoderThreads> threads = nullptr;  // null: the caller's
  bool page_checksums = false;
  bool whole = false;  // others see the file when it is closed, and not before
};

class ParquetWriter {
 public:
  static Result<std::unique_ptr<ParquetWriter>> Open(const Environment& env,
                                                     const std::string& path,
                                                     std::shared_ptr<arrow::Schema> schema,
                                                     ParquetWriteOptions options = {});
  // Into any stream; `name` stands in errors.
  static Result<std::unique_ptr<ParquetWriter>> Open(
      std::shared_ptr<arrow::io::OutputStream> stream, const std::string& name,
      std::shared_ptr<arrow::Schema> schema, ParquetWriteOptions options = {});
  ~ParquetWriter();  // without Close: leaves a broken file for the caller to remove

  Status Write(const arrow::RecordBatch& batch);
  // Written out so far; rows that wait and the open row group are not counted.
  int64_t bytes() const;
  int64_t rows() const;
  // The file's size.
  Result<int64_t> Close();

 private:
  struct Impl;
  explicit ParquetWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::data
