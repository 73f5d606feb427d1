// The small actions and the removes of a checkpoint's Arrow batches (PROTOCOL.md, "Checkpoint
// Schema"), and the actions that only V2 checkpoints have.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/delta/metadata/actions.h"

namespace millpond::data {

// PROTOCOL.md, "Sidecar File Information".
struct Sidecar {
  std::string name;  // of the file in _sidecars
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
};

// The tag of checkpointMetadata that tells the number of adds, as delta-spark writes it.
inline constexpr const char* kNumAddsTag = "numOfAddFiles";

// What a checkpoint's top file holds besides file actions.
struct CheckpointTop {
  std::vector<Action> actions;  // protocol, metadata, txns, domains
  std::vector<Sidecar> sidecars;
  std::optional<int64_t> v2_version;  // of checkpointMetadata: this is a V2 checkpoint
  std::optional<int64_t> num_adds;    // where its tags tell: one that is cut is noticed
};

// The columns that ReadSmallActions wants; each without a "." is a top-level column.
const std::vector<std::string>& SmallActionColumns();
Status ReadSmallActions(const arrow::RecordBatch& batch, CheckpointTop* top);
Status ReadRemoves(const arrow::RecordBatch& batch, const std::function<Status(RemoveFile)>& sink);

// The lines of a V2 checkpoint's top.
std::string CheckpointMetadataLine(int64_t version, int64_t num_adds);
std::string SidecarLine(const Sidecar& sidecar);

// A V2 checkpoint's top as JSON lines; file actions in it go to `files`. kCorrupt names `what`.
Status ParseCheckpointTop(std::string_view bytes, std::string_view what, CheckpointTop* top,
                          const std::function<Status(Action)>& files);

}  // namespace millpond::data
