#include "data/delta/change/restore.h"

#include <algorithm>

#include "data/delta/commit/transaction.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/log/file_chunk.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/rows/missing_files.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";
constexpr const char* kClusteringDomain = "delta.clustering";
constexpr const char* kIdentityMark = "delta.identity.highWaterMark";
constexpr const char* kIdentityStep = "delta.identity.step";

// What a table keeps once it has it.
constexpr const char* kKept[] = {property::kEnableInCommitTimestamps,
                                 property::kInCommitTimestampVersion,
                                 property::kInCommitTimestampTime,
                                 property::kEnableRowTracking,
                                 property::kRowIdColumn,
                                 property::kRowCommitVersionColumn};

int64_t NumberOf(const std::map<std::string, std::string>& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

// The old schema, whose identity columns go on counting where they are now.
Schema WithIdentityMarks(const Schema& old, const Schema& now) {
  std::vector<StructField> fields = old.fields();
  for (StructField& field : fields) {
    const StructField* current = now.Find(field.name);
    if (current == nullptr || !current->metadata.contains(kIdentityMark)) continue;
    const int64_t mark = NumberOf(current->metadata, kIdentityMark);
    const int64_t before = NumberOf(field.metadata, kIdentityMark);
    const bool further =
        NumberOf(field.metadata, kIdentityStep) < 0 ? mark < before : mark > before;
    if (!field.metadata.contains(kIdentityMark) || further) {
      field.metadata[kIdentityMark] = current->metadata.at(kIdentityMark);
    }
  }
  return Schema(std::move(fields));
}

Metadata RestoredMetadata(const Snapshot& to, const Snapshot& now) {
  Metadata metadata = to.metadata();
  metadata.id = now.metadata().id;
  const Schema schema = WithIdentityMarks(to.schema(), now.schema());
  if (schema.ToJson() != to.schema().ToJson()) metadata.schema_json = schema.ToJson();
  const StringMap& current = now.metadata().configuration;
  for (const char* key : kKept) {
    if (const auto kept = current.find(key); kept != current.end()) {
      metadata.configuration[key] = kept->second;
    }
  }
  if (NumberOf(current, kMaxColumnId) > NumberOf(metadata.configuration, kMaxColumnId)) {
    metadata.configuration[kMaxColumnId] = current.at(kMaxColumnId);
  }
  return metadata;
}

// Which files come back and which go, as indices into their versions' lists.
struct FileChanges {
  std::vector<size_t> restored, removed;
};

FileChanges Compare(const Snapshot& to, const Snapshot& now) {
  FileChanges changes;
  const auto missing = [](const FileList& files, const FileList& in, std::vector<size_t>* out) {
    for (size_t i = 0; i < files.size(); ++i) {
      if (!in.Find(files.log_path(i), files.deletion_vector(i))) out->push_back(i);
    }
  };
  missing(to.files(), now.files(), &changes.restored);
  missing(now.files(), to.files(), &changes.removed);
  return changes;
}

// Clustering is the version's; row ids go on counting.
void RestoreDomains(Transaction& transaction, const Snapshot& to, const Snapshot& now) {
  const auto then = to.domains().find(kClusteringDomain);
  const auto current = now.domains().find(kClusteringDomain);
  if (then != to.domains().end()) {
    if (current == now.domains().end() || current->second != then->second) {
      transaction.SetDomain(then->second);
    }
  } else if (current != now.domains().end()) {
    DomainMetadata removed = current->second;
    removed.removed = true;
    transaction.SetDomain(std::move(removed));
  }
}

StringMap MetricsOf(const Snapshot& to, const Snapshot& now, const FileChanges& changes) {
  const auto bytes = [](const FileList& files, const std::vector<size_t>& which) {
    int64_t sum = 0;
    for (size_t i : which) sum += files.size_bytes(i);
    return fmt::format("{}", sum);
  };
  return {{"tableSizeAfterRestore", fmt::format("{}", to.files().total_bytes())},
          {"numOfFilesAfterRestore", fmt::format("{}", to.files().size())},
          {"numRemovedFiles", fmt::format("{}", changes.removed.size())},
          {"numRestoredFiles", fmt::format("{}", changes.restored.size())},
          {"removedFilesSize", bytes(now.files(), changes.removed)},
          {"restoredFilesSize", bytes(to.files(), changes.restored)}};
}

}  // namespace

Protocol MergedProtocol(Protocol ours, const Protocol& other) {
  std::set<std::string> features = WriterFeatures(other);
  features.insert(other.reader_features.begin(), other.reader_features.end());
  return WithFeatures(std::move(ours), features);
}

Status CompleteRowCount(const Environment& env, const Snapshot& snapshot, size_t file,
                        AddFile* add) {
  if (add->base_row_id || ReadNumRecords(add->stats) >= 0) return OkStatus();
  MP_ASSIGN_OR_RETURN(const std::string path, DataFilePath(snapshot, file));
  MP_ASSIGN_OR_RETURN(auto reader, ParquetReader::Open(env, path));
  add->stats = fmt::format(R"({{"numRecords":{}}})", reader->num_rows());
  return OkStatus();
}

Result<RestoreResult> RestoreTable(DeltaTable table, std::shared_ptr<const Snapshot> to,
                                   StringMap parameters) {
  const Environment& env = table.environment();
  MP_ASSIGN_OR_RETURN(auto now, table.Latest());
  MP_RETURN_IF_ERROR(CheckDataPaths(*to));
  const FileChanges changes = Compare(*to, *now);
  MP_RETURN_IF_ERROR(CheckFilesThere(env, *to, changes.restored, "restored"));
  const Protocol protocol = MergedProtocol(now->protocol(), to->protocol());
  const Metadata metadata = RestoredMetadata(*to, *now);

  RestoreResult result;
  result.restored_files = static_cast<int64_t>(changes.restored.size());
  result.removed_files = static_cast<int64_t>(changes.removed.size());
  result.changed = !changes.restored.empty() || !changes.removed.empty() ||
                   metadata != now->metadata() || protocol != now->protocol();
  if (!result.changed) {
    result.commit.version = now->version();
    result.commit.commit_time = now->commit_time();
    return result;
  }
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(table, now));
  const bool gives_row_ids = SupportsWriterFeature(protocol, feature::kRowTracking);
  for (size_t file : changes.removed) transaction.Remove(now->files().add(file));
  for (size_t file : changes.restored) {
    MP_ASSIGN_OR_RETURN(AddFile add, to->files().ReadAdd(file));
    add.data_change = true;
    if (gives_row_ids) MP_RETURN_IF_ERROR(CompleteRowCount(env, *to, file, &add));
    transaction.Add(std::move(add));
  }
  RestoreDomains(transaction, *to, *now);
  if (protocol != now->protocol()) transaction.SetProtocol(protocol);
  if (metadata != now->metadata()) transaction.SetMetadata(metadata);
  transaction.SetOperation("RESTORE", std::move(parameters));
  transaction.SetMetrics(MetricsOf(*to, *now, changes));
  transaction.DependOnWholeTable();
  MP_ASSIGN_OR_RETURN(result.commit, transaction.Commit());
  return result;
}

}  // namespace millpond::data
