#include "data/parquet/writer.h"

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/thread_pool.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/schema.h>

#include "data/arrow/status.h"
#include "data/parquet/arrow_files.h"
#include "data/parquet/dictionary_choice.h"

namespace millpond::data {

struct ParquetWriter::Impl {
  std::string path;
  ParquetWriteOptions options;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<arrow::io::OutputStream> stream;
  // Threads of this file's own: those of Arrow are shared by all, serving and runs.
  std::shared_ptr<arrow::internal::ThreadPool> threads;
  std::unique_ptr<parquet::arrow::FileWriter> writer;  // from the first batch on
  int64_t rows = 0;
  int64_t group_bytes = 0;  // of the open row group, as Arrow holds it

  arrow::Status Begin(const arrow::RecordBatch* first);
};

namespace {

constexpr int64_t kRowsWorthThreads = 4 * 1024;

std::unexpected<Error> WriteFailure(const std::string& path, const arrow::Status& status) {
  return std::unexpected<Error>(
      FromArrow(status).WithContext(fmt::format("while writing {}", path)));
}

// Runs `write`; Parquet reports by status, by its own exception, or both.
template <typename Write>
Status Guarded(const std::string& path, Write write) {
  try {
    if (arrow::Status status = write(); !status.ok()) return WriteFailure(path, status);
    return OkStatus();
  } catch (const parquet::ParquetStatusException& e) {
    return WriteFailure(path, e.status());
  } catch (const std::exception& e) {
    return WriteFailure(path, arrow::Status::IOError(e.what()));
  }
}

}  // namespace

// What the file is written like; `first` has its first rows, null for a file without any.
arrow::Status ParquetWriter::Impl::Begin(const arrow::RecordBatch* first) {
  parquet::WriterProperties::Builder properties;
  properties.compression(arrow::Compression::ZSTD)
      ->compression_level(1)
      ->max_row_group_length(options.row_group_rows)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->enable_store_decimal_as_integer()
      ->created_by("millpond");
  if (options.page_checksums) properties.enable_page_checksum();
  parquet::ArrowWriterProperties::Builder arrow_properties;
  arrow_properties.coerce_timestamps(arrow::TimeUnit::MICRO)->allow_truncated_timestamps();
  if (first != nullptr) {
    for (const auto& leaf : LeavesWithoutDictionary(*first)) {
      properties.disable_dictionary(std::make_shared<parquet::schema::ColumnPath>(leaf));
    }
    if (options.threads > 1 && first->num_rows() >= kRowsWorthThreads) {
      ARROW_ASSIGN_OR_RAISE(threads, arrow::internal::ThreadPool::Make(options.threads));
      arrow_properties.set_use_threads(true)->set_executor(threads.get());
    }
  }
  ARROW_ASSIGN_OR_RAISE(
      writer, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), stream,
                                               properties.build(), arrow_properties.build()));
  return arrow::Status::OK();
}

ParquetWriter::ParquetWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetWriter::~ParquetWriter() = default;

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Open(const Environment& env,
                                                           const std::string& path,
                                                           std::shared_ptr<arrow::Schema> schema,
                                                           ParquetWriteOptions options) {
  MP_ASSIGN_OR_RETURN(auto stream, OpenArrowOutput(env.fs, path, options.whole));
  return Open(std::move(stream), path, std::move(schema), options);
}

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Open(
    std::shared_ptr<arrow::io::OutputStream> stream, const std::string& name,
    std::shared_ptr<arrow::Schema> schema, ParquetWriteOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->path = name;
  impl->options = options;
  impl->schema = std::move(schema);
  impl->stream = std::move(stream);
  return std::unique_ptr<ParquetWriter>(new ParquetWriter(std::move(impl)));
}

Status ParquetWriter::Write(const arrow::RecordBatch& batch) {
  if (batch.num_rows() == 0) return OkStatus();
  return Guarded(impl_->path, [&]() -> arrow::Status {
    if (impl_->writer == nullptr) ARROW_RETURN_NOT_OK(impl_->Begin(&batch));
    if (impl_->group_bytes >= impl_->options.row_group_bytes) {
      ARROW_RETURN_NOT_OK(impl_->writer->NewBufferedRowGroup());
      impl_->group_bytes = 0;
    }
    ARROW_RETURN_NOT_OK(impl_->writer->WriteRecordBatch(batch));
    impl_->rows += batch.num_rows();
    ARROW_ASSIGN_OR_RAISE(int64_t bytes, arrow::util::ReferencedBufferSize(batch));
    impl_->group_bytes += bytes;
    return arrow::Status::OK();
  });
}

int64_t ParquetWriter::bytes() const {
  return impl_->stream->Tell().ValueOr(0);
}

int64_t ParquetWriter::rows() const {
  return impl_->rows;
}

Result<int64_t> ParquetWriter::Close() {
  int64_t bytes = 0;
  MP_RETURN_IF_ERROR(Guarded(impl_->path, [&]() -> arrow::Status {
    if (impl_->writer == nullptr) ARROW_RETURN_NOT_OK(impl_->Begin(nullptr));
    ARROW_RETURN_NOT_OK(impl_->writer->Close());
    ARROW_ASSIGN_OR_RAISE(bytes, impl_->stream->Tell());
    return impl_->stream->Close();
  }));
  return bytes;
}

}  // namespace millpond::data
