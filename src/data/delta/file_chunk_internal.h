// One immutable block of a FileList: the adds of a checkpoint, or of some commits, as columns. What
// most files lack (tags, deletion vectors) is kept aside in a sparse map. Statistics are kept as
// JSON text in zstd-packed blocks of rows; `bounds` unpacks one column of the chunk when it is
// first asked for and keeps that.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/delta/file_list.h"

namespace millpond::data {

// The JSON statistics of rows, packed.
class StatsStore {
 public:
  void Append(std::string_view json);
  void Finish();  // packs the last block
  std::string Get(size_t row) const;
  // Calls visit(row, text) for all rows in order; `text` is followed by enough readable bytes for
  // simdjson (padding).
  void ForEach(const std::function<void(size_t, std::string_view)>& visit) const;
  int64_t memory_bytes() const;

 private:
  static constexpr size_t kBlockRows = 256;
  struct Block {
    std::string bytes;
    size_t raw_size = 0;
    bool packed = false;
  };
  void Pack();
  std::string Unpack(const Block& block) const;  // with padding behind

  std::vector<Block> blocks_;
  std::vector<uint32_t> ends_;  // of each row within its block
  std::string open_;
};

// One column's bounds in all rows of a chunk.
class BoundsColumn {
 public:
  BoundsColumn(const StatsStore& stats, size_t rows, std::vector<std::string> path, DataType type);
  FileBounds Get(size_t row) const;
  int64_t memory_bytes() const;

 private:
  struct Side {
    std::vector<int64_t> words;  // integers, dates, timestamps, bool; doubles by their bits
    std::vector<__int128> decimals;
    std::vector<std::string> texts;
    std::vector<bool> known;
  };
  void Store(Side& side, size_t row, const ColumnValue& value);
  ColumnValue Load(const Side& side, size_t row) const;

  DataType type_;
  Side min_, max_;
  std::vector<int64_t> null_counts_;  // -1: unknown
};

// The numRecords of one statistics text, -1 if it does not say.
int64_t ReadNumRecords(std::string json);

class FileChunk {
 public:
  FileChunk(std::string_view table_path, std::vector<AddFile> adds);

  size_t size() const { return sizes_.size(); }
  std::string_view log_path(size_t row) const;
  int64_t size_bytes(size_t row) const { return sizes_[row]; }
  int64_t modification_time_ms(size_t row) const { return times_[row]; }
  int64_t num_records(size_t row) const { return records_[row]; }  // -1: unknown
  const DeletionVector* deletion_vector(size_t row) const;  // null: none
  const PartitionValues& partition_values(size_t row) const {
    return partitions_[partition_ids_[row]];
  }
  FileBounds bounds(size_t row, const std::vector<std::string>& column, const DataType& type) const;
  AddFile add(size_t row) const;

  // The row with this key; of two rows with one key the later counts, the earlier is in shadowed().
  std::optional<uint32_t> Find(std::string_view key) const;
  const std::vector<uint32_t>& shadowed() const { return shadowed_; }
  int64_t memory_bytes() const;
  bool has_outside_paths() const { return has_outside_paths_; }

 private:
  struct Extra {
    StringMap tags;
    std::optional<DeletionVector> deletion_vector;
    std::optional<std::string> clustering_provider;
  };
  std::string KeyOf(size_t row) const;
  void BuildIndex();

  std::string table_path_;
  bool has_outside_paths_ = false;
  std::string paths_;
  std::vector<uint64_t> path_ends_;
  std::vector<int64_t> sizes_, times_, records_;
  std::vector<PartitionValues> partitions_;
  std::vector<uint32_t> partition_ids_;
  std::vector<int64_t> base_row_ids_, row_commit_versions_;  // -1: none; empty: none at all
  std::unordered_map<uint32_t, Extra> extras_;
  StatsStore stats_;
  std::vector<uint32_t> index_;  // open addressing: row + 1, 0 is free
  std::vector<uint32_t> shadowed_;

  mutable std::mutex bounds_mutex_;
  // By the column's names and then its type.
  mutable std::map<std::vector<std::string>, std::shared_ptr<const BoundsColumn>> bounds_;
};

}  // namespace millpond::data
