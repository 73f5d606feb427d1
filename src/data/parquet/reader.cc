#include "data/parquet/reader.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <numeric>

#include "data/arrow/status.h"
#include "data/parquet/arrow_files.h"

namespace millpond::data {
namespace {

Error ExplainFailure(const std::string& path, const arrow::Status& status) {
  Error error = FromArrow(status);
  // Errors of our own file system kept their kind; the rest is Arrow's view of the bytes.
  if (status.detail() != nullptr && error.kind() != ErrorKind::kCorrupt) return error;
  if (error.kind() == ErrorKind::kResourceExhausted || error.kind() == ErrorKind::kCancelled) {
    return error;
  }
  return Error(ErrorKind::kCorrupt,
               fmt::format("the Parquet file {} cannot be read: {}", path, error.message()));
}

}  // namespace

struct ParquetReader::Impl {
  std::string path;
  std::shared_ptr<arrow::io::RandomAccessFile> input;
  int64_t batch_rows = 0;
  bool verify_pages = false;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;
};

ParquetReader::ParquetReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetReader::~ParquetReader() = default;

Status ParquetReader::Start(Impl& impl, std::shared_ptr<parquet::FileMetaData> footer) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  properties.set_pre_buffer(false);
  properties.set_batch_size(impl.batch_rows);
  parquet::ReaderProperties bytes;
  bytes.set_page_checksum_verification(impl.verify_pages);
  parquet::arrow::FileReaderBuilder builder;
  auto explain = [&](const arrow::Status& status) {
    return std::unexpected<Error>(ExplainFailure(impl.path, status));
  };
  try {
    auto opened = builder.Open(impl.input, bytes, std::move(footer));
    if (!opened.ok()) return explain(opened);
    auto built = builder.properties(properties)->Build();
    if (!built.ok()) return explain(built.status());
    impl.reader = std::move(built).ValueUnsafe();
    if (auto read = impl.reader->GetSchema(&impl.schema); !read.ok()) return explain(read);
  } catch (const std::exception& e) {  // some of Parquet's checks throw past its own catch
    return explain(arrow::Status::Invalid(e.what()));
  }
  return OkStatus();
}

Result<std::unique_ptr<ParquetReader>> ParquetReader::Open(const Environment& env,
                                                           const std::string& path,
                                                           int64_t batch_rows, bool verify_pages) {
  auto impl = std::make_unique<Impl>();
  MP_ASSIGN_OR_RETURN(impl->input, OpenArrowInput(env.fs, path));
  impl->path = path;
  impl->batch_rows = batch_rows;
  impl->verify_pages = verify_pages;
  MP_RETURN_IF_ERROR(Start(*impl, nullptr));
  return std::unique_ptr<ParquetReader>(new ParquetReader(std::move(impl)));
}

Result<std::unique_ptr<ParquetReader>> ParquetReader::Again() const {
  auto impl = std::make_unique<Impl>();
  impl->path = impl_->path;
  impl->input = impl_->input;
  impl->batch_rows = impl_->batch_rows;
  impl->verify_pages = impl_->verify_pages;
  MP_RETURN_IF_ERROR(Start(*impl, impl_->reader->parquet_reader()->metadata()));
  return std::unique_ptr<ParquetReader>(new ParquetReader(std::move(impl)));
}

const std::string& ParquetReader::path() const {
  return impl_->path;
}

const std::shared_ptr<arrow::Schema>& ParquetReader::schema() const {
  return impl_->schema;
}

int64_t ParquetReader::num_rows() const {
  return impl_->reader->parquet_reader()->metadata()->num_rows();
}

int ParquetReader::num_row_groups() const {
  return impl_->reader->num_row_groups();
}

int64_t ParquetReader::rows_in_group(int row_group) const {
  return impl_->reader->parquet_reader()->metadata()->RowGroup(row_group)->num_rows();
}

bool ParquetReader::AllNull(int row_group, int leaf) const {
  try {
    const auto column =
        impl_->reader->parquet_reader()->metadata()->RowGroup(row_group)->ColumnChunk(leaf);
    const auto statistics = column->statistics();
    return statistics != nullptr && statistics->HasNullCount() &&
           statistics->null_count() == column->num_values();
  } catch (const std::exception&) {
    return false;
  }
}

std::vector<int> ParquetReader::LeavesUnder(const std::vector<std::string>& paths) const {
  const auto* schema = impl_->reader->parquet_reader()->metadata()->schema();
  std::vector<int> leaves;
  for (int leaf = 0; leaf < schema->num_columns(); ++leaf) {
    std::string name = schema->Column(leaf)->path()->ToDotString();
    bool wanted = std::ranges::any_of(paths, [&](const std::string& path) {
      return name.starts_with(path) && (name.size() == path.size() || name[path.size()] == '.');
    });
    if (wanted) leaves.push_back(leaf);
  }
  return leaves;
}

std::vector<int> ParquetReader::LeavesOf(const std::vector<int>& columns) const {
  const auto* schema = impl_->reader->parquet_reader()->metadata()->schema();
  std::vector<int> leaves;
  for (int leaf = 0; leaf < schema->num_columns(); ++leaf) {
    const auto* root = schema->GetColumnRoot(leaf);
    int column = schema->group_node()->FieldIndex(*root);
    if (std::ranges::find(columns, column) != columns.end()) leaves.push_back(leaf);
  }
  return leaves;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ParquetReader::Read(
    const std::vector<int>& leaves) {
  std::vector<int> row_groups(num_row_groups());
  std::iota(row_groups.begin(), row_groups.end(), 0);
  return Read(leaves, row_groups);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ParquetReader::Read(
    const std::vector<int>& leaves, const std::vector<int>& row_groups) {
  try {
    auto reader = impl_->reader->GetRecordBatchReader(row_groups, leaves);
    if (!reader.ok()) return std::unexpected<Error>(ExplainFailure(impl_->path, reader.status()));
    return std::shared_ptr<arrow::RecordBatchReader>(std::move(reader).ValueUnsafe());
  } catch (const std::exception& e) {
    return std::unexpected<Error>(ExplainFailure(impl_->path, arrow::Status::Invalid(e.what())));
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> ParquetReader::Next(
    arrow::RecordBatchReader& batches) const {
  std::shared_ptr<arrow::RecordBatch> batch;
  arrow::Status read;
  try {
    read = batches.ReadNext(&batch);
    if (read.ok() && batch != nullptr) read = batch->ValidateFull();
  } catch (const std::exception& e) {
    read = arrow::Status::Invalid(e.what());
  }
  if (!read.ok()) return std::unexpected<Error>(ExplainFailure(impl_->path, read));
  return batch;
}

}  // namespace millpond::data
