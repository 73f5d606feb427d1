#include "data/delta/rows/scan.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <numeric>

#include "data/arrow/status.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/rows/file_scan_internal.h"
#include "data/delta/rows/row_ids.h"

namespace millpond::data {
namespace {

class SnapshotReader : public arrow::RecordBatchReader {
 public:
  SnapshotReader(const Environment& env, std::shared_ptr<const Snapshot> snapshot,
                 std::vector<int> columns, std::vector<size_t> files, ScanOptions options)
      : env_(env),
        snapshot_(std::move(snapshot)),
        columns_(std::move(columns)),
        files_(std::move(files)),
        options_(std::move(options)) {
    arrow::FieldVector fields;
    for (int column : columns_) fields.push_back(snapshot_->arrow_schema()->field(column));
    const auto number = [&](const char* name) {
      fields.push_back(arrow::field(name, arrow::int64(), /*nullable=*/false));
    };
    if (options_.with_row_positions) number(kRowPositionColumn);
    if (options_.with_row_ids) {
      number(kRowIdColumn);
      number(kRowCommitVersionColumn);
    }
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    auto next = Next();
    if (!next.has_value()) return ToArrow(next.error());
    *batch = std::move(*next);
    return arrow::Status::OK();
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Next() {
    while (true) {
      MP_RETURN_IF_ERROR(env_.cancellation.Check());
      if (file_ == nullptr) {
        if (next_file_ == files_.size()) return std::shared_ptr<arrow::RecordBatch>();
        MP_ASSIGN_OR_RETURN(
            file_, FileScan::Open(env_, *snapshot_, files_[next_file_++], columns_, options_));
      }
      MP_ASSIGN_OR_RETURN(auto batch, file_->Next(schema_));
      if (batch != nullptr) return batch;
      file_ = nullptr;
    }
  }

  Environment env_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<int> columns_;
  std::vector<size_t> files_;
  ScanOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<FileScan> file_;
  size_t next_file_ = 0;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> ScanTable(
    const Environment& env, std::shared_ptr<const Snapshot> snapshot, ScanOptions options) {
  MP_RETURN_IF_ERROR(CheckDataPaths(*snapshot));
  std::vector<int> columns(snapshot->schema().size());
  std::iota(columns.begin(), columns.end(), 0);
  if (options.columns) {
    columns.clear();
    for (const auto& name : *options.columns) {
      int index = snapshot->schema().IndexOf(name);
      if (index < 0) {
        return Fail(ErrorKind::kInvalidArgument, "table {} has no column '{}'", snapshot->path(),
                    name);
      }
      columns.push_back(index);
    }
  }
  if (options.with_row_ids && !RowTrackingOf(*snapshot)) {
    return Fail(ErrorKind::kInvalidArgument,
                "the rows of table {} have no ids: set its property delta.enableRowTracking to "
                "true first",
                snapshot->path());
  }
  std::vector<size_t> files(snapshot->files().size());
  std::iota(files.begin(), files.end(), 0);
  if (options.files) files = *options.files;
  return std::make_shared<SnapshotReader>(env, std::move(snapshot), std::move(columns),
                                          std::move(files), std::move(options));
}

}  // namespace millpond::data
