#include "data/sql/readable_roots.h"

#include <filesystem>

#include "data/catalog/workspace.h"

namespace millpond::data {
namespace {

// ".." and links resolved as far as the path exists.
Result<std::string> Canonical(const std::string& path) {
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

std::string JoinRoots(const std::vector<std::string>& roots) {
  std::string out;
  for (const std::string& root : roots) out += (out.empty() ? "" : ", ") + root;
  return out.empty() ? "none" : out;
}

}  // namespace

Result<std::string> ResolveReadablePath(const Workspace& workspace, const std::string& path) {
  std::string plain = path.starts_with("file://") ? path.substr(7) : path;
  if (plain.empty()) return Fail(ErrorKind::kInvalidArgument, "the path is empty");
  if (!plain.starts_with('/')) plain = JoinPath(workspace.project_dir, plain);
  MP_ASSIGN_OR_RETURN(const std::string resolved, Canonical(plain));
  for (const std::string& root : workspace.readable_roots) {
    MP_ASSIGN_OR_RETURN(const std::string resolved_root, Canonical(root));
    if (IsUnder(resolved, resolved_root)) return resolved;
  }
  return Fail(ErrorKind::kPermissionDenied,
              "{} lies outside the folders that SQL may read ({}); add it to 'readable' in "
              "millpond.yml",
              path, JoinRoots(workspace.readable_roots));
}

bool IsSamePlace(const std::string& a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

}  // namespace millpond::data
