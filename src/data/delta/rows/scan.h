// A plain read of one snapshot, without SQL: file by file, one row group at a time, rows of
// deletion vectors left out, partition columns put in, columns found as the table's column mapping
// says, each cast to the table's type. Errors name the file; a file that is not what the log says
// is kCorrupt.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

struct ScanOptions {
  std::optional<std::vector<std::string>> columns = {};  // nullopt: all, in the schema's order
  std::optional<std::vector<size_t>> files = {};         // indices into files(); nullopt: all
  int64_t batch_rows = 64 * 1024;
  // Rows that deletion vectors took away come too.
  bool with_deleted_rows = false;
  // A column kRowPositionColumn (int64, not null) behind the others: the row's place in its file,
  // counted over all rows of the file, deleted ones too.
  bool with_row_positions = false;
  // Then the columns kRowIdColumn and kRowCommitVersionColumn (int64, not null; row_ids.h).
  // kInvalidArgument where the table does not track rows.
  bool with_row_ids = false;
};

inline constexpr const char* kRowPositionColumn = "_row_position";
inline constexpr const char* kRowIdColumn = "_row_id";
inline constexpr const char* kRowCommitVersionColumn = "_row_commit_version";

// The reader keeps the snapshot alive and borrows what env refers to. Errors of ReadNext come as
// arrow::Status; data/arrow/status.h turns them back.
Result<std::shared_ptr<arrow::RecordBatchReader>> ScanTable(
    const Environment& env, std::shared_ptr<const Snapshot> snapshot, ScanOptions options = {});

}  // namespace millpond::data
