#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>

#include "data/arrow/status.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/file_scan_internal.h"
#include "data/delta/rows/missing_files.h"
#include "data/delta/rows/row_ids.h"

namespace millpond::data {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

template <typename Type>
ArrayPtr ArrayOf(std::vector<typename Type::c_type> values) {
  const auto length = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::NumericArray<Type>>(length,
                                                     arrow::Buffer::FromVector(std::move(values)));
}

// The positions first … first + rows - 1, those of `kept` alone if it is given.
ArrayPtr Positions(int64_t first, int64_t rows, const arrow::UInt32Array* kept) {
  std::vector<int64_t> positions(kept == nullptr ? rows : kept->length());
  std::iota(positions.begin(), positions.end(), first);
  for (int64_t i = 0; kept != nullptr && i < kept->length(); ++i) {
    positions[i] = first + kept->Value(i);
  }
  return ArrayOf<arrow::Int64Type>(std::move(positions));
}

}  // namespace

Result<std::unique_ptr<FileScan>> FileScan::Open(const Environment& env, const Snapshot& snapshot,
                                                 size_t file, const std::vector<int>& columns,
                                                 const ScanOptions& options) {
  auto scan = std::make_unique<FileScan>();
  scan->batch_rows_ = options.batch_rows;
  scan->with_row_positions_ = options.with_row_positions;
  scan->match_ = MatchInFiles(snapshot.metadata());
  MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(snapshot, file));
  auto reader = ParquetReader::Open(env, path, options.batch_rows);
  if (!reader.has_value() && reader.error().kind() == ErrorKind::kNotFound) {
    return std::unexpected(FileIsGone(env, snapshot, path));
  }
  MP_ASSIGN_OR_RETURN(scan->reader_, std::move(reader));
  if (!options.with_deleted_rows) {
    MP_ASSIGN_OR_RETURN(scan->deleted_, ReadDeletedRows(env, snapshot, file));
    MP_RETURN_IF_ERROR(
        CheckDeletedRows(snapshot, file, scan->deleted_.get(), scan->reader_->num_rows()));
  }
  MP_RETURN_IF_ERROR(scan->FindSources(snapshot, file, columns));
  if (options.with_row_ids) MP_RETURN_IF_ERROR(scan->FindRowIds(snapshot, file));
  std::vector<int> wanted;
  const auto want = [&](int column) {
    if (column >= 0) wanted.push_back(column);
  };
  for (const Source& source : scan->sources_) want(source.column);
  for (const RowNumber& number : scan->numbers_) want(number.column);
  std::ranges::sort(wanted);
  wanted.erase(std::ranges::unique(wanted).begin(), wanted.end());
  const auto place = [&](int column) {  // of no meaning for a column that is not there
    return static_cast<int>(std::ranges::find(wanted, column) - wanted.begin());
  };
  for (Source& source : scan->sources_) source.at = place(source.column);
  for (RowNumber& number : scan->numbers_) number.at = place(number.column);
  const auto leaves = scan->reader_->LeavesOf(wanted);
  if (!leaves.empty()) {
    MP_ASSIGN_OR_RETURN(scan->batches_, scan->reader_->Read(leaves));
  }
  return scan;
}

Status FileScan::FindSources(const Snapshot& snapshot, size_t file,
                             const std::vector<int>& columns) {
  for (int column : columns) {
    const StructField& field = snapshot.schema().fields()[column];
    Source source{&field, -1, {}};
    if (snapshot.IsPartitionColumn(field.name)) {
      const auto text = snapshot.files().partition_value(file, field.name).value_or("");
      MP_ASSIGN_OR_RETURN_CONTEXT(source.constant, ParsePartitionValue(text, field.type),
                                  "column '{}' of file {}", field.name, reader_->path());
    } else {
      source.column = FindField(reader_->schema()->fields(), field, match_);
    }
    sources_.push_back(std::move(source));
  }
  return OkStatus();
}

Status FileScan::FindRowIds(const Snapshot& snapshot, size_t file) {
  const RowTracking tracking = RowTrackingOf(snapshot).value_or(RowTracking());
  MP_ASSIGN_OR_RETURN(const FileRowIds ids, RowIdsOf(snapshot, file));
  const auto find = [&](const std::string& name) {
    return name.empty() ? -1 : reader_->schema()->GetFieldIndex(name);
  };
  numbers_.push_back({find(tracking.id_column), ids.base_id, /*plus_position=*/true});
  numbers_.push_back(
      {find(tracking.commit_version_column), ids.commit_version, /*plus_position=*/false});
  return OkStatus();
}

Result<ArrayPtr> FileScan::NumbersOf(const RowNumber& number, const arrow::RecordBatch* batch,
                                     const ArrayPtr& positions,
                                     const arrow::UInt32Array* kept) const {
  const auto& rows = static_cast<const arrow::Int64Array&>(*positions);
  std::shared_ptr<arrow::Int64Array> stored;
  if (number.column >= 0) {
    MP_ASSIGN_OR_RETURN_CONTEXT(
        auto column,
        CastColumn(batch->column(number.at), TypeKind::kLong, CastRule::kRead, "row id"), "file {}",
        reader_->path());
    stored = std::static_pointer_cast<arrow::Int64Array>(column);
  }
  std::vector<int64_t> values(rows.length());
  for (int64_t i = 0; i < rows.length(); ++i) {
    const int64_t at = kept == nullptr ? i : kept->Value(i);
    if (stored != nullptr && stored->IsValid(at)) {
      values[i] = stored->Value(at);
    } else {
      values[i] = number.first + (number.plus_position ? rows.Value(i) : 0);
    }
  }
  return ArrayOf<arrow::Int64Type>(std::move(values));
}

Result<std::shared_ptr<arrow::RecordBatch>> FileScan::Next(
    const std::shared_ptr<arrow::Schema>& schema) {
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    int64_t rows = std::min(reader_->num_rows() - next_row_, batch_rows_);
    if (batches_ != nullptr) {
      MP_ASSIGN_OR_RETURN(batch, reader_->Next(*batches_));
      rows = batch == nullptr ? 0 : batch->num_rows();
    }
    if (rows == 0) return std::shared_ptr<arrow::RecordBatch>();
    const int64_t first = next_row_;
    next_row_ += rows;
    MP_ASSIGN_OR_RETURN(auto columns, Columns(schema, batch.get(), first, rows));
    if (columns->num_rows() > 0) return columns;
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> FileScan::Columns(
    const std::shared_ptr<arrow::Schema>& schema, const arrow::RecordBatch* batch, int64_t first,
    int64_t rows) const {
  std::shared_ptr<arrow::UInt32Array> kept;  // null: all
  if (deleted_ != nullptr && deleted_->AnyIn(first, static_cast<uint32_t>(rows))) {
    std::vector<uint32_t> offsets;
    deleted_->AppendKept(first, static_cast<uint32_t>(rows), &offsets);
    kept = std::static_pointer_cast<arrow::UInt32Array>(
        ArrayOf<arrow::UInt32Type>(std::move(offsets)));
  }
  const int64_t length = kept == nullptr ? rows : kept->length();
  std::vector<ArrayPtr> columns;
  for (const Source& source : sources_) {
    ArrayPtr column;
    if (source.column >= 0) {
      column = batch->column(source.at);
      if (kept != nullptr) {
        MP_ARROW_ASSIGN_OR_RETURN(auto taken, arrow::compute::Take(column, arrow::Datum(kept)));
        column = taken.make_array();
      }
      MP_ASSIGN_OR_RETURN_CONTEXT(
          column,
          CastColumn(column, source.field->type, CastRule::kRead, source.field->name, match_),
          "file {}", reader_->path());
    } else {
      MP_ASSIGN_OR_RETURN(column, ConstantColumn(source.constant, source.field->type, length));
    }
    columns.push_back(std::move(column));
  }
  if (!with_row_positions_ && numbers_.empty()) {
    return arrow::RecordBatch::Make(schema, length, std::move(columns));
  }
  const ArrayPtr positions = Positions(first, rows, kept.get());
  if (with_row_positions_) columns.push_back(positions);
  for (const RowNumber& number : numbers_) {
    MP_ASSIGN_OR_RETURN(auto column, NumbersOf(number, batch, positions, kept.get()));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, length, std::move(columns));
}

}  // namespace millpond::data
