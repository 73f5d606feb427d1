// Which files of _delta_log make up a version: pure functions over a listing. See PROTOCOL.md,
// "Delta Log Entries", "Checkpoints" and "Log Compaction Files".
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
  enum class Kind { kCommit, kCheckpoint, kCheckpointPart, kV2Checkpoint, kCompacted, kChecksum };
  Kind kind = Kind::kCommit;
  int64_t version = 0;          // of a compacted file: the first
  int64_t part = 1, parts = 1;  // of a multi-part checkpoint, counted from 1
  int64_t last = 0;             // the last version of a compacted file
};

// nullopt: no log file of these kinds (temporary, another program's).
std::optional<LogFileName> ParseLogFileName(std::string_view name);

std::string CommitFileName(int64_t version);      // "00000000000000000007.json"
std::string CheckpointFileName(int64_t version);  // "00000000000000000007.checkpoint.parquet"
// "00000000000000000007.checkpoint.<uuid>.json"
std::string V2CheckpointFileName(int64_t version, std::string_view uuid);
std::string ChecksumFileName(int64_t version);               // "00000000000000000007.crc"
std::string CompactedFileName(int64_t first, int64_t last);  // "<first>.<last>.compacted.json"
std::string SidecarPath(std::string_view log, std::string_view name);  // "<log>/_sidecars/<name>"

// A complete checkpoint: one file, or all parts in order. A V2 checkpoint names its sidecars
// inside.
using CheckpointFiles = std::vector<std::string>;

struct LogListing {
  std::map<int64_t, FileInfo> commits;
  std::map<int64_t, std::vector<CheckpointFiles>> checkpoints;  // of one version: best first
  std::map<int64_t, std::map<int64_t, FileInfo>> compacted;     // by first and last version
  std::map<int64_t, FileInfo> checksums;

  bool empty() const { return commits.empty() && checkpoints.empty(); }
  int64_t latest() const;  // -1 if empty
  // The oldest version that can still be rebuilt; -1 if none can.
  int64_t earliest() const;
};

LogListing MakeLogListing(const std::vector<FileInfo>& files);

// A log file of one version, or of several (a compacted one).
struct LogSpan {
  FileInfo file;
  int64_t first = 0, last = 0;
  bool compacted() const { return last > first; }
};

struct LogSegment {
  int64_t version = 0;
  int64_t checkpoint_version = -1;  // -1: from version 0
  CheckpointFiles checkpoint_files;
  std::vector<LogSpan> commits;  // checkpoint_version + 1 … version

  bool UsesCompacted() const;
};

// What an earlier try has taught.
struct SegmentChoice {
  int skip_checkpoints = 0;  // that many of the newest are no good
  bool use_compacted = true;
};

// The newest complete checkpoint at or before `target` and the fewest files that hold the commits
// after it; a compacted file that begins at or before the checkpoint is not used. target = nullopt:
// the latest version. kNotFound names the range of versions that is there; kCorrupt names a version
// missing in between.
Result<LogSegment> SelectLogSegment(const LogListing& listing, const std::string& table_path,
                                    std::optional<int64_t> target, SegmentChoice choice = {});

}  // namespace millpond::data
