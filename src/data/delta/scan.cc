#include "data/delta/scan.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <numeric>

#include "data/arrow/status.h"
#include "data/delta/column_cast.h"
#include "data/delta/data_paths.h"
#include "data/delta/table.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

// One data file being read: which of the wanted columns come from where.
class FileScan {
 public:
  static Result<std::unique_ptr<FileScan>> Open(const Environment& env, const Snapshot& snapshot,
                                                size_t file, const std::vector<int>& columns,
                                                int64_t batch_rows) {
    auto scan = std::make_unique<FileScan>();
    MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(snapshot, file));
    auto reader = ParquetReader::Open(env, path, batch_rows);
    if (!reader.has_value() && reader.error().kind() == ErrorKind::kNotFound) {
      return std::unexpected(FileIsGone(env, snapshot, path));
    }
    MP_ASSIGN_OR_RETURN(scan->reader_, std::move(reader));
    std::vector<int> wanted;
    for (int column : columns) {
      const StructField& field = snapshot.schema().fields()[column];
      Source source{&field, -1, {}};
      if (snapshot.IsPartitionColumn(field.name)) {
        auto text = snapshot.files().partition_value(file, field.name).value_or("");
        MP_ASSIGN_OR_RETURN_CONTEXT(source.constant, ParsePartitionValue(text, field.type),
                                    "column '{}' of file {}", field.name, scan->reader_->path());
      } else {
        source.column = scan->FindColumn(field.name);
        if (source.column >= 0) wanted.push_back(source.column);
      }
      scan->sources_.push_back(std::move(source));
    }
    scan->rows_left_ = scan->reader_->num_rows();
    auto leaves = scan->reader_->LeavesOf(wanted);
    if (!leaves.empty()) {
      MP_ASSIGN_OR_RETURN(scan->batches_, scan->reader_->Read(leaves));
    }
    scan->batch_rows_ = batch_rows;
    return scan;
  }

  // Null at the file's end.
  Result<std::shared_ptr<arrow::RecordBatch>> Next(const std::shared_ptr<arrow::Schema>& schema) {
    std::shared_ptr<arrow::RecordBatch> batch;
    int64_t rows = std::min(rows_left_, batch_rows_);
    if (batches_ != nullptr) {
      MP_ASSIGN_OR_RETURN(batch, reader_->Next(*batches_));
      rows = batch == nullptr ? 0 : batch->num_rows();
    }
    if (rows == 0) return std::shared_ptr<arrow::RecordBatch>();
    rows_left_ -= rows;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const auto& source : sources_) {
      std::shared_ptr<arrow::Array> column;
      if (source.column >= 0) {
        column = batch->GetColumnByName(reader_->schema()->field(source.column)->name());
        MP_ASSIGN_OR_RETURN_CONTEXT(
            column, CastColumn(column, source.field->type, CastRule::kRead, source.field->name),
            "file {}", reader_->path());
      } else {
        MP_ASSIGN_OR_RETURN(column, ConstantColumn(source.constant, source.field->type, rows));
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema, rows, std::move(columns));
  }

 private:
  struct Source {
    const StructField* field;
    int column;            // of the file; -1: a constant
    ColumnValue constant;  // a partition value, or NULL for a column the file lacks
  };

  int FindColumn(const std::string& name) const {
    const auto& schema = *reader_->schema();
    if (int exact = schema.GetFieldIndex(name); exact >= 0) return exact;
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (EqualNames(schema.field(i)->name(), name)) return i;
    }
    return -1;
  }

  std::unique_ptr<ParquetReader> reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // null: no column comes from the file
  std::vector<Source> sources_;
  int64_t rows_left_ = 0;
  int64_t batch_rows_ = 0;
};

class SnapshotReader : public arrow::RecordBatchReader {
 public:
  SnapshotReader(const Environment& env, std::shared_ptr<const Snapshot> snapshot,
                 std::vector<int> columns, std::vector<size_t> files, int64_t batch_rows)
      : env_(env),
        snapshot_(std::move(snapshot)),
        columns_(std::move(columns)),
        files_(std::move(files)),
        batch_rows_(batch_rows) {
    arrow::FieldVector fields;
    for (int column : columns_) fields.push_back(snapshot_->arrow_schema()->field(column));
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
            file_, FileScan::Open(env_, *snapshot_, files_[next_file_++], columns_, batch_rows_));
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
  int64_t batch_rows_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<FileScan> file_;
  size_t next_file_ = 0;
};

// What is looked at to tell which versions remain.
constexpr int64_t kVersionsLookedAt = 20;
constexpr size_t kFilesLookedAt = 10'000;

bool IsWhole(const Environment& env, const Snapshot& snapshot) {
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    if (!env.fs.Exists(snapshot.files().path(i)).value_or(true)) return false;
  }
  return true;
}

}  // namespace

Error FileIsGone(const Environment& env, const Snapshot& snapshot, const std::string& path) {
  // Clean-up takes old files, so what remains is a run of versions up to the newest.
  std::string remedy = "bring it back from a copy";
  auto table = DeltaTable::Open(env, snapshot.path());
  auto newest = table.has_value() ? table->Latest() : nullptr;
  int64_t first = -1, last = -1;
  if (newest.has_value() && *newest != nullptr && (*newest)->files().size() <= kFilesLookedAt) {
    last = (*newest)->version();
    for (int64_t version = last; version >= 0 && last - version < kVersionsLookedAt; --version) {
      auto candidate = table->AtVersion(version);
      if (!candidate.has_value() || !IsWhole(env, **candidate)) break;
      first = version;
    }
  }
  if (first >= 0) remedy = fmt::format("versions {} to {} can be read", first, last);
  return Error(
      ErrorKind::kNotFound,
      fmt::format("a data file of table {} version {} is gone, by VACUUM or by hand: {}; {}",
                  snapshot.path(), snapshot.version(), path, remedy));
}

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
  std::vector<size_t> files(snapshot->files().size());
  std::iota(files.begin(), files.end(), 0);
  if (options.files) files = *options.files;
  return std::make_shared<SnapshotReader>(env, std::move(snapshot), std::move(columns),
                                          std::move(files), options.batch_rows);
}

}  // namespace millpond::data
