// The only file system that DuckDB may touch (allowed_directories holds its prefix alone). A path
// is "lake://<scan>/<file>/<real path>": it opens the file with that index in the snapshot of a
// planned scan, through Millpond's own file system. The real path is for messages only; what no
// scan has handed out cannot be opened, and nothing can be written.
#pragma once

#include <duckdb/common/file_system.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

inline constexpr std::string_view kLakePrefix = "lake://";

// Which snapshots may be read now. Shared by the file system and the scans.
class PlannedScans {
 public:
  explicit PlannedScans(const Environment& env) : env_(env) {}
  const Environment& env() const { return env_; }
  uint64_t Add(std::shared_ptr<const Snapshot> snapshot);
  void Remove(uint64_t id);
  std::shared_ptr<const Snapshot> Find(uint64_t id) const;

 private:
  Environment env_;
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, std::shared_ptr<const Snapshot>> scans_;
};

// Keeps a snapshot readable while a plan lives.
class PlannedScan {
 public:
  PlannedScan(std::shared_ptr<PlannedScans> scans, std::shared_ptr<const Snapshot> snapshot)
      : scans_(std::move(scans)), snapshot_(std::move(snapshot)), id_(scans_->Add(snapshot_)) {}
  ~PlannedScan() { scans_->Remove(id_); }
  PlannedScan(const PlannedScan&) = delete;
  PlannedScan& operator=(const PlannedScan&) = delete;

  const Snapshot& snapshot() const { return *snapshot_; }
  const Environment& env() const { return scans_->env(); }
  std::string Path(size_t file) const;

 private:
  std::shared_ptr<PlannedScans> scans_;
  std::shared_ptr<const Snapshot> snapshot_;
  uint64_t id_;
};

// "lake://7/12//data/t/part.parquet" in a message becomes "/data/t/part.parquet".
std::string WithoutLakePrefix(std::string message);

duckdb::unique_ptr<duckdb::FileSystem> MakeLakeFileSystem(const Environment& env,
                                                          std::shared_ptr<PlannedScans> scans);

}  // namespace millpond::data
