#include "data/delta/row_remap.h"

#include <arrow/array.h>
#include <arrow/builder.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "data/arrow/status.h"
#include "data/delta/deletion_vector.h"
#include "data/delta/row_ids.h"

namespace millpond::data {
namespace {

constexpr int64_t kStep = 64 * 1024;

Result<std::shared_ptr<arrow::Int64Array>> Positions(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.AppendValues(values));
  std::shared_ptr<arrow::Int64Array> array;
  MP_ARROW_RETURN_IF_ERROR(builder.Finish(&array));
  return array;
}

Status AppendIds(RowIdReader& reader, std::vector<int64_t>& positions, std::vector<int64_t>* ids) {
  MP_ASSIGN_OR_RETURN(const auto array, Positions(positions));
  MP_ASSIGN_OR_RETURN(const auto columns, reader.Next(*array));
  for (int64_t i = 0; i < columns.ids->length(); ++i) ids->push_back(columns.ids->Value(i));
  positions.clear();
  return OkStatus();
}

// Puts the ids of the rows behind what `ids` holds.
Status ReadIds(const Environment& env, const Snapshot& read, const RowDelete& one,
               std::vector<int64_t>* ids) {
  MP_ASSIGN_OR_RETURN(const auto reader, RowIdReader::Open(env, read, one.file));
  std::vector<int64_t> positions;
  Status status = OkStatus();
  one.rows.ForEach([&](uint64_t row) {
    if (!status) return;
    positions.push_back(static_cast<int64_t>(row));
    if (static_cast<int64_t>(positions.size()) == kStep) {
      status = AppendIds(*reader, positions, ids);
    }
  });
  MP_RETURN_IF_ERROR(status);
  return AppendIds(*reader, positions, ids);
}

// The rows of a new file that have one of the ids, which are sorted, and are not deleted.
Result<RowSet> FindRows(const Environment& env, const Snapshot& read, const AddFile& file,
                        const std::vector<int64_t>& ids) {
  RowSet gone;
  if (file.deletion_vector) {
    MP_ASSIGN_OR_RETURN(gone, ReadDeletionVector(env, read.path(), *file.deletion_vector));
  }
  MP_ASSIGN_OR_RETURN(const auto reader, RowIdReader::Open(env, read, file));
  RowSet rows;
  for (int64_t first = 0; first < reader->num_rows(); first += kStep) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    std::vector<int64_t> positions(std::min(kStep, reader->num_rows() - first));
    for (size_t i = 0; i < positions.size(); ++i) positions[i] = first + static_cast<int64_t>(i);
    MP_ASSIGN_OR_RETURN(const auto array, Positions(positions));
    MP_ASSIGN_OR_RETURN(const auto columns, reader->Next(*array));
    for (int64_t i = 0; i < columns.ids->length(); ++i) {
      const auto row = static_cast<uint64_t>(first + i);
      if (std::ranges::binary_search(ids, columns.ids->Value(i)) && !gone.Contains(row)) {
        rows.Add(row);
      }
    }
  }
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

Status FollowRewrites(const Environment& env, const Snapshot& read,
                      const std::vector<Action>& winner, int64_t winner_version,
                      std::vector<RowDelete>* deletes) {
  if (!TracksRows(read)) return OkStatus();
  const Rewrite rewrite(read.path(), winner);
  if (rewrite.rewritten.empty() || rewrite.written.empty()) return OkStatus();
  std::vector<RowDelete> kept;
  std::vector<int64_t> ids;
  std::set<PartitionValues> partitions;
  for (RowDelete& one : *deletes) {
    if (!rewrite.rewritten.contains(ResolveDataPath(read.path(), one.file.path))) {
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
  int64_t found = 0;
  for (const AddFile& file : rewrite.written) {
    if (!partitions.contains(file.partition_values)) continue;
    MP_ASSIGN_OR_RETURN(RowSet rows, FindRows(env, read, file, ids));
    if (rows.empty()) continue;
    found += rows.size();
    kept.push_back({file, std::move(rows)});
  }
  if (found != static_cast<int64_t>(ids.size())) {
    return Fail(ErrorKind::kConflict,
                "another writer committed version {} of table {} first and rewrote files of which "
                "{} rows were to go; {} of them are not in its new files: read the table again and "
                "repeat the statement",
                winner_version, read.path(), ids.size(),
                static_cast<int64_t>(ids.size()) - found);
  }
  *deletes = std::move(kept);
  return OkStatus();
}

}  // namespace millpond::data
