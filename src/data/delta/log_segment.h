// Which files of _delta_log make up a version: pure functions over a listing. See PROTOCOL.md,
// "Delta Log Entries" and "Checkpoints".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fs/filesystem.h"

namespace millpond::data {

struct LogFileName {
  enum class Kind { kCommit, kCheckpoint, kCheckpointPart, kV2Checkpoint };
  Kind kind = Kind::kCommit;
  int64_t version = 0;
  int64_t part = 1, parts = 1;  // of a multi-part checkpoint, counted from 1
};

// nullopt: no log file of these kinds (temporary, checksum, compacted, another program's).
std::optional<LogFileName> ParseLogFileName(std::string_view name);

std::string CommitFileName(int64_t version);      // "00000000000000000007.json"
std::string CheckpointFileName(int64_t version);  // "00000000000000000007.checkpoint.parquet"

struct LogListing {
  std::map<int64_t, FileInfo> commits;
  std::map<int64_t, std::vector<std::string>> checkpoints;  // complete ones: their files, in order
  std::map<int64_t, std::string> v2_checkpoints;            // by UUID: named, not read yet

  bool empty() const { return commits.empty() && checkpoints.empty() && v2_checkpoints.empty(); }
  int64_t latest() const;  // -1 if empty
  // The oldest version that can still be rebuilt; -1 if none can.
  int64_t earliest() const;
};

LogListing MakeLogListing(const std::vector<FileInfo>& files);

struct LogSegment {
  int64_t version = 0;
  int64_t checkpoint_version = -1;  // -1: from version 0
  std::vector<std::string> checkpoint_files;
  std::vector<FileInfo> commits;  // checkpoint_version + 1 … version
};

// The newest complete checkpoint at or before `target` (and below `checkpoint_before`), and the
// commits after it. target = nullopt: the latest version. kNotFound names the range of versions
// that is there; kCorrupt names a version missing in between.
Result<LogSegment> SelectLogSegment(const LogListing& listing, const std::string& table_path,
                                    std::optional<int64_t> target,
                                    int64_t checkpoint_before = INT64_MAX);

}  // namespace millpond::data
