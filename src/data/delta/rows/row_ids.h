// Row ids and row commit versions as a reader finds them (PROTOCOL.md, "Reader Requirements for Row
// Tracking"): the value in a hidden column of the data file, or else one worked out from the file's
// entry in the log. Both are there only while the table has row tracking turned on. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

// Where the table keeps the ids of rows that were written again. Names as in data files; "": none.
struct RowTracking {
  std::string id_column;
  std::string commit_version_column;
};

// nullopt: rows of this table have no ids.
std::optional<RowTracking> RowTrackingOf(const Snapshot& snapshot);

// The row at position p of a file has the id base_id + p and this commit version, unless a hidden
// column says otherwise.
struct FileRowIds {
  int64_t base_id = 0;
  int64_t commit_version = 0;
};

// kCorrupt: the log does not say, as it must in a table that tracks rows.
Result<FileRowIds> RowIdsOf(const Snapshot& snapshot, size_t file);

}  // namespace millpond::data
