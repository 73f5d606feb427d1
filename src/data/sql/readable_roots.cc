#include "data/sql/readable_roots.h"

#include <filesystem>

#include "base/fs/scheme_filesystem.h"
#include "data/catalog/workspace.h"
#include "data/delta/log/data_paths.h"

namespace millpond::data {
namespace {

std::string JoinRoots(const std::vector<std::string>& roots) {
  std::string out;
  for (const std::string& root : roots) out += (out.empty() ? "" : ", ") + root;
  return out.empty() ? "none" : out;
}

}  // namespace

Result<std::string> ResolveReadablePath(const Workspace& workspace, const std::string& path) {
  std::string plain = path.starts_with("file://") ? path.substr(7) : path;
  if (plain.empty()) return Fail(ErrorKind::kInvalidArgument, "the path is empty");
  if (plain.starts_with("s3a://")) plain.erase(2, 1);
  if (!plain.starts_with('/') && !IsStorePath(plain))
    plain = JoinPath(workspace.project_dir, plain);
  MP_ASSIGN_OR_RETURN(const std::string resolved, CanonicalPath(plain));
  for (const std::string& root : workspace.readable_roots) {
    MP_ASSIGN_OR_RETURN(const std::string resolved_root, CanonicalPath(root));
    if (IsUnder(resolved, resolved_root)) return resolved;
  }
  return Fail(ErrorKind::kPermissionDenied,
              "{} lies outside the folders that SQL may read ({}); add it to 'readable' in "
              "millpond.yml",
              path, JoinRoots(workspace.readable_roots));
}

Result<std::string> ResolveReadableFile(const Workspace& workspace, const std::string& path) {
  MP_ASSIGN_OR_RETURN(std::string resolved, ResolveReadablePath(workspace, path));
  MP_ASSIGN_OR_RETURN(const std::string state, CanonicalPath(workspace.state_dir));
  if (!IsUnder(resolved, state)) return resolved;
  return Fail(ErrorKind::kPermissionDenied,
              "{} lies in the state folder {}, whose files are not read as files; a table in it is "
              "read by its name",
              path, workspace.state_dir);
}

bool IsSamePlace(const std::string& a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

}  // namespace millpond::data
