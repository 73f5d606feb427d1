#include "data/delta/log/file_chunk.h"

#include <algorithm>

#include "base/check.h"

namespace millpond::data {
namespace {

// Hashes of a path's spellings are equal: what lies in the table's folder is hashed relative to it.
size_t HashOfPath(std::string_view table_path, std::string_view absolute) {
  if (absolute.size() > table_path.size() && absolute.starts_with(table_path) &&
      absolute[table_path.size()] == '/') {
    absolute.remove_prefix(table_path.size() + 1);
  }
  return std::hash<std::string_view>()(absolute);
}

uint32_t WithVector(size_t path_hash, std::string_view vector_id) {
  if (!vector_id.empty()) path_hash ^= std::hash<std::string_view>()(vector_id) * 31;
  return static_cast<uint32_t>(path_hash ^ (path_hash >> 32));
}

// Spelled as ResolveDataPath would give it, but for the table's folder.
bool IsPlain(std::string_view log_path) {
  if (log_path.starts_with('/')) return false;
  return std::ranges::none_of(log_path, [](char c) { return c == '%' || c == ':'; });
}

template <typename T>
void Extend(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

std::string_view FileColumns::path(size_t row) const {
  const uint64_t begin = row == 0 ? 0 : path_ends[row - 1];
  return std::string_view(paths).substr(begin, path_ends[row] - begin);
}

void FileColumns::AppendPath(std::string_view table_path, std::string_view path,
                             const DeletionVector* vector) {
  const bool plain = IsPlain(path);
  const size_t hash = plain ? std::hash<std::string_view>()(path)
                            : HashOfPath(table_path, ResolveDataPath(table_path, path));
  hashes.push_back(WithVector(hash, vector == nullptr ? std::string() : vector->UniqueId()));
  const bool may_leave = !plain || path.starts_with("..") || path.find("/..") != path.npos;
  has_outside_paths = has_outside_paths || (may_leave && LeavesTableFolder(path));
  paths += path;
  path_ends.push_back(paths.size());
}

// Called for each row once any row has had an id; the rows before get none.
void FileColumns::AppendRowIds(std::optional<int64_t> base_row_id,
                               std::optional<int64_t> commit_version) {
  if (base_row_ids.empty() && !base_row_id && !commit_version) return;
  base_row_ids.resize(size() - 1, -1);
  row_commit_versions.resize(size() - 1, -1);
  base_row_ids.push_back(base_row_id.value_or(-1));
  row_commit_versions.push_back(commit_version.value_or(-1));
}

void FileColumns::Join(FileColumns&& other) {
  if (size() == 0) {
    *this = std::move(other);
    return;
  }
  const auto rows = static_cast<uint32_t>(size());
  const bool all_records = !records.empty() && !other.records.empty();
  const uint64_t bytes = paths.size();
  paths += other.paths;
  path_ends.reserve(size() + other.size());
  for (uint64_t end : other.path_ends) path_ends.push_back(bytes + end);
  Extend(hashes, other.hashes);
  Extend(sizes, other.sizes);
  Extend(times, other.times);
  if (all_records) {
    Extend(records, other.records);
  } else {
    records.clear();
  }
  const auto first_partition = static_cast<uint32_t>(partitions.size());
  if (other.partitions.size() > 1) {
    Extend(partitions, other.partitions);
    for (uint32_t id : other.partition_ids) {
      partition_ids.push_back(id == 0 ? 0 : first_partition + id);
    }
  } else {
    partition_ids.resize(size(), 0);
  }
  if (!base_row_ids.empty() || !other.base_row_ids.empty()) {
    for (auto [mine, theirs] : {std::pair(&base_row_ids, &other.base_row_ids),
                                std::pair(&row_commit_versions, &other.row_commit_versions)}) {
      mine->resize(rows, -1);
      Extend(*mine, *theirs);
      mine->resize(size(), -1);
    }
  }
  for (auto& [row, extra] : other.extras) extras.emplace(rows + row, std::move(extra));
  has_outside_paths = has_outside_paths || other.has_outside_paths;
}

namespace {

FileColumns ColumnsOf(std::string_view table_path, std::vector<AddFile>& adds, PackedStats& stats) {
  CHECK_LT(adds.size(), size_t{UINT32_MAX});
  FileColumns columns;
  StatsTextReader reader;
  std::map<PartitionValues, uint32_t> known_partitions = {{{}, 0}};
  for (auto& add : adds) {
    const auto row = static_cast<uint32_t>(columns.size());
    columns.AppendPath(table_path, add.path, add.deletion_vector ? &*add.deletion_vector : nullptr);
    columns.sizes.push_back(add.size_bytes);
    columns.times.push_back(add.modification_time_ms);
    add.stats.reserve(add.stats.size() + kStatsPadding);
    columns.records.push_back(reader.ReadNumRecords(add.stats));
    stats.Append(add.stats);
    auto [partition, is_new] = known_partitions.try_emplace(
        std::move(add.partition_values), static_cast<uint32_t>(columns.partitions.size()));
    if (is_new) columns.partitions.push_back(partition->first);
    columns.partition_ids.push_back(partition->second);
    columns.AppendRowIds(add.base_row_id, add.default_row_commit_version);
    if (!add.tags.empty() || add.deletion_vector || add.clustering_provider) {
      columns.extras[row] = {std::move(add.tags), std::move(add.deletion_vector),
                             std::move(add.clustering_provider)};
    }
    add = AddFile();  // so that a large list is not held twice
  }
  stats.Finish();
  columns.paths.shrink_to_fit();
  return columns;
}

}  // namespace

FileChunk::FileChunk(std::string_view table_path, std::vector<AddFile> adds)
    : table_path_(table_path) {
  auto stats = std::make_unique<PackedStats>(adds.size());
  columns_ = ColumnsOf(table_path, adds, *stats);
  stats_ = std::move(stats);
  BuildIndex();
}

FileChunk::FileChunk(std::string_view table_path, FileColumns columns,
                     std::unique_ptr<StatsSource> stats)
    : table_path_(table_path), columns_(std::move(columns)), stats_(std::move(stats)) {
  CHECK_LT(columns_.size(), size_t{UINT32_MAX});
  BuildIndex();
}

int64_t FileChunk::num_records(size_t row) const {
  if (!columns_.records.empty()) return columns_.records[row];
  std::call_once(records_once_, [&] { late_records_ = stats_->NumRecords(); });
  return late_records_[row];
}

const DeletionVector* FileChunk::deletion_vector(size_t row) const {
  if (columns_.extras.empty()) return nullptr;
  const auto extra = columns_.extras.find(static_cast<uint32_t>(row));
  const bool has = extra != columns_.extras.end() && extra->second.deletion_vector;
  return has ? &*extra->second.deletion_vector : nullptr;
}

std::optional<int64_t> FileChunk::base_row_id(size_t row) const {
  if (row >= columns_.base_row_ids.size() || columns_.base_row_ids[row] < 0) return std::nullopt;
  return columns_.base_row_ids[row];
}

std::optional<int64_t> FileChunk::default_row_commit_version(size_t row) const {
  const auto& versions = columns_.row_commit_versions;
  if (row >= versions.size() || versions[row] < 0) return std::nullopt;
  return versions[row];
}

std::string FileChunk::KeyOf(size_t row) const {
  return FileKey(table_path_, log_path(row), deletion_vector(row));
}

void FileChunk::BuildIndex() {
  size_t slots = 8;
  while (slots < size() * 2) slots *= 2;
  index_.assign(slots, 0);
  constexpr size_t kAhead = 16;
  for (size_t row = 0; row < size(); ++row) {
    if (row + kAhead < size()) {
      __builtin_prefetch(&index_[columns_.hashes[row + kAhead] & (slots - 1)], 1);
    }
    const uint32_t hash = columns_.hashes[row];
    size_t slot = hash & (slots - 1);
    while (index_[slot] != 0) {
      const uint32_t other = index_[slot] - 1;
      if (columns_.hashes[other] == hash && KeyOf(other) == KeyOf(row)) break;
      slot = (slot + 1) & (slots - 1);
    }
    if (index_[slot] != 0) shadowed_.push_back(index_[slot] - 1);
    index_[slot] = static_cast<uint32_t>(row) + 1;
  }
}

std::optional<uint32_t> FileChunk::Find(std::string_view key) const {
  const size_t end = std::min(key.find('\0'), key.size());
  const std::string_view vector_id = end == key.size() ? key.substr(end) : key.substr(end + 1);
  const uint32_t hash = WithVector(HashOfPath(table_path_, key.substr(0, end)), vector_id);
  const size_t slots = index_.size();
  for (size_t slot = hash & (slots - 1); index_[slot] != 0; slot = (slot + 1) & (slots - 1)) {
    const uint32_t row = index_[slot] - 1;
    if (columns_.hashes[row] == hash && KeyOf(row) == key) return row;
  }
  return std::nullopt;
}

std::shared_ptr<const BoundsColumn> FileChunk::bounds(const std::vector<std::string>& column,
                                                      const DataType& type) const {
  std::vector<std::string> key = column;
  key.push_back(type.ToString());
  std::lock_guard lock(bounds_mutex_);
  auto found = bounds_.find(key);
  if (found == bounds_.end()) {
    found = bounds_.emplace(std::move(key), stats_->Bounds(column, type)).first;
  }
  return found->second;
}

Result<AddFile> FileChunk::add(size_t row) const {
  AddFile add = AddWithoutStats(row);
  MP_ASSIGN_OR_RETURN(add.stats, stats_->Get(row));
  return add;
}

AddFile FileChunk::AddWithoutStats(size_t row) const {
  AddFile add;
  add.path = log_path(row);
  add.partition_values = partition_values(row);
  add.size_bytes = size_bytes(row);
  add.modification_time_ms = modification_time_ms(row);
  add.base_row_id = base_row_id(row);
  add.default_row_commit_version = default_row_commit_version(row);
  const auto extra = columns_.extras.find(static_cast<uint32_t>(row));
  if (extra != columns_.extras.end()) {
    add.tags = extra->second.tags;
    add.deletion_vector = extra->second.deletion_vector;
    add.clustering_provider = extra->second.clustering_provider;
  }
  return add;
}

int64_t FileChunk::memory_bytes() const {
  const FileColumns& c = columns_;
  size_t total = c.paths.capacity() + (c.path_ends.capacity() + c.sizes.capacity()) * 8;
  total += (c.times.capacity() + c.records.capacity() + late_records_.capacity()) * 8;
  total += (c.base_row_ids.capacity() + c.row_commit_versions.capacity()) * 8;
  total += (c.partition_ids.capacity() + c.hashes.capacity() + index_.capacity()) * 4;
  total += c.partitions.size() * 200 + c.extras.size() * 300;
  auto bytes = static_cast<int64_t>(total) + stats_->memory_bytes();
  std::lock_guard lock(bounds_mutex_);
  for (const auto& [key, column] : bounds_) bytes += column->memory_bytes();
  return bytes;
}

}  // namespace millpond::data
