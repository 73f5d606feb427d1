// The files of one table version, columnar and immutable. A list is made of chunks that versions
// share: a new version adds a small chunk and marks rows of older chunks dead, so following a table
// costs what changed, not what is there. Statistics stay as packed JSON text and are unpacked a
// column at a time when first asked for; a file costs well under 1 KiB.
//
// Copying a FileList copies a few pointers. All const methods are thread-safe. Indices 0 … size()-1
// are stable for one list, in the order in which the files were committed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/delta/actions.h"
#include "data/delta/column_value.h"

namespace millpond::data {

class FileChunk;

class FileList {
 public:
  FileList();  // empty
  FileList(std::string table_path, std::shared_ptr<const Schema> schema);

  size_t size() const { return rows_.size(); }
  int64_t total_bytes() const { return total_bytes_; }

  std::string path(size_t i) const;           // absolute, decoded: what to open
  std::string_view log_path(size_t i) const;  // as the log spells it
  int64_t size_bytes(size_t i) const;
  int64_t modification_time_ms(size_t i) const;
  std::optional<int64_t> num_records(size_t i) const;     // nullopt: the log does not say
  const DeletionVector* deletion_vector(size_t i) const;  // null: no row is gone
  // As the log holds it (see ParsePartitionValue); nullopt: NULL, or no partition column.
  std::optional<std::string_view> partition_value(size_t i, std::string_view column) const;
  // `column`: the names from the top through structs down to the leaf; a name may hold dots.
  // Nothing known: empty bounds.
  FileBounds bounds(size_t i, const std::vector<std::string>& column) const;
  // The whole action, as a checkpoint writes it.
  AddFile add(size_t i) const;

  // Whether a path in the log is absolute or climbs by "..": it may lead out of the table's folder.
  bool has_outside_paths() const;

  // The index of a live file by path (any spelling) and deletion vector.
  std::optional<size_t> Find(std::string_view path, const DeletionVector* vector = nullptr) const;

  // The list after `removed` keys (see FileKey) are gone and `added` (the newest action of each
  // key) are there. `schema` types the statistics.
  FileList With(std::vector<AddFile> added, const std::vector<std::string>& removed,
                std::shared_ptr<const Schema> schema) const;

  // For tests and reports: bytes held by the list, shared chunks counted fully.
  int64_t memory_bytes() const;

 private:
  struct Row {
    uint32_t chunk;
    uint32_t row;
  };
  struct Part {
    std::shared_ptr<const FileChunk> chunk;
    std::shared_ptr<const std::vector<bool>> dead;  // null: all live
    size_t live = 0;
  };
  std::optional<Row> Locate(std::string_view key) const;
  void KillRows(const std::vector<std::string>& keys);
  void MergeSmallParts();
  void BuildRows();

  std::string table_path_;
  std::shared_ptr<const Schema> schema_;
  std::vector<Part> parts_;
  std::vector<Row> rows_;
  int64_t total_bytes_ = 0;
};

// The absolute, decoded form of a path in the log: percent-escapes undone, "file:" dropped,
// "s3a:" made "s3:", a relative path put under the table.
std::string ResolveDataPath(std::string_view table_path, std::string_view log_path);
// Is a path in the log absolute, or does it climb by ".."?
bool LeavesTableFolder(std::string_view log_path);
// What reconciles file actions: the resolved path and the deletion vector's id.
std::string FileKey(std::string_view table_path, std::string_view log_path,
                    const DeletionVector* vector);
// Percent-encodes a relative path for the log (PROTOCOL.md: RFC 2396 URI).
std::string EncodeLogPath(std::string_view path);

}  // namespace millpond::data
