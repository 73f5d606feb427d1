#include "data/delta/rows/version_changes_internal.h"

#include <unordered_map>

#include "data/delta/log/data_paths.h"
#include "data/delta/log/file_chunk.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/rows/base85_internal.h"
#include "data/delta/rows/change_feed.h"
#include "data/delta/rows/deletion_vector.h"
#include "data/delta/rows/missing_files.h"
#include "data/delta/rows/scan.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

constexpr const char* kInsert = "insert";
constexpr const char* kDelete = "delete";

// The file actions of one version that say which rows changed.
struct FileActions {
  CommitInfo info;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::vector<CdcFile> cdcs;
};

Result<FileActions> ReadFileActions(const LogStore& log, int64_t version) {
  FileActions found;
  MP_ASSIGN_OR_RETURN(const std::string bytes, log.ReadCommit(version));
  MP_RETURN_IF_ERROR(ParseCommit(bytes, log.CommitPath(version), [&](Action action) {
    if (auto* info = std::get_if<CommitInfo>(&action)) found.info = std::move(*info);
    if (auto* cdc = std::get_if<CdcFile>(&action)) found.cdcs.push_back(std::move(*cdc));
    if (auto* add = std::get_if<AddFile>(&action); add != nullptr && add->data_change) {
      found.adds.push_back(std::move(*add));
    }
    if (auto* gone = std::get_if<RemoveFile>(&action); gone != nullptr && gone->data_change) {
      found.removes.push_back(std::move(*gone));
    }
    return OkStatus();
  }));
  return found;
}

// A MERGE that rewrote files and changed no row says so in its metrics alone.
bool ChangedNothing(const CommitInfo& info) {
  if (info.operation != "MERGE") return false;
  for (const char* metric :
       {"numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted"}) {
    const auto count = info.operation_metrics.find(metric);
    if (count == info.operation_metrics.end() || count->second != "0") return false;
  }
  return true;
}

class VersionReader {
 public:
  VersionReader(const Environment& env, int64_t version, std::shared_ptr<const Snapshot> end)
      : env_(env), version_(version), end_(std::move(end)) {}

  Result<std::deque<ChangedRows>> Read(FileActions actions) {
    if (!actions.cdcs.empty()) {
      std::vector<AddFile> files;
      for (CdcFile& cdc : actions.cdcs) {
        AddFile file;
        file.path = std::move(cdc.path);
        file.partition_values = std::move(cdc.partition_values);
        file.size_bytes = cdc.size_bytes;
        files.push_back(std::move(file));
      }
      MP_RETURN_IF_ERROR(Scan("", std::move(files)));
      return std::move(parts_);
    }
    if (ChangedNothing(actions.info)) return std::move(parts_);
    MP_RETURN_IF_ERROR(Derive(std::move(actions)));
    return std::move(parts_);
  }

 private:
  // Rows of files that only came or went whole, and of those whose deletion vector changed.
  Status Derive(FileActions actions) {
    std::unordered_map<std::string, const RemoveFile*> gone;
    for (const RemoveFile& remove : actions.removes) gone.emplace(PathOf(remove.path), &remove);
    std::vector<AddFile> inserted, deleted;
    for (AddFile& add : actions.adds) {
      const auto before = gone.find(PathOf(add.path));
      if (before == gone.end()) {
        inserted.push_back(std::move(add));
        continue;
      }
      MP_RETURN_IF_ERROR(Compare(*before->second, add, inserted, deleted));
      gone.erase(before);
    }
    for (const RemoveFile& remove : actions.removes) {
      if (!gone.contains(PathOf(remove.path))) continue;
      MP_RETURN_IF_ERROR(CheckPartitionValues(remove));
      AddFile file;
      file.path = remove.path;
      file.partition_values = remove.partition_values;
      file.size_bytes = remove.size_bytes.value_or(0);
      file.deletion_vector = remove.deletion_vector;
      deleted.push_back(std::move(file));
    }
    MP_RETURN_IF_ERROR(Scan(kDelete, std::move(deleted)));
    return Scan(kInsert, std::move(inserted));
  }

  Status CheckPartitionValues(const RemoveFile& remove) const {
    if (end_->metadata().partition_columns.empty() || !remove.partition_values.empty()) {
      return OkStatus();
    }
    return Fail(ErrorKind::kUnsupported,
                "version {} of table {} removes the file {} and does not say of which partition it "
                "was, so its rows cannot be told",
                version_, end_->path(), remove.path);
  }

  Result<RowSet> RowsOf(const std::optional<DeletionVector>& vector) const {
    if (!vector) return RowSet();
    MP_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(end_->path(), *vector));
    if (!path.empty()) MP_RETURN_IF_ERROR(CheckPath(*end_, path));
    auto rows = ReadDeletionVector(env_, end_->path(), *vector);
    if (!rows.has_value() && rows.error().kind() == ErrorKind::kNotFound) {
      return std::unexpected(FileIsGone(env_, end_->path(), version_, path));
    }
    return rows;
  }

  // The same file before and after: rows that its vector took, and rows that it gave back.
  Status Compare(const RemoveFile& before, const AddFile& after, std::vector<AddFile>& inserted,
                 std::vector<AddFile>& deleted) const {
    MP_ASSIGN_OR_RETURN(const RowSet then, RowsOf(before.deletion_vector));
    MP_ASSIGN_OR_RETURN(const RowSet now, RowsOf(after.deletion_vector));
    MP_RETURN_IF_ERROR(AddOnly(after, now.Minus(then), deleted));
    return AddOnly(after, then.Minus(now), inserted);
  }

  // The file with these rows alone: all others go by an inline deletion vector.
  Status AddOnly(const AddFile& whole, const RowSet& rows, std::vector<AddFile>& files) const {
    if (rows.empty()) return OkStatus();
    int64_t count = whole.stats.empty() ? -1 : ReadNumRecords(whole.stats);
    if (count < 0) {
      const std::string path = PathOf(whole.path);
      MP_RETURN_IF_ERROR(CheckPath(*end_, path));
      MP_ASSIGN_OR_RETURN(auto reader, ParquetReader::Open(env_, path));
      count = reader->num_rows();
    }
    RowSet all;
    all.AddRange(0, static_cast<uint64_t>(count));
    const RowSet others = all.Minus(rows);
    AddFile file = whole;
    file.deletion_vector.reset();
    if (!others.empty()) {
      const std::string bytes = others.Serialize();
      DeletionVector vector;
      vector.storage_type = "i";
      vector.path_or_inline = EncodeBase85(bytes);
      vector.size_bytes = static_cast<int64_t>(bytes.size());
      vector.cardinality = others.size();
      file.deletion_vector = std::move(vector);
    }
    files.push_back(std::move(file));
    return OkStatus();
  }

  std::string PathOf(const std::string& log_path) const {
    return ResolveDataPath(end_->path(), log_path);
  }

  // The rows of these files as the end's columns, told by a snapshot that has no others.
  Status Scan(const std::string& change_type, std::vector<AddFile> files) {
    if (files.empty()) return OkStatus();
    TableState state;
    state.protocol = end_->protocol();
    state.metadata = end_->metadata();
    Schema schema = end_->schema();
    if (change_type.empty()) {
      std::vector<StructField> fields = schema.fields();
      fields.push_back({kChangeTypeColumn, DataType(TypeKind::kString)});
      schema = Schema(std::move(fields));
    }
    state.schema = std::make_shared<const Schema>(std::move(schema));
    state.files = FileList(end_->path(), state.schema).With(std::move(files), {}, state.schema);
    SnapshotOrigin origin;
    origin.data_roots = end_->origin().data_roots;
    MP_ASSIGN_OR_RETURN(auto snapshot, Snapshot::Make(end_->path(), version_, end_->commit_time(),
                                                      std::move(state), std::move(origin)));
    MP_ASSIGN_OR_RETURN(auto rows, ScanTable(env_, std::move(snapshot)));
    parts_.push_back({change_type, std::move(rows)});
    return OkStatus();
  }

  const Environment& env_;
  int64_t version_;
  std::shared_ptr<const Snapshot> end_;
  std::deque<ChangedRows> parts_;
};

}  // namespace

Result<VersionChanges> ReadVersionChanges(const Environment& env, const LogStore& log,
                                          int64_t version, std::shared_ptr<const Snapshot> end) {
  MP_ASSIGN_OR_RETURN(auto actions, ReadFileActions(log, version));
  VersionChanges changes;
  if (actions.info.in_commit_timestamp_ms) {
    changes.in_commit_time = *actions.info.in_commit_timestamp_ms * kMicrosPerMilli;
  }
  MP_ASSIGN_OR_RETURN(changes.parts,
                      VersionReader(env, version, std::move(end)).Read(std::move(actions)));
  return changes;
}

}  // namespace millpond::data
