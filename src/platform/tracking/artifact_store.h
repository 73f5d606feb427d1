// The files of runs and logged models, in MLflow's layout, so that the folder can be handed to any
// MLflow tool: <root>/{experiment_id}/{run_id}/artifacts/…,
// <root>/{experiment_id}/models/{model_id}/ artifacts/…. A file appears whole or not at all. Paths
// are relative to a folder (a run's, a model's, the root), '/'-separated, and may not climb out of
// it (CheckArtifactPath).
//
// A folder that is the URI of a foreign store ("s3://…") is refused: kUnsupported; its clients talk
// to that store by themselves.
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

  // Writes or replaces one file, durable on return.
  Status PutAt(const std::string& folder, std::string_view path, std::string_view bytes);
  // Takes a file that lies on the same file system: it is moved.
  Status MoveTo(const std::string& folder, std::string_view path, const std::string& from);
  Result<std::string> GetAt(const std::string& folder, std::string_view path);
  // Files and folders directly below `path` ("" is the folder itself), by name; nothing there, or a
  // file, is an empty list.
  Result<std::vector<FileInfo>> ListAt(const std::string& folder, std::string_view path);
  // A file or a folder with all that is in it. kNotFound if there is none.
  Status RemoveAt(const std::string& folder, std::string_view path);
  // Where a path of the folder lies.
  Result<std::string> PathAt(const std::string& folder, std::string_view path) const;
  // The file at that path; kNotFound, or kInvalidArgument for a folder.
  Result<FileInfo> FileAt(const std::string& folder, std::string_view path);

  // The same for a run's folder.
  Status Put(const RunInfo& run, std::string_view path, std::string_view bytes);
  Result<std::string> Get(const RunInfo& run, std::string_view path);
  Result<std::vector<FileInfo>> List(const RunInfo& run, std::string_view path);
  Result<std::string> PathOf(const RunInfo& run, std::string_view path) const;

 private:
  FileSystem& fs_;
};

}  // namespace millpond::platform
