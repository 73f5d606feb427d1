// The statistics of a chunk's rows: as packed JSON text (PackedStats), or left in the checkpoint
// they stand in and read from there when somebody asks (checkpoint_stats_internal.h). Thread-safe
// once filled. Bounds that cannot be read say nothing: a missing bound only costs a file that could
// have been skipped.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "data/delta/metadata/column_value.h"

namespace millpond::data {

// One column's bounds in all rows of a chunk. Different rows may be set by different threads.
class BoundsColumn {
 public:
  BoundsColumn(size_t rows, DataType type);
  const DataType& type() const { return type_; }
  void SetMin(size_t row, const ColumnValue& value) { Store(min_, row, value); }
  // Writers cut timestamps to milliseconds, so the true maximum may lie up to 999 us above.
  void SetMax(size_t row, ColumnValue value);
  void SetNullCount(size_t row, int64_t count) { null_counts_[row] = count; }
  FileBounds Get(size_t row) const;
  int64_t memory_bytes() const;

 private:
  struct Side {
    std::vector<int64_t> words;  // integers, dates, timestamps, bool; doubles by their bits
    std::vector<__int128> decimals;
    std::vector<std::string> texts;
    std::vector<uint8_t> known;
  };
  void Store(Side& side, size_t row, const ColumnValue& value);
  ColumnValue Load(const Side& side, size_t row) const;

  DataType type_;
  Side min_, max_;
  std::vector<int64_t> null_counts_;  // -1: unknown
};

// Reads statistics texts; used by one thread. Texts have kStatsPadding readable bytes behind them.
inline constexpr size_t kStatsPadding = 64;
class StatsTextReader {
 public:
  StatsTextReader();
  ~StatsTextReader();
  // Sets one row's bounds of the column `path` (names from the top through structs).
  void ReadBounds(std::string_view json, const std::vector<std::string>& path, size_t row,
                  BoundsColumn* column);
  int64_t ReadNumRecords(std::string_view json);  // -1 if it does not say
  // json[section][path…] as it is written there; nullopt if there is no such value.
  std::optional<std::string> ReadText(std::string json, const char* section,
                                      const std::vector<std::string>& path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

int64_t ReadNumRecords(std::string json);  // of one text; -1 if it does not say

// One bound from its JSON string's content or its number's text; no value if it does not fit.
ColumnValue ParseBound(std::string_view text, const DataType& type);

class StatsSource {
 public:
  virtual ~StatsSource() = default;
  // "" where the log has none. Fails only if what was left in a file is not there any more.
  virtual Result<std::string> Get(size_t row) const = 0;
  virtual std::shared_ptr<const BoundsColumn> Bounds(const std::vector<std::string>& path,
                                                     const DataType& type) const = 0;
  virtual std::vector<int64_t> NumRecords() const = 0;  // -1: unknown
  virtual int64_t memory_bytes() const = 0;
  virtual bool in_memory() const = 0;
};

// JSON texts in blocks of rows, zstd-packed if there are many: what a few commits add is soon
// packed with more, and who follows a table does not wait for it.
class PackedStats : public StatsSource {
 public:
  static constexpr size_t kPackFrom = 2048;
  explicit PackedStats(size_t expected_rows) : pack_(expected_rows >= kPackFrom) {}
  void Append(std::string_view json);
  void Finish();  // packs the last block

  Result<std::string> Get(size_t row) const override;
  std::shared_ptr<const BoundsColumn> Bounds(const std::vector<std::string>& path,
                                             const DataType& type) const override;
  std::vector<int64_t> NumRecords() const override;
  int64_t memory_bytes() const override;
  bool in_memory() const override { return true; }

 private:
  static constexpr size_t kBlockRows = 256;
  struct Block {
    std::string bytes;
    size_t raw_size = 0;
    bool packed = false;
  };
  void Pack();
  std::string Unpack(const Block& block) const;  // with padding behind
  // Calls visit(row, text) for all rows in order.
  void ForEach(const std::function<void(size_t, std::string_view)>& visit) const;

  bool pack_;
  std::vector<Block> blocks_;
  std::vector<uint32_t> ends_;  // of each row within its block
  std::string open_;
  // The block that was asked for last: rows are mostly asked for one after the other.
  mutable std::mutex mutex_;
  mutable size_t unpacked_block_ = SIZE_MAX;
  mutable std::string unpacked_;
};

}  // namespace millpond::data
