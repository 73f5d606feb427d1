#include "platform/tracking/artifact_store.h"

#include "platform/tracking/artifact_uri.h"

namespace millpond::platform {

namespace {

// Of file systems and of ReplaceFile: not there yet for anybody else.
constexpr std::string_view kTemporary = "._tmp.";

std::unexpected<Error> Missing(std::string_view path) {
  return Fail(ErrorKind::kNotFound, "there is no artifact '{}'", path);
}

}  // namespace

Result<std::string> ArtifactStore::PathAt(const std::string& folder, std::string_view path) const {
  if (IsForeignLocation(folder)) {
    return Fail(ErrorKind::kUnsupported,
                "these artifacts lie at {}, which Millpond does not read; ask that store", folder);
  }
  MP_RETURN_IF_ERROR(CheckArtifactPath(path));
  return path.empty() ? folder : JoinPath(folder, path);
}

Result<FileInfo> ArtifactStore::FileAt(const std::string& folder, std::string_view path) {
  MP_ASSIGN_OR_RETURN(auto full, PathAt(folder, path));
  auto info = fs_.Stat(full);
  if (!info && info.error().kind() == ErrorKind::kNotFound) return Missing(path);
  if (info && info->is_directory) {
    return Fail(ErrorKind::kInvalidArgument, "artifact '{}' is a folder; list it instead", path);
  }
  return info;
}

Status ArtifactStore::PutAt(const std::string& folder, std::string_view path,
                            std::string_view bytes) {
  if (path.empty()) return Fail(ErrorKind::kInvalidArgument, "an artifact needs a path");
  MP_ASSIGN_OR_RETURN(auto full, PathAt(folder, path));
  MP_RETURN_IF_ERROR_CONTEXT(fs_.CreateDirectories(ParentPath(full)), "while writing artifact {}",
                             path);
  MP_RETURN_IF_ERROR_CONTEXT(fs_.ReplaceFile(full, bytes), "while writing artifact {}", path);
  return OkStatus();
}

Status ArtifactStore::MoveTo(const std::string& folder, std::string_view path,
                             const std::string& from) {
  if (path.empty()) return Fail(ErrorKind::kInvalidArgument, "an artifact needs a path");
  MP_ASSIGN_OR_RETURN(auto full, PathAt(folder, path));
  MP_RETURN_IF_ERROR_CONTEXT(fs_.SyncFile(from), "while writing artifact {}", path);
  MP_RETURN_IF_ERROR_CONTEXT(fs_.CreateDirectories(ParentPath(full)), "while writing artifact {}",
                             path);
  MP_RETURN_IF_ERROR_CONTEXT(fs_.Rename(from, full), "while writing artifact {}", path);
  MP_RETURN_IF_ERROR_CONTEXT(fs_.SyncDirectory(ParentPath(full)), "while writing artifact {}",
                             path);
  return OkStatus();
}

Result<std::string> ArtifactStore::GetAt(const std::string& folder, std::string_view path) {
  MP_ASSIGN_OR_RETURN(auto full, PathAt(folder, path));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto bytes, fs_.ReadFile(full), "while reading artifact {}", path);
  return bytes;
}

Result<std::vector<FileInfo>> ArtifactStore::ListAt(const std::string& folder,
                                                    std::string_view path) {
  MP_ASSIGN_OR_RETURN(auto full, PathAt(folder, path));
  auto listed = fs_.List(full);
  if (!listed && listed.error().kind() == ErrorKind::kNotFound) return std::vector<FileInfo>{};
  if (listed) {
    std::erase_if(*listed,
                  [](const FileInfo& info) { return FileName(info.path).starts_with(kTemporary); });
  }
  return listed;
}

Status ArtifactStore::RemoveAt(const std::string& folder, std::string_view path) {
  if (path.empty()) return Fail(ErrorKind::kInvalidArgument, "name the artifact to be removed");
  MP_ASSIGN_OR_RETURN(auto full, PathAt(folder, path));
  MP_ASSIGN_OR_RETURN(const bool there, fs_.Exists(full));
  if (!there) return Missing(path);
  MP_RETURN_IF_ERROR_CONTEXT(fs_.RemoveTree(full), "while removing artifact {}", path);
  return fs_.SyncDirectory(ParentPath(full));
}

Status ArtifactStore::Put(const RunInfo& run, std::string_view path, std::string_view bytes) {
  return PutAt(run.artifact_uri, path, bytes);
}
Result<std::string> ArtifactStore::Get(const RunInfo& run, std::string_view path) {
  return GetAt(run.artifact_uri, path);
}
Result<std::vector<FileInfo>> ArtifactStore::List(const RunInfo& run, std::string_view path) {
  return ListAt(run.artifact_uri, path);
}
Result<std::string> ArtifactStore::PathOf(const RunInfo& run, std::string_view path) const {
  return PathAt(run.artifact_uri, path);
}

}  // namespace millpond::platform
