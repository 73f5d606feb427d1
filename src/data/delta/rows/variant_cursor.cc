#include "data/delta/rows/variant_cursor.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/arrow/status.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/missing_files.h"

namespace millpond::data {
namespace {

constexpr int64_t kBatchRows = 8 * 1024;
constexpr size_t kMaxIdle = 64;  // each has a file open and a batch in memory

}  // namespace

Result<std::unique_ptr<VariantCursor>> VariantCursor::Open(const Environment& env,
                                                           const VariantPlace& place,
                                                           VariantForm form) {
  auto cursor = std::unique_ptr<VariantCursor>(new VariantCursor(place, form));
  MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(*place.snapshot, place.file));
  auto reader = ParquetReader::Open(env, path, kBatchRows);
  if (!reader.has_value() && reader.error().kind() == ErrorKind::kNotFound) {
    return std::unexpected(FileIsGone(env, *place.snapshot, path));
  }
  MP_ASSIGN_OR_RETURN(cursor->reader_, std::move(reader));
  cursor->match_ = MatchInFiles(place.snapshot->metadata());
  const int column =
      FindField(cursor->reader_->schema()->fields(), cursor->field(), cursor->match_);
  if (column >= 0) cursor->leaves_ = cursor->reader_->LeavesOf({column});
  return cursor;
}

bool VariantCursor::Reaches(int64_t row) const {
  return leaves_.empty() || (row >= first_ && row < group_end_);
}

Result<arrow::ArrayVector> VariantCursor::At(const std::vector<int64_t>& rows) {
  arrow::ArrayVector parts;
  for (size_t i = 0; i < rows.size();) {
    MP_RETURN_IF_ERROR(Seek(rows[i]));
    arrow::Int64Builder picked;
    for (; i < rows.size() && rows[i] >= first_ && rows[i] < first_ + batch_rows_; ++i) {
      MP_ARROW_RETURN_IF_ERROR(picked.Append(rows[i] - first_));
    }
    MP_ARROW_ASSIGN_OR_RETURN(const auto indices, picked.Finish());
    MP_ASSIGN_OR_RETURN_CONTEXT(auto part, Values(*indices), "file {}", reader_->path());
    parts.push_back(std::move(part));
  }
  return parts;
}

// Makes the batch with the row the one at hand.
Status VariantCursor::Seek(int64_t row) {
  if (leaves_.empty()) {
    first_ = 0;
    batch_rows_ = reader_->num_rows();
  } else if (!Reaches(row)) {
    MP_RETURN_IF_ERROR(OpenGroup(row));
  }
  while (batches_ != nullptr && row >= first_ + batch_rows_) {
    first_ += batch_rows_;
    MP_ASSIGN_OR_RETURN(const auto batch, reader_->Next(*batches_));
    batch_rows_ = batch == nullptr ? 0 : batch->num_rows();
    if (batch_rows_ == 0) break;
    column_ = batch->column(0);
  }
  if (row >= first_ && row < first_ + batch_rows_) return OkStatus();
  return Fail(ErrorKind::kCorrupt, "file {} ends before its row {}", reader_->path(), row);
}

Status VariantCursor::OpenGroup(int64_t row) {
  int64_t begin = 0;
  for (int group = 0; group < reader_->num_row_groups(); ++group) {
    const int64_t rows = reader_->rows_in_group(group);
    if (row >= begin && row < begin + rows) {
      MP_ASSIGN_OR_RETURN(batches_, reader_->Read(leaves_, {group}));
      first_ = begin;
      batch_rows_ = 0;
      group_end_ = begin + rows;
      return OkStatus();
    }
    begin += rows;
  }
  return Fail(ErrorKind::kCorrupt, "file {} has no row {}", reader_->path(), row);
}

Result<std::shared_ptr<arrow::Array>> VariantCursor::Values(const arrow::Array& indices) const {
  const DataType& type = field().type;
  MP_ASSIGN_OR_RETURN(auto values,
                      ConstantColumn({}, type, leaves_.empty() ? indices.length() : 0));
  if (!leaves_.empty()) {
    MP_ARROW_ASSIGN_OR_RETURN(values, arrow::compute::Take(*column_, indices));
    MP_ASSIGN_OR_RETURN(values, CastColumn(values, type, CastRule::kRead, field().name, match_));
  }
  return VariantsAs(form_, values, type, field().name);
}

std::unique_ptr<VariantCursor> VariantCursors::Take(const VariantPlace& place, int64_t row) {
  const std::lock_guard lock(mutex_);
  auto best = idle_.end();
  for (auto at = idle_.begin(); at != idle_.end(); ++at) {
    if ((*at)->place() != place || !(*at)->Reaches(row)) continue;
    if (best == idle_.end() || (*at)->first_row() > (*best)->first_row()) best = at;
  }
  if (best == idle_.end()) return nullptr;
  auto cursor = std::move(*best);
  idle_.erase(best);
  return cursor;
}

std::optional<Error> VariantCursors::failed() {
  const std::lock_guard lock(mutex_);
  return failed_;
}

Result<arrow::ArrayVector> VariantCursors::At(const VariantPlace& place,
                                              const std::vector<int64_t>& rows) {
  auto values = Find(place, rows);
  const std::lock_guard lock(mutex_);
  if (!values.has_value() && !failed_) failed_ = values.error();
  return values;
}

Result<arrow::ArrayVector> VariantCursors::Find(const VariantPlace& place,
                                                const std::vector<int64_t>& rows) {
  if (rows.empty()) return arrow::ArrayVector();
  auto cursor = Take(place, rows[0]);
  if (cursor == nullptr) {
    MP_ASSIGN_OR_RETURN(cursor, VariantCursor::Open(env_, place, form_));
  }
  auto values = cursor->At(rows);
  if (!values.has_value()) return values;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(cursor));
  if (idle_.size() > kMaxIdle) idle_.pop_front();
  return values;
}

}  // namespace millpond::data
