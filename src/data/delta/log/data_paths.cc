#include "data/delta/log/data_paths.h"

#include <filesystem>

#include "base/fs/scheme_filesystem.h"

namespace millpond::data {

namespace {

Result<std::string> CanonicalStorePath(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  const std::string parts = path + "/";
  if (parts.find("/./") == parts.npos && parts.find("/../") == parts.npos) return path;
  return Fail(ErrorKind::kInvalidArgument, "the path of an object has no '.' or '..': {}", path);
}

}  // namespace

Result<std::string> CanonicalPath(const std::string& path) {
  if (IsStorePath(path)) return CanonicalStorePath(path);
  std::error_code error;
  const auto resolved = std::filesystem::weakly_canonical(path, error);
  if (error) {
    return Fail(ErrorKind::kUnavailable, "cannot resolve path {}: {}", path, error.message());
  }
  std::string text = resolved.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

bool IsUnder(const std::string& path, const std::string& root) {
  if (root == "/" || path == root) return true;
  return path.starts_with(root) && path[root.size()] == '/';
}

Status CheckPath(const Snapshot& snapshot, const std::string& path) {
  const auto& roots = snapshot.origin().data_roots;
  if (roots == nullptr) return OkStatus();
  MP_ASSIGN_OR_RETURN(const std::string resolved, CanonicalPath(path));
  MP_ASSIGN_OR_RETURN(const std::string table, CanonicalPath(snapshot.path()));
  if (IsUnder(resolved, table)) return OkStatus();
  for (const std::string& root : *roots) {
    MP_ASSIGN_OR_RETURN(const std::string resolved_root, CanonicalPath(root));
    if (IsUnder(resolved, resolved_root)) return OkStatus();
  }
  return Fail(ErrorKind::kPermissionDenied,
              "the log of table {} version {} names the file {}, which lies outside the table "
              "and outside the folders that may be read; if it should be read, add its folder to "
              "'readable' in millpond.yml",
              snapshot.path(), snapshot.version(), path);
}

Result<std::string> DataFilePath(const Snapshot& snapshot, size_t file) {
  std::string path = snapshot.files().path(file);
  MP_RETURN_IF_ERROR(CheckPath(snapshot, path));
  return path;
}

Status CheckDataPaths(const Snapshot& snapshot) {
  if (snapshot.origin().data_roots == nullptr || !snapshot.files().has_outside_paths()) {
    return OkStatus();
  }
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    MP_RETURN_IF_ERROR(DataFilePath(snapshot, i));
  }
  return OkStatus();
}

}  // namespace millpond::data
