#include "data/delta/commit/row_deletes.h"

#include <unordered_map>

#include "data/delta/log/data_paths.h"
#include "data/delta/log/file_chunk.h"
#include "data/delta/log/file_list.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

// The live file of a path, whatever its deletion vector. Rarely anything but the first look-up.
std::optional<size_t> FindLive(const Snapshot& base, const AddFile& read) {
  const DeletionVector* vector = read.deletion_vector ? &*read.deletion_vector : nullptr;
  if (auto found = base.files().Find(read.path, vector)) return found;
  const std::string path = ResolveDataPath(base.path(), read.path);
  for (size_t i = 0; i < base.files().size(); ++i) {
    if (base.files().path(i) == path) return i;
  }
  return std::nullopt;
}

// With a deletion vector the statistics must say how many rows the file has, and no longer claim
// that their bounds are reached (PROTOCOL.md, "Per-file Statistics").
Result<std::string> WideStats(const Environment& env, const Snapshot& base, size_t file,
                              std::string stats, int64_t* rows) {
  *rows = stats.empty() ? -1 : ReadNumRecords(stats);
  if (*rows < 0) {
    MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(base, file));
    MP_ASSIGN_OR_RETURN(auto reader, ParquetReader::Open(env, path));
    *rows = reader->num_rows();
    return fmt::format(R"({{"numRecords":{},"tightBounds":false}})", *rows);
  }
  static constexpr std::string_view kTight = "\"tightBounds\":true";
  if (const size_t at = stats.find(kTight); at != stats.npos) {
    return stats.replace(at, kTight.size(), "\"tightBounds\":false");
  }
  if (stats.find("\"tightBounds\"") != stats.npos) return stats;
  return stats.insert(stats.find('{') + 1, "\"tightBounds\":false,");
}

Status PlaceOne(const Environment& env, const Snapshot& base, const RowDelete& wanted,
                PlacedRowDeletes* placed) {
  const auto file = FindLive(base, wanted.file);
  if (!file) {
    return Fail(ErrorKind::kConflict,
                "another writer removed the file {} of table {}: read the "
                "table again",
                wanted.file.path, base.path());
  }
  AddFile live = base.files().add(*file);
  RowSet gone = wanted.rows;
  MP_ASSIGN_OR_RETURN(const auto before, ReadDeletedRows(env, base, *file));
  if (before != nullptr) {
    if (before->Intersects(gone)) {
      return Fail(
          ErrorKind::kConflict,
          "another writer removed or changed the same rows of file {} of table {}: read the "
          "table again",
          wanted.file.path, base.path());
    }
    gone.AddAll(*before);
  }
  placed->removes.push_back(RemoveOf(live));
  int64_t rows = 0;
  MP_ASSIGN_OR_RETURN(live.stats, WideStats(env, base, *file, std::move(live.stats), &rows));
  if (!gone.empty() && gone.greatest() >= static_cast<uint64_t>(rows)) {
    return Fail(ErrorKind::kInternal,
                "file {} of table {} has {} rows, and row {} is to be deleted", live.path,
                base.path(), rows, gone.greatest());
  }
  if (gone.size() == rows) return OkStatus();
  live.deletion_vector = placed->vectors.Append(gone);
  live.data_change = true;
  placed->adds.push_back(std::move(live));
  return OkStatus();
}

}  // namespace

RemoveFile RemoveOf(const AddFile& live, bool data_change) {
  RemoveFile remove;
  remove.path = live.path;
  // Retention counts from here, by the system's clock whatever the project's says.
  remove.deletion_timestamp_ms = SystemClock().NowMillis();
  remove.data_change = data_change;
  remove.extended_file_metadata = true;
  remove.partition_values = live.partition_values;
  remove.size_bytes = live.size_bytes;
  remove.tags = live.tags;
  remove.deletion_vector = live.deletion_vector;
  remove.base_row_id = live.base_row_id;
  remove.default_row_commit_version = live.default_row_commit_version;
  return remove;
}

Result<std::unique_ptr<PlacedRowDeletes>> PlaceRowDeletes(const Environment& env,
                                                          const Snapshot& base,
                                                          const std::vector<RowDelete>& deletes) {
  std::unique_ptr<PlacedRowDeletes> placed(
      new PlacedRowDeletes{{}, {}, DeletionVectorWriter(env, base.path())});
  for (const RowDelete& wanted : deletes) {
    MP_RETURN_IF_ERROR(PlaceOne(env, base, wanted, placed.get()));
  }
  MP_RETURN_IF_ERROR(placed->vectors.Finish());
  return placed;
}

Status CheckRowConflict(const Environment& env, const std::string& table_path,
                        const std::vector<RowDelete>& deletes, const std::vector<Action>& winner,
                        int64_t winner_version) {
  std::unordered_map<std::string, const RowDelete*> ours;
  for (const RowDelete& one : deletes) {
    ours.emplace(ResolveDataPath(table_path, one.file.path), &one);
  }
  std::unordered_map<std::string, const AddFile*> added;
  for (const Action& action : winner) {
    const auto* add = std::get_if<AddFile>(&action);
    if (add != nullptr) added.emplace(ResolveDataPath(table_path, add->path), add);
  }
  for (const Action& action : winner) {
    const auto* remove = std::get_if<RemoveFile>(&action);
    if (remove == nullptr) continue;
    const auto own = ours.find(ResolveDataPath(table_path, remove->path));
    if (own == ours.end()) continue;
    const auto again = added.find(own->first);
    if (again == added.end()) {
      // With row ids, rows are found again where a rewrite has put them (row_remap.h).
      return Fail(ErrorKind::kConflict,
                  "another writer committed version {} of table {} first and {} the file {}, of "
                  "which {} rows were to go: read the table again and repeat the statement{}",
                  winner_version, table_path, remove->data_change ? "removed" : "rewrote",
                  remove->path, own->second->rows.size(),
                  remove->data_change ? ""
                                      : "; the table property delta.enableRowTracking = true lets "
                                        "it go on by itself after a rewrite like OPTIMIZE's");
    }
    if (!again->second->deletion_vector) continue;
    MP_ASSIGN_OR_RETURN(const RowSet gone,
                        ReadDeletionVector(env, table_path, *again->second->deletion_vector));
    if (!gone.Intersects(own->second->rows)) continue;
    return Fail(
        ErrorKind::kConflict,
        "another writer committed version {} of table {} first and removed or changed {} of "
        "the same rows of file {}: read the table again and repeat the statement",
        winner_version, table_path, own->second->rows.size() - own->second->rows.Minus(gone).size(),
        remove->path);
  }
  return OkStatus();
}

}  // namespace millpond::data
