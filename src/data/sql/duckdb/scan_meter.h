// What a scan reports of itself: files and bytes as its list is narrowed, row groups as they are
// read. EXPLAIN shows it. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/sql/table_source.h"

namespace millpond::data {

class ScanMeter {
 public:
  ScanMeter(std::string table, std::shared_ptr<const Snapshot> snapshot);
  // The scan's files are these only; `partitioned_out` of the rest went by partition values.
  void Narrow(const std::vector<uint32_t>& files, int64_t bytes, int64_t partitioned_out);
  // Of one thread's part of a scan that ran: what it read, and of how many all threads know by now.
  void AddRowGroups(int64_t read, int64_t considered);
  // Of a scan that did not run: counts the row groups by the files' footers, if the files are few.
  void ReadFooters(const Environment& env);
  ScanReport report() const;

 private:
  std::shared_ptr<const Snapshot> snapshot_;
  mutable std::mutex mutex_;
  ScanReport report_;
  std::optional<std::vector<uint32_t>> few_;  // the files, if they are few
};

}  // namespace millpond::data
