// One immutable block of a FileList: the adds of a checkpoint, or of some commits, as columns. What
// most files lack (tags, deletion vectors) is kept aside in a sparse map. Statistics come from a
// StatsSource; a column of them is unpacked when it is first asked for, and kept.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/delta/log/file_list.h"
#include "data/delta/log/stats_source_internal.h"

namespace millpond::data {

struct FileExtra {
  StringMap tags;
  std::optional<DeletionVector> deletion_vector;
  std::optional<std::string> clustering_provider;
};

// What a chunk is made of. Filled row by row; several may be joined.
struct FileColumns {
  std::string paths;  // one after the other
  std::vector<uint64_t> path_ends;
  std::vector<uint32_t> hashes;  // of the keys
  std::vector<int64_t> sizes, times;
  std::vector<int64_t> records;  // -1: unknown; empty: not read, the statistics say
  std::vector<PartitionValues> partitions = {{}};  // the distinct ones; the first is "none"
  std::vector<uint32_t> partition_ids;
  std::vector<int64_t> base_row_ids, row_commit_versions;  // -1: none; empty: none at all
  std::unordered_map<uint32_t, FileExtra> extras;
  bool has_outside_paths = false;

  size_t size() const { return path_ends.size(); }
  std::string_view path(size_t row) const;
  // Appends a path and its hash, with the vector's id in it.
  void AppendPath(std::string_view table_path, std::string_view path, const DeletionVector* vector);
  void AppendRowIds(std::optional<int64_t> base_row_id, std::optional<int64_t> commit_version);
  void Join(FileColumns&& other);
};

class FileChunk {
 public:
  FileChunk(std::string_view table_path, std::vector<AddFile> adds);
  FileChunk(std::string_view table_path, FileColumns columns, std::unique_ptr<StatsSource> stats);

  size_t size() const { return columns_.size(); }
  std::string_view log_path(size_t row) const { return columns_.path(row); }
  int64_t size_bytes(size_t row) const { return columns_.sizes[row]; }
  int64_t modification_time_ms(size_t row) const { return columns_.times[row]; }
  int64_t num_records(size_t row) const;                    // -1: unknown
  const DeletionVector* deletion_vector(size_t row) const;  // null: none
  std::optional<int64_t> base_row_id(size_t row) const;
  std::optional<int64_t> default_row_commit_version(size_t row) const;
  const PartitionValues& partition_values(size_t row) const {
    return columns_.partitions[columns_.partition_ids[row]];
  }
  // By physical names.
  std::shared_ptr<const BoundsColumn> bounds(const std::vector<std::string>& column,
                                             const DataType& type) const;
  Result<AddFile> add(size_t row) const;
  AddFile AddWithoutStats(size_t row) const;

  // The row with this key; of two rows with one key the later counts, the earlier is in shadowed().
  std::optional<uint32_t> Find(std::string_view key) const;
  const std::vector<uint32_t>& shadowed() const { return shadowed_; }
  int64_t memory_bytes() const;
  bool has_outside_paths() const { return columns_.has_outside_paths; }
  // Statistics are in memory: the chunk can be taken apart and packed with others.
  bool in_memory() const { return stats_->in_memory(); }

 private:
  std::string KeyOf(size_t row) const;
  void BuildIndex();

  std::string table_path_;
  FileColumns columns_;
  std::unique_ptr<StatsSource> stats_;
  std::vector<uint32_t> index_;  // open addressing: row + 1, 0 is free
  std::vector<uint32_t> shadowed_;

  mutable std::once_flag records_once_;
  mutable std::vector<int64_t> late_records_;  // where columns_.records is empty
  mutable std::mutex bounds_mutex_;
  // By the column's names and then its type: a type may change from one version to the next while
  // both share this chunk.
  mutable std::map<std::vector<std::string>, std::shared_ptr<const BoundsColumn>> bounds_;
};

}  // namespace millpond::data
