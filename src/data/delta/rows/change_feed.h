// Row-level changes of a range of versions (PROTOCOL.md, "Add CDC File" and "Reader Requirements
// for AddCDCFile"): a version with change files is told by them alone; any other by its adds and
// removes with dataChange, rows of a file that is in both by the difference of its deletion
// vectors. Rows stream: memory is the file actions of one version and one batch.
//
// Columns: the table's at the end of the range, _change_type ("insert", "delete",
// "update_preimage", "update_postimage"), _commit_version, _commit_timestamp. Rows of one version
// stand together, versions in order.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "data/delta/log/table.h"

namespace millpond::data {

struct ChangeRange {
  int64_t first = 0;
  int64_t last = 0;
  // Also where the table kept no feed: changes of rows then are a delete and an insert, and files
  // that were rewritten come with all of their rows.
  bool derive = false;
};

// kInvalidArgument: the feed was off at a version of the range; kNotFound: the log of one was
// cleaned away (both name what can be read), or its files were, which shows when they are read.
// kUnsupported: columns were dropped, renamed or retyped in the range; the error names the version.
Result<std::shared_ptr<arrow::RecordBatchReader>> ReadChanges(DeltaTable table,
                                                              const ChangeRange& range,
                                                              DataRoots roots = nullptr);

// The first version committed at or after a time, as the begin of a range; kNotFound: none yet.
Result<int64_t> FirstVersionFrom(DeltaTable& table, Micros at);

// The columns that the feed adds; a table with one of its own cannot have a feed.
inline constexpr const char* kChangeTypeColumn = "_change_type";
inline constexpr const char* kCommitVersionColumn = "_commit_version";
inline constexpr const char* kCommitTimestampColumn = "_commit_timestamp";

}  // namespace millpond::data
