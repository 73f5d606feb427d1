#include <algorithm>
#include <functional>

#include "base/check.h"
#include "data/delta/file_chunk_internal.h"

namespace millpond::data {

FileChunk::FileChunk(std::string_view table_path, std::vector<AddFile> adds)
    : table_path_(table_path) {
  CHECK_LT(adds.size(), size_t{UINT32_MAX});
  std::map<PartitionValues, uint32_t> known_partitions;
  bool row_ids = std::ranges::any_of(adds, [](const AddFile& add) {
    return add.base_row_id.has_value() || add.default_row_commit_version.has_value();
  });
  for (auto& add : adds) {
    auto row = static_cast<uint32_t>(sizes_.size());
    paths_ += add.path;
    has_outside_paths_ = has_outside_paths_ || LeavesTableFolder(add.path);
    path_ends_.push_back(paths_.size());
    sizes_.push_back(add.size_bytes);
    times_.push_back(add.modification_time_ms);
    records_.push_back(add.stats.empty() ? -1 : ReadNumRecords(add.stats));
    auto [partition, is_new] = known_partitions.try_emplace(
        std::move(add.partition_values), static_cast<uint32_t>(partitions_.size()));
    if (is_new) partitions_.push_back(partition->first);
    partition_ids_.push_back(partition->second);
    stats_.Append(add.stats);
    if (row_ids) {
      base_row_ids_.push_back(add.base_row_id.value_or(-1));
      row_commit_versions_.push_back(add.default_row_commit_version.value_or(-1));
    }
    if (!add.tags.empty() || add.deletion_vector || add.clustering_provider) {
      extras_[row] = {std::move(add.tags), std::move(add.deletion_vector),
                      std::move(add.clustering_provider)};
    }
    add = AddFile();  // so that a large list is not held twice
  }
  stats_.Finish();
  paths_.shrink_to_fit();
  BuildIndex();
}

std::string_view FileChunk::log_path(size_t row) const {
  uint64_t begin = row == 0 ? 0 : path_ends_[row - 1];
  return std::string_view(paths_).substr(begin, path_ends_[row] - begin);
}

const DeletionVector* FileChunk::deletion_vector(size_t row) const {
  const auto extra = extras_.find(static_cast<uint32_t>(row));
  const bool has = extra != extras_.end() && extra->second.deletion_vector;
  return has ? &*extra->second.deletion_vector : nullptr;
}

std::string FileChunk::KeyOf(size_t row) const {
  return FileKey(table_path_, log_path(row), deletion_vector(row));
}

void FileChunk::BuildIndex() {
  size_t slots = 8;
  while (slots < size() * 2) slots *= 2;
  index_.assign(slots, 0);
  for (size_t row = 0; row < size(); ++row) {
    std::string key = KeyOf(row);
    size_t slot = std::hash<std::string_view>()(key) & (slots - 1);
    while (index_[slot] != 0 && KeyOf(index_[slot] - 1) != key) slot = (slot + 1) & (slots - 1);
    if (index_[slot] != 0) shadowed_.push_back(index_[slot] - 1);
    index_[slot] = static_cast<uint32_t>(row) + 1;
  }
}

std::optional<uint32_t> FileChunk::Find(std::string_view key) const {
  size_t slots = index_.size();
  size_t slot = std::hash<std::string_view>()(key) & (slots - 1);
  for (; index_[slot] != 0; slot = (slot + 1) & (slots - 1)) {
    if (KeyOf(index_[slot] - 1) == key) return index_[slot] - 1;
  }
  return std::nullopt;
}

FileBounds FileChunk::bounds(size_t row, const std::vector<std::string>& column,
                             const DataType& type) const {
  // A column's type may change from one version to the next while both share this chunk.
  std::vector<std::string> key = column;
  key.push_back(type.ToString());
  std::lock_guard lock(bounds_mutex_);
  auto found = bounds_.find(key);
  if (found == bounds_.end()) {
    auto unpacked = std::make_shared<BoundsColumn>(stats_, size(), column, type);
    found = bounds_.emplace(std::move(key), std::move(unpacked)).first;
  }
  return found->second->Get(row);
}

AddFile FileChunk::add(size_t row) const {
  AddFile add;
  add.path = log_path(row);
  add.partition_values = partition_values(row);
  add.size_bytes = sizes_[row];
  add.modification_time_ms = times_[row];
  add.stats = stats_.Get(row);
  if (!base_row_ids_.empty()) {
    if (base_row_ids_[row] >= 0) add.base_row_id = base_row_ids_[row];
    if (row_commit_versions_[row] >= 0) add.default_row_commit_version = row_commit_versions_[row];
  }
  if (auto extra = extras_.find(static_cast<uint32_t>(row)); extra != extras_.end()) {
    add.tags = extra->second.tags;
    add.deletion_vector = extra->second.deletion_vector;
    add.clustering_provider = extra->second.clustering_provider;
  }
  return add;
}

int64_t FileChunk::memory_bytes() const {
  auto total = static_cast<int64_t>(paths_.capacity() + path_ends_.capacity() * 8);
  total += static_cast<int64_t>(sizes_.capacity() + times_.capacity() + records_.capacity()) * 8;
  total += static_cast<int64_t>(base_row_ids_.capacity() + row_commit_versions_.capacity()) * 8;
  total += static_cast<int64_t>(partition_ids_.capacity() + index_.capacity()) * 4;
  total +=
      static_cast<int64_t>(partitions_.size()) * 200 + static_cast<int64_t>(extras_.size()) * 300;
  total += stats_.memory_bytes();
  std::lock_guard lock(bounds_mutex_);
  for (const auto& [key, column] : bounds_) total += column->memory_bytes();
  return total;
}

}  // namespace millpond::data
