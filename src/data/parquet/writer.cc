#include "data/parquet/writer.h"

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>

#include "data/arrow/status.h"
#include "data/parquet/arrow_files.h"

namespace millpond::data {

struct ParquetWriter::Impl {
  std::string path;
  ParquetWriteOptions options;
  std::shared_ptr<arrow::io::OutputStream> stream;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  int64_t rows = 0;
  int64_t group_bytes = 0;  // of the open row group, as Arrow holds it
};

namespace {

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

ParquetWriter::ParquetWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetWriter::~ParquetWriter() = default;

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Open(const Environment& env,
                                                           const std::string& path,
                                                           std::shared_ptr<arrow::Schema> schema,
                                                           ParquetWriteOptions options) {
  MP_ASSIGN_OR_RETURN(auto stream, OpenArrowOutput(env.fs, path));
  return Open(std::move(stream), path, std::move(schema), options);
}

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Open(
    std::shared_ptr<arrow::io::OutputStream> stream, const std::string& name,
    std::shared_ptr<arrow::Schema> schema, ParquetWriteOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->path = name;
  impl->options = options;
  impl->stream = std::move(stream);
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
  MP_RETURN_IF_ERROR(Guarded(name, [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(impl->writer, parquet::arrow::FileWriter::Open(
                                            *schema, arrow::default_memory_pool(), impl->stream,
                                            properties.build(), arrow_properties.build()));
    return arrow::Status::OK();
  }));
  return std::unique_ptr<ParquetWriter>(new ParquetWriter(std::move(impl)));
}

Status ParquetWriter::Write(const arrow::RecordBatch& batch) {
  if (batch.num_rows() == 0) return OkStatus();
  return Guarded(impl_->path, [&]() -> arrow::Status {
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
    ARROW_RETURN_NOT_OK(impl_->writer->Close());
    ARROW_ASSIGN_OR_RAISE(bytes, impl_->stream->Tell());
    return impl_->stream->Close();
  }));
  return bytes;
}

}  // namespace millpond::data
