#include "data/delta/row_ids.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/arrow/status.h"
#include "data/delta/data_paths.h"
#include "data/delta/protocol.h"

namespace millpond::data {
namespace {

int ColumnOf(const ParquetReader& reader, const Snapshot& snapshot, const char* key) {
  const auto name = snapshot.property(key);
  const int column = name ? reader.schema()->GetFieldIndex(*name) : -1;
  const bool is_long =
      column >= 0 && reader.schema()->field(column)->type()->id() == arrow::Type::INT64;
  return is_long ? column : -1;
}

}  // namespace

bool TracksRows(const Snapshot& snapshot) {
  return SupportsWriterFeature(snapshot.protocol(), feature::kRowTracking) &&
         snapshot.metadata().IsEnabled(property::kEnableRowTracking) &&
         snapshot.property(property::kRowIdColumn) &&
         snapshot.property(property::kRowCommitVersionColumn);
}

Result<std::unique_ptr<RowIdReader>> RowIdReader::Open(const Environment& env,
                                                       const Snapshot& snapshot,
                                                       const AddFile& file) {
  auto ids = std::make_unique<RowIdReader>();
  if (!file.base_row_id) {
    return Fail(ErrorKind::kCorrupt, "table {} tracks rows, and its file {} has no base row id",
                snapshot.path(), file.path);
  }
  ids->base_row_id_ = *file.base_row_id;
  ids->commit_version_ = file.default_row_commit_version.value_or(0);
  const std::string path = ResolveDataPath(snapshot.path(), file.path);
  if (LeavesTableFolder(file.path)) MP_RETURN_IF_ERROR(CheckPath(snapshot, path));
  MP_ASSIGN_OR_RETURN(ids->reader_, ParquetReader::Open(env, path));
  const int id = ColumnOf(*ids->reader_, snapshot, property::kRowIdColumn);
  const int version = ColumnOf(*ids->reader_, snapshot, property::kRowCommitVersionColumn);
  std::vector<int> columns;
  if (id >= 0) columns.push_back(id);
  if (version >= 0) columns.push_back(version);
  if (columns.empty()) return ids;
  // Batches have the file's order.
  if (id >= 0) ids->id_column_ = version >= 0 && version < id ? 1 : 0;
  if (version >= 0) ids->version_column_ = id >= 0 && id < version ? 1 : 0;
  MP_ASSIGN_OR_RETURN(ids->batches_, ids->reader_->Read(ids->reader_->LeavesOf(columns)));
  return ids;
}

Status RowIdReader::LoadThrough(int64_t position) {
  while (batch_ == nullptr || position >= first_ + batch_->num_rows()) {
    if (batch_ != nullptr) first_ += batch_->num_rows();
    MP_ASSIGN_OR_RETURN(batch_, reader_->Next(*batches_));
    if (batch_ == nullptr) {
      return Fail(ErrorKind::kCorrupt, "file {} ends before its row {}", reader_->path(), position);
    }
  }
  return OkStatus();
}

Result<RowIdReader::Columns> RowIdReader::Next(const arrow::Int64Array& positions) {
  arrow::Int64Builder ids, versions;
  MP_ARROW_RETURN_IF_ERROR(ids.Reserve(positions.length()));
  MP_ARROW_RETURN_IF_ERROR(versions.Reserve(positions.length()));
  const auto value = [&](int column, int64_t position, int64_t otherwise) {
    if (column < 0) return otherwise;
    const auto& values = static_cast<const arrow::Int64Array&>(*batch_->column(column));
    return values.IsNull(position - first_) ? otherwise : values.Value(position - first_);
  };
  for (int64_t i = 0; i < positions.length(); ++i) {
    const int64_t position = positions.Value(i);
    if (batches_ != nullptr) MP_RETURN_IF_ERROR(LoadThrough(position));
    ids.UnsafeAppend(value(id_column_, position, base_row_id_ + position));
    versions.UnsafeAppend(value(version_column_, position, commit_version_));
  }
  Columns columns;
  MP_ARROW_RETURN_IF_ERROR(ids.Finish(&columns.ids));
  MP_ARROW_RETURN_IF_ERROR(versions.Finish(&columns.commit_versions));
  return columns;
}

}  // namespace millpond::data
