// The adds of a checkpoint, from Arrow's columns to a chunk's, without an action a row between.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "data/delta/log/file_chunk.h"

namespace millpond::data {

// The columns that AppendAdds wants; statistics apart.
const std::vector<std::string>& AddColumns();

class AddAppender {
 public:
  explicit AddAppender(std::string_view table_path) : table_path_(table_path) {}
  // `stats`: also take the statistics, as JSON text; null if they are left in the file.
  Status Append(const arrow::RecordBatch& batch, std::vector<std::string>* stats);
  FileColumns Finish();

 private:
  void AppendPartition(const arrow::Array* values, int64_t row);
  void AppendExtras(const arrow::Array* add, int64_t row, std::optional<DeletionVector> vector);

  std::string table_path_;
  FileColumns columns_;
  bool knows_records_ = true;
  std::unordered_map<std::string, uint32_t> partition_ids_;
  std::string partition_key_, last_key_;
  uint32_t last_partition_ = 0;
};

}  // namespace millpond::data
