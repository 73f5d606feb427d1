#include "platform/tracking/artifact_store.h"

namespace millpond::platform {

Result<std::string> ArtifactStore::PathOf(const RunInfo& run, std::string_view path) const {
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      return Fail(ErrorKind::kInvalidArgument,
                  "an artifact's path is relative and stays inside its run: '{}'", path);
    }
  }
  return path.empty() ? run.artifact_uri : JoinPath(run.artifact_uri, path);
}

Status ArtifactStore::Put(const RunInfo& run, std::string_view path, std::string_view bytes) {
  if (path.empty()) return Fail(ErrorKind::kInvalidArgument, "an artifact needs a path");
  MP_ASSIGN_OR_RETURN(auto full, PathOf(run, path));
  MP_RETURN_IF_ERROR_CONTEXT(fs_.CreateDirectories(ParentPath(full)),
                             "while writing artifact {} of run {}", path, run.run_id);
  MP_RETURN_IF_ERROR_CONTEXT(fs_.ReplaceFile(full, bytes), "while writing artifact {} of run {}",
                             path, run.run_id);
  return OkStatus();
}

Result<std::string> ArtifactStore::Get(const RunInfo& run, std::string_view path) {
  MP_ASSIGN_OR_RETURN(auto full, PathOf(run, path));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto bytes, fs_.ReadFile(full), "while reading artifact {} of run {}",
                              path, run.run_id);
  return bytes;
}

Result<std::vector<FileInfo>> ArtifactStore::List(const RunInfo& run, std::string_view path) {
  MP_ASSIGN_OR_RETURN(auto full, PathOf(run, path));
  auto listed = fs_.List(full);
  if (!listed && listed.error().kind() == ErrorKind::kNotFound) return std::vector<FileInfo>{};
  return listed;
}

}  // namespace millpond::platform
