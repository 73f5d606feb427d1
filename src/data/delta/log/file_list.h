// The files of one table version, columnar and immutable. A list is made of chunks that versions
// share: a new version adds a small chunk and marks rows of older chunks dead, so following a table
// costs what changed, not what is there. Statistics of commits stay as packed JSON text, those of a
// large checkpoint stay in the checkpoint, which is kept open; both are unpacked a column at a time
// when first asked for. A file costs well under 1 KiB.
//
// Copying a FileList copies a few pointers. All const methods are thread-safe. Indices 0 … size()-1
// are stable for one list, in the order in which the files were committed. Columns are named as the
// schema names them; the log's physical names (PROTOCOL.md, "Column Mapping") are found through it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/column_value.h"

namespace millpond::data {

class BoundsColumn;
class FileChunk;

// One column's bounds, for a look at many files; keeps what it needs alive.
class ColumnBounds {
 public:
  FileBounds at(size_t i) const;  // nothing known: empty bounds

 private:
  friend class FileList;
  struct Part;
  std::shared_ptr<const std::vector<Part>> parts_;  // null: no such column
  bool was_float_ = false;                          // before the column was widened
};

// Numbers for the version checksum (PROTOCOL.md, "Version Checksum File").
struct FileTotals {
  static constexpr size_t kBins = 95;
  static const std::array<int64_t, kBins>& BinStarts();  // of the file size histogram
  std::array<int64_t, kBins> file_counts = {}, total_bytes = {};
  std::array<int64_t, 10> deleted_record_counts = {};  // files by how many of their rows are gone
  int64_t deletion_vectors = 0;
  int64_t deleted_records = 0;
  void Count(int64_t size_bytes, const DeletionVector* vector, int64_t sign);
};

class FileList {
 public:
  FileList();  // empty
  FileList(std::string table_path, std::shared_ptr<const Schema> schema);
  // Of a checkpoint's files.
  FileList(std::string table_path, std::shared_ptr<const Schema> schema,
           std::shared_ptr<const FileChunk> chunk);

  size_t size() const { return size_; }
  int64_t total_bytes() const { return total_bytes_; }

  std::string path(size_t i) const;           // absolute, decoded: what to open
  std::string_view log_path(size_t i) const;  // as the log spells it
  int64_t size_bytes(size_t i) const;
  int64_t modification_time_ms(size_t i) const;
  std::optional<int64_t> num_records(size_t i) const;     // nullopt: the log does not say
  const DeletionVector* deletion_vector(size_t i) const;  // null: no row is gone
  std::optional<int64_t> base_row_id(size_t i) const;
  std::optional<int64_t> default_row_commit_version(size_t i) const;
  // As the log holds it (see ParsePartitionValue); nullopt: NULL, or no partition column.
  std::optional<std::string_view> partition_value(size_t i, std::string_view column) const;
  // `column`: the names from the top through structs down to the leaf; a name may hold dots.
  // Nothing known: empty bounds. `Bounds` is for more than a few files.
  FileBounds bounds(size_t i, const std::vector<std::string>& column) const;
  ColumnBounds Bounds(const std::vector<std::string>& column) const;
  // The whole action, as a checkpoint writes it. Where its statistics were left in a checkpoint and
  // cannot be read any more, add() leaves them out with a warning and ReadAdd fails.
  AddFile add(size_t i) const;
  Result<AddFile> ReadAdd(size_t i) const;

  // Whether a path in the log is absolute or climbs by "..": it may lead out of the table's folder.
  bool has_outside_paths() const;

  // The index of a live file by path (any spelling) and deletion vector.
  std::optional<size_t> Find(std::string_view path, const DeletionVector* vector = nullptr) const;

  // The list after `removed` keys (see FileKey) are gone and `added` (the newest action of each
  // key) are there. `schema` types the statistics.
  FileList With(std::vector<AddFile> added, const std::vector<std::string>& removed,
                std::shared_ptr<const Schema> schema) const;

  FileTotals Totals() const;  // worked out from version to version
  // For tests and reports: bytes held by the list, shared chunks counted fully.
  int64_t memory_bytes() const;

 private:
  struct Row {
    uint32_t part;
    uint32_t row;
  };
  struct Part {
    std::shared_ptr<const FileChunk> chunk;
    std::shared_ptr<const std::vector<bool>> dead;           // null: all live
    std::shared_ptr<const std::vector<uint32_t>> live_rows;  // null: all live
    size_t live = 0;
    size_t first = 0;  // index of its first live row in the list
  };
  struct LazyTotals;
  Row At(size_t i) const;
  const FileChunk& ChunkOf(Row at) const { return *parts_[at.part].chunk; }
  std::optional<Row> Locate(std::string_view key) const;
  void AddChunk(std::shared_ptr<const FileChunk> chunk);
  void KillRows(const std::vector<std::string>& keys);
  void MergeSmallParts();
  void Count();
  std::shared_ptr<LazyTotals> CarryTotals() const;
  FileTotals* known_totals();  // of a list that is being made; null: nobody has asked yet

  std::string table_path_;
  std::shared_ptr<const Schema> schema_;
  std::vector<Part> parts_;
  size_t size_ = 0;
  int64_t total_bytes_ = 0;
  std::shared_ptr<LazyTotals> totals_;
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
std::string PercentDecode(std::string_view text);

}  // namespace millpond::data
