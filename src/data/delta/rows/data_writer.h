// Writes the rows of one commit to data files: one open file for each partition value at hand,
// rolled over at the target size, each with its statistics, each on the disk when Finish returns.
// Columns stand in the files under their physical names (column_mapping.h). Memory for open files
// is reserved from the arbiter; when it runs short, the largest open file is closed early.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

struct DataWriterOptions {
  int64_t target_file_bytes = int64_t{128} << 20;
  // Rows that were there before bring their ids along: each batch has two more columns at its end,
  // the row id and the row commit version (int64; NULL: as the commit gives them), for the table's
  // materialised columns (PROTOCOL.md, "Row Tracking").
  bool row_ids = false;
  std::string folder = {};  // under the table's; "" is its own
};

class EncoderThreads;

class DataWriter {
 public:
  // `metadata`: partition columns and properties of the table as it will be.
  DataWriter(const Environment& env, std::string table_path, Schema schema,
             const Metadata& metadata, DataWriterOptions options = {});
  ~DataWriter();

  // Rows of the table's whole schema, in its order and types.
  Status Write(const arrow::RecordBatch& batch);
  // The next rows begin new files.
  Status CloseFiles();
  // Closes and syncs everything. The adds are ready to be committed.
  Result<std::vector<AddFile>> Finish();
  // Removes, as far as possible, what was written: after a commit that is known not to have
  // happened.
  void Discard();

  int64_t rows() const { return rows_; }

 private:
  struct OpenFile;
  using Key = std::vector<std::optional<std::string>>;

  Status WritePartition(const Key& key, const arrow::RecordBatch& data);
  Result<OpenFile*> FileFor(const Key& key);
  Status CloseFile(std::map<Key, std::unique_ptr<OpenFile>>::iterator file);
  Status CloseLargest();
  Status ReserveMemory();

  Environment env_;
  std::string table_path_;
  Schema schema_;
  std::vector<std::string> partition_columns_;  // physical
  StringMap properties_;
  DataWriterOptions options_;

  Schema data_schema_;                          // without partition columns and row ids
  std::shared_ptr<arrow::Schema> file_schema_;  // physical, with row ids
  std::vector<int> file_columns_, partition_indices_;
  std::shared_ptr<EncoderThreads> encoders_;  // of all files
  std::map<Key, std::unique_ptr<OpenFile>> open_;
  MemoryReservation memory_;
  std::set<std::string> folders_;  // with new files, to be synced
  std::vector<std::string> paths_;
  std::vector<AddFile> adds_;
  int64_t rows_ = 0;
};

}  // namespace millpond::data
