#include "data/sql/duckdb/scan_meter.h"

#include <algorithm>
#include <numeric>

#include "data/delta/log/data_paths.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

// EXPLAIN is to answer at once: of more files it opens none.
constexpr size_t kFewFiles = 32;

}  // namespace

ScanMeter::ScanMeter(std::string table, std::shared_ptr<const Snapshot> snapshot)
    : snapshot_(std::move(snapshot)) {
  const FileList& files = snapshot_->files();
  report_.table = std::move(table);
  report_.version = snapshot_->version();
  report_.files = report_.files_by_partition = report_.files_read =
      static_cast<int64_t>(files.size());
  report_.bytes = report_.bytes_read = files.total_bytes();
  if (files.size() <= kFewFiles) {
    few_.emplace(files.size());
    std::iota(few_->begin(), few_->end(), 0);
  }
}

void ScanMeter::Narrow(const std::vector<uint32_t>& files, int64_t bytes, int64_t partitioned_out) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<int64_t>(files.size());
  if (count > report_.files_read) return;  // an earlier look saw more
  report_.files_read = count;
  report_.bytes_read = bytes;
  report_.files_by_partition = report_.files - partitioned_out;
  if (files.size() <= kFewFiles) few_ = files;
}

void ScanMeter::AddRowGroups(int64_t read, int64_t considered) {
  const std::lock_guard lock(mutex_);
  report_.row_groups = std::max(report_.row_groups.value_or(0), considered);
  report_.row_groups_read = report_.row_groups_read.value_or(0) + read;
}

void ScanMeter::ReadFooters(const Environment& env) {
  const std::lock_guard lock(mutex_);
  if (!few_) return;
  int64_t groups = 0;
  for (const uint32_t file : *few_) {
    const auto path = DataFilePath(*snapshot_, file);
    if (!path) return;
    const auto reader = ParquetReader::Open(env, *path);
    if (!reader) return;  // whoever reads the rows will say what is wrong
    groups += (*reader)->num_row_groups();
  }
  report_.row_groups = groups;
}

ScanReport ScanMeter::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

}  // namespace millpond::data
