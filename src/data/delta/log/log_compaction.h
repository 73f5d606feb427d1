// Log compaction files, `<x>.<y>.compacted.json` (PROTOCOL.md, "Log Compaction Files"): the commits
// x … y reconciled to one file, for tables with many small commits between checkpoints. The
// protocol has no table property for it; Millpond's own is millpond.logCompactionInterval, a number
// of versions, and none are written without it.
#pragma once

#include <string_view>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

inline constexpr const char* kLogCompactionInterval = "millpond.logCompactionInterval";

// 0: never.
int64_t LogCompactionInterval(const Snapshot& snapshot);

// Reconciles commits given in order; pure.
class LogCompactor {
 public:
  explicit LogCompactor(std::string table_path) : table_path_(std::move(table_path)) {}
  Status Add(std::string_view bytes, std::string_view what);
  Result<std::string> Finish() const;

 private:
  std::string table_path_;
  std::map<std::string, size_t> newest_;  // what an action is about -> index in actions_
  std::vector<std::optional<Action>> actions_;
};

// Writes the file of the versions first … last of the table, if it is not there.
Status WriteCompacted(const Environment& env, const std::string& table_path, int64_t first,
                      int64_t last);

}  // namespace millpond::data
