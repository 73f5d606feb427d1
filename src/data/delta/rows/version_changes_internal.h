// The changed rows of one version, as scans of its files.
#pragma once

#include <arrow/type_fwd.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "data/delta/log/log_store.h"

namespace millpond::data {

struct ChangedRows {
  std::string change_type;  // "": the rows have a last column that says it
  std::shared_ptr<arrow::RecordBatchReader> rows;
};

struct VersionChanges {
  std::optional<Micros> in_commit_time;
  std::deque<ChangedRows> parts;  // rows that went first
};

// `end`: the snapshot as whose columns the rows are read.
Result<VersionChanges> ReadVersionChanges(const Environment& env, const LogStore& log,
                                          int64_t version, std::shared_ptr<const Snapshot> end);

}  // namespace millpond::data
