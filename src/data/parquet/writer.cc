#include "data/parquet/writer.h"

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/thread_pool.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/schema.h>

#include <algorithm>
#include <set>

#include "data/arrow/batch_bytes.h"
#include "data/arrow/status.h"
#include "data/parquet/arrow_files.h"
#include "data/parquet/column_encoding.h"

namespace millpond::data {
namespace {

constexpr int64_t kRowsWorthThreads = 4 * 1024;
constexpr int64_t kMaxWaitingRows = 32 * 1024;
constexpr int64_t kMaxWaitingBytes = int64_t{8} << 20;

}  // namespace

struct ParquetWriter::Impl {
  std::string path;
  ParquetWriteOptions options;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<arrow::io::OutputStream> stream;
  std::unique_ptr<parquet::arrow::FileWriter> writer;  // from the first batch on
  int64_t rows = 0;
  int64_t group_bytes = 0;  // of the open row group, as Arrow holds it
  // Small batches wait for each other: columns are encoded side by side, and the less often all
  // wait for the slowest, the better.
  arrow::RecordBatchVector waiting;
  int64_t waiting_rows = 0, waiting_bytes = 0;

  int64_t max_waiting_bytes() const { return std::min(kMaxWaitingBytes, options.row_group_bytes); }
  arrow::Status Begin(const arrow::RecordBatch* first);
  arrow::Status Add(const arrow::RecordBatch& batch);
  arrow::Status WriteWaiting();
};

namespace {

std::unexpected<Error> WriteFailure(const std::string& path, const arrow::Status& status) {
  return std::unexpected<Error>(
      FromArrow(status).WithContext(fmt::format("while writing {}", path)));
}

// Paths that two leaves share, as `a.b` and the field b of a do: properties of a column are given
// by such a path.
std::set<std::string> SharedPaths(const arrow::Schema& schema) {
  std::set<std::string> all, shared;
  std::shared_ptr<parquet::SchemaDescriptor> leaves;
  const auto properties = parquet::default_writer_properties();
  if (!parquet::arrow::ToParquetSchema(&schema, *properties, &leaves).ok()) return shared;
  for (int leaf = 0; leaf < leaves->num_columns(); ++leaf) {
    const std::string path = leaves->Column(leaf)->path()->ToDotString();
    if (!all.insert(path).second) shared.insert(path);
  }
  return shared;
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

EncoderThreads::EncoderThreads(int count) : count_(count) {}
EncoderThreads::~EncoderThreads() = default;

// Null: one thread, the caller's.
Result<arrow::internal::Executor*> EncoderThreads::Get() {
  std::lock_guard lock(mutex_);
  if (pool_ == nullptr && count_ > 1) {
    MP_ARROW_ASSIGN_OR_RETURN(pool_, arrow::internal::ThreadPool::Make(count_));
  }
  return pool_.get();
}

Status EncoderThreads::RunBoth(int64_t rows, const std::function<Status()>& one,
                               const std::function<Status()>& other) {
  arrow::internal::Executor* executor = nullptr;
  if (rows >= kRowsWorthThreads) {
    MP_ASSIGN_OR_RETURN(executor, Get());
  }
  if (executor == nullptr) {
    MP_RETURN_IF_ERROR(one());
    return other();
  }
  Status second = OkStatus();
  MP_ARROW_ASSIGN_OR_RETURN(auto done, executor->Submit([&] {
    try {
      second = other();
    } catch (const std::exception& exception) {  // on a thread nobody else would catch it
      second = Fail(ErrorKind::kInternal, "while rows are written: {}", exception.what());
    }
  }));
  Status first = OkStatus();
  {
    const std::unique_ptr<arrow::Future<>, void (*)(arrow::Future<>*)> waits(
        &done, [](arrow::Future<>* future) { future->Wait(); });
    first = one();
  }
  return first.has_value() ? second : first;
}

// What the file is written like; `first` has its first rows, null for a file without any.
arrow::Status ParquetWriter::Impl::Begin(const arrow::RecordBatch* first) {
  parquet::WriterProperties::Builder properties;
  properties.compression(arrow::Compression::ZSTD)
      ->max_row_group_length(options.row_group_rows)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->enable_store_decimal_as_integer()
      ->created_by("millpond");
  if (options.page_checksums) properties.enable_page_checksum();
  parquet::ArrowWriterProperties::Builder arrow_properties;
  arrow_properties.coerce_timestamps(arrow::TimeUnit::MICRO)->allow_truncated_timestamps();
  if (first != nullptr) {
    const auto leaves = LeavesWithoutDictionary(*first);
    const auto shared = leaves.empty() ? std::set<std::string>() : SharedPaths(*schema);
    for (const auto& leaf : leaves) {
      if (shared.contains(fmt::format("{}", fmt::join(leaf.path, ".")))) continue;
      const auto path = std::make_shared<parquet::schema::ColumnPath>(leaf.path);
      properties.disable_dictionary(path);
      if (leaf.delta) properties.encoding(path, parquet::Encoding::DELTA_BINARY_PACKED);
      if (!leaf.compress) properties.compression(path, arrow::Compression::UNCOMPRESSED);
    }
    if (options.threads != nullptr && first->num_rows() >= kRowsWorthThreads) {
      auto executor = options.threads->Get();
      if (!executor.has_value()) return ToArrow(executor.error());
      arrow_properties.set_use_threads(*executor != nullptr)->set_executor(*executor);
    }
  }
  ARROW_ASSIGN_OR_RAISE(
      writer, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), stream,
                                               properties.build(), arrow_properties.build()));
  return arrow::Status::OK();
}

arrow::Status ParquetWriter::Impl::Add(const arrow::RecordBatch& batch) {
  const int64_t bytes = BytesOf(batch);
  // A large batch is not copied for the sake of small ones.
  if (bytes >= max_waiting_bytes()) ARROW_RETURN_NOT_OK(WriteWaiting());
  waiting.push_back(batch.Slice(0));
  waiting_rows += batch.num_rows();
  waiting_bytes += bytes;
  rows += batch.num_rows();
  const bool enough = waiting_rows >= kMaxWaitingRows || waiting_bytes >= max_waiting_bytes();
  return enough ? WriteWaiting() : arrow::Status::OK();
}

arrow::Status ParquetWriter::Impl::WriteWaiting() {
  if (waiting.empty()) return arrow::Status::OK();
  auto batch = waiting.front();
  if (waiting.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(batch, arrow::ConcatenateRecordBatches(waiting));
  }
  waiting.clear();
  if (writer == nullptr) ARROW_RETURN_NOT_OK(Begin(batch.get()));
  if (group_bytes >= options.row_group_bytes) {
    ARROW_RETURN_NOT_OK(writer->NewBufferedRowGroup());
    group_bytes = 0;
  }
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  group_bytes += std::exchange(waiting_bytes, 0);
  waiting_rows = 0;
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
  return Guarded(impl_->path, [&] { return impl_->Add(batch); });
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
    ARROW_RETURN_NOT_OK(impl_->WriteWaiting());
    if (impl_->writer == nullptr) ARROW_RETURN_NOT_OK(impl_->Begin(nullptr));
    ARROW_RETURN_NOT_OK(impl_->writer->Close());
    ARROW_ASSIGN_OR_RAISE(bytes, impl_->stream->Tell());
    return impl_->stream->Close();
  }));
  return bytes;
}

}  // namespace millpond::data
