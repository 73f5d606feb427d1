// Statistics that stay in a checkpoint's Parquet files, which are kept open: a column's bounds are
// read from `stats_parsed` where the file has it, else from the JSON text (PROTOCOL.md, "Checkpoint
// Schema"), row groups in parallel. An open file can be read even after log clean-up has removed
// its name; on a file system where it cannot, bounds say nothing and Get fails.
#pragma once

#include <memory>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/stats_source_internal.h"
#include "data/parquet/reader.h"

namespace millpond::data {

class CheckpointStats : public StatsSource {
 public:
  // One row group that has adds, in the order of the chunk's rows.
  struct Piece {
    std::shared_ptr<const ParquetReader> file;
    int row_group = 0;
    size_t first_row = 0;
    size_t rows = 0;
  };
  CheckpointStats(TaskPool& pool, std::vector<Piece> pieces);

  Result<std::string> Get(size_t row) const override;
  std::shared_ptr<const BoundsColumn> Bounds(const std::vector<std::string>& path,
                                             const DataType& type) const override;
  std::vector<int64_t> NumRecords() const override;
  int64_t memory_bytes() const override;
  bool in_memory() const override { return false; }

 private:
  // For the adds of one row group: visit(add array) gives what is called for each with its row in
  // the array and its row in the chunk.
  using VisitRow = std::function<void(int64_t, size_t)>;
  using Visit = std::function<VisitRow(const arrow::Array&)>;
  Status ForEachAdd(const Piece& piece, const std::vector<int>& leaves, const Visit& visit) const;
  Status ReadTypedBounds(const Piece& piece, const std::vector<std::string>& path,
                         BoundsColumn* column) const;
  Status ReadTextBounds(const Piece& piece, const std::vector<std::string>& path,
                        BoundsColumn* column) const;
  Result<std::shared_ptr<const PackedStats>> Unpack(const Piece& piece) const;
  size_t rows() const;

  TaskPool& pool_;
  std::vector<Piece> pieces_;
  // The row group whose texts were asked for last.
  mutable std::mutex mutex_;
  mutable const Piece* unpacked_piece_ = nullptr;
  mutable std::shared_ptr<const PackedStats> unpacked_;
};

}  // namespace millpond::data
