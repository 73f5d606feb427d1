// Reads checkpoints (PROTOCOL.md, "Checkpoints", "V1 Spec", "V2 Spec"): classic, multi-part, and by
// UUID, the last two kinds of top in JSON or Parquet, with their sidecars. Only the columns that a
// snapshot needs are read, row groups in parallel. Statistics of a large checkpoint are left in its
// files (checkpoint_stats_internal.h). Removes are left out: they are read when the next checkpoint
// is written.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/log_segment.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

class FileChunk;

struct CheckpointContent {
  std::vector<Action> actions;             // protocol, metadata, txns, domains
  std::shared_ptr<const FileChunk> files;  // the adds
  std::vector<std::string> paths;          // what it is made of, sidecars too
};

// From so many files on, statistics are left in the checkpoint.
inline constexpr int64_t kFilesWithStatsInMemory = 20'000;

// kCorrupt or kNotFound names the file that is no good: the checkpoint as a whole is then not to be
// used.
Result<CheckpointContent> ReadCheckpoint(
    const Environment& env, const std::string& table_path, int64_t version,
    const CheckpointFiles& files, int64_t files_with_stats_in_memory = kFilesWithStatsInMemory);

// The removes of one of `CheckpointContent::paths`.
Status ReadCheckpointRemoves(const Environment& env, const std::string& path,
                             const std::function<Status(RemoveFile)>& sink);

// The names of the sidecars that a checkpoint's top file refers to, for log clean-up.
Result<std::vector<std::string>> ReadSidecarNames(const Environment& env, const std::string& path);

}  // namespace millpond::data
