#include "data/delta/commit/row_remap.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_set>

#include "data/arrow/status.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/row_ids.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {
namespace {

// The snapshot's table with these files alone.
Result<std::shared_ptr<const Snapshot>> WithFiles(const std::shared_ptr<const Snapshot>& read,
                                                  std::vector<AddFile> files) {
  TableState state = read->state();
  state.files = FileList(read->path(), state.schema).With(std::move(files), {}, state.schema);
  return Snapshot::Make(read->path(), read->version(), read->commit_time(), std::move(state),
                        read->origin());
}

// Position and id of every row of one file, deleted ones too.
using VisitRow = std::function<void(uint64_t row, int64_t id)>;

Status ForEachRowId(const Environment& env, std::shared_ptr<const Snapshot> snapshot, size_t file,
                    const VisitRow& visit) {
  ScanOptions options;
  options.columns.emplace();
  options.files = {file};
  options.with_deleted_rows = true;
  options.with_row_ids = true;
  MP_ASSIGN_OR_RETURN(auto rows, ScanTable(env, std::move(snapshot), options));
  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t row = 0;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < ids.length(); ++i) visit(row++, ids.Value(i));
  }
}

// Puts the ids of the rows behind what `ids` holds.
Status ReadIds(const Environment& env, const std::shared_ptr<const Snapshot>& read,
               const RowDelete& one, std::vector<int64_t>* ids) {
  MP_ASSIGN_OR_RETURN(const auto snapshot, WithFiles(read, {one.file}));
  return ForEachRowId(env, snapshot, 0, [&](uint64_t row, int64_t id) {
    if (one.rows.Contains(row)) ids->push_back(id);
  });
}

// The rows of a new file that have one of the ids, which are sorted, and are not deleted.
Result<RowSet> FindRows(const Environment& env, const std::shared_ptr<const Snapshot>& written,
                        size_t file, const std::vector<int64_t>& ids) {
  MP_ASSIGN_OR_RETURN(const auto gone, ReadDeletedRows(env, *written, file));
  RowSet rows;
  MP_RETURN_IF_ERROR(ForEachRowId(env, written, file, [&](uint64_t row, int64_t id) {
    if (!std::ranges::binary_search(ids, id)) return;
    if (gone == nullptr || !gone->Contains(row)) rows.Add(row);
  }));
  return rows;
}

// What one commit did to files.
struct Rewrite {
  Rewrite(const std::string& table_path, const std::vector<Action>& winner) {
    std::unordered_set<std::string> removed_paths, added_paths;
    for (const Action& action : winner) {
      if (const auto* add = std::get_if<AddFile>(&action)) {
        added_paths.insert(ResolveDataPath(table_path, add->path));
      } else if (const auto* remove = std::get_if<RemoveFile>(&action)) {
        removed_paths.insert(ResolveDataPath(table_path, remove->path));
      }
    }
    for (const Action& action : winner) {
      if (const auto* add = std::get_if<AddFile>(&action)) {
        const bool is_new = !removed_paths.contains(ResolveDataPath(table_path, add->path));
        if (is_new && !add->data_change) written.push_back(*add);
      } else if (const auto* remove = std::get_if<RemoveFile>(&action)) {
        const std::string path = ResolveDataPath(table_path, remove->path);
        if (!remove->data_change && !added_paths.contains(path)) rewritten.insert(path);
      }
    }
  }

  std::unordered_set<std::string> rewritten;  // paths
  std::vector<AddFile> written;
};

}  // namespace

Status FollowRewrites(const Environment& env, const std::shared_ptr<const Snapshot>& read,
                      const std::vector<Action>& winner, int64_t winner_version,
                      std::vector<RowDelete>* deletes) {
  if (!RowTrackingOf(*read)) return OkStatus();
  const Rewrite rewrite(read->path(), winner);
  if (rewrite.rewritten.empty() || rewrite.written.empty()) return OkStatus();
  std::vector<RowDelete> kept;
  std::vector<int64_t> ids;
  std::set<PartitionValues> partitions;
  for (RowDelete& one : *deletes) {
    if (!rewrite.rewritten.contains(ResolveDataPath(read->path(), one.file.path))) {
      kept.push_back(std::move(one));
      continue;
    }
    MP_RETURN_IF_ERROR(ReadIds(env, read, one, &ids));
    partitions.insert(one.file.partition_values);
  }
  if (ids.empty()) {
    *deletes = std::move(kept);
    return OkStatus();
  }
  std::ranges::sort(ids);
  MP_ASSIGN_OR_RETURN(const auto written, WithFiles(read, rewrite.written));
  int64_t found = 0;
  for (size_t i = 0; i < written->files().size(); ++i) {
    AddFile file = written->files().add(i);
    if (!partitions.contains(file.partition_values)) continue;
    MP_ASSIGN_OR_RETURN(RowSet rows, FindRows(env, written, i, ids));
    if (rows.empty()) continue;
    found += rows.size();
    kept.push_back({std::move(file), std::move(rows)});
  }
  if (found != static_cast<int64_t>(ids.size())) {
    return Fail(ErrorKind::kConflict,
                "another writer committed version {} of table {} first and rewrote files of which "
                "{} rows were to go; {} of them are not in its new files: read the table again and "
                "repeat the statement",
                winner_version, read->path(), ids.size(), static_cast<int64_t>(ids.size()) - found);
  }
  *deletes = std::move(kept);
  return OkStatus();
}

}  // namespace millpond::data
