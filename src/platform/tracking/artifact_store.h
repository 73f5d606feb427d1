// The files of runs: <root>/{experiment_id}/{run_id}/artifacts/…, MLflow's layout, so that the
// folder can be handed to any MLflow tool. A file appears whole or not at all. Paths inside a run
// are relative, '/'-separated, and may not climb out of the run's folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fs/filesystem.h"
#include "base/result.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

class ArtifactStore {
 public:
  explicit ArtifactStore(FileSystem& fs) : fs_(fs) {}

  // Writes or replaces one file of the run, durable on return.
  Status Put(const RunInfo& run, std::string_view path, std::string_view bytes);
  Result<std::string> Get(const RunInfo& run, std::string_view path);
  // Files and folders directly below `path` ("" is the run's root); nothing there is an empty list.
  Result<std::vector<FileInfo>> List(const RunInfo& run, std::string_view path);
  // Where a path of the run lies.
  Result<std::string> PathOf(const RunInfo& run, std::string_view path) const;

 private:
  FileSystem& fs_;
};

}  // namespace millpond::platform
