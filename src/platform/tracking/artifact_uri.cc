#include "platform/tracking/artifact_uri.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/fs/filesystem.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kScheme = "mlflow-artifacts:";
constexpr size_t kMaxPart = 255;  // of a file's name
constexpr size_t kMaxPath = 2048;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// "%2e" → "."; what is no escape stays.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
        HexValue(text[i + 2]) >= 0) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool IsSafe(std::string_view path) {
  if (path.size() > kMaxPath || path.find_first_of(std::string_view("\0#", 2)) != path.npos) {
    return false;
  }
  if (path.size() > 1 && path[1] == ':' && path.find_first_of("/\\", 2) == 2) return false;  // C:/
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxPart) return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
    if (path.empty()) return false;  // "a/"
  }
  return true;
}

// The path below the root of an mlflow-artifacts URI, whichever host it names; none for others.
std::optional<std::string_view> PathOfUri(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  if (uri.starts_with("//")) {  // mlflow-artifacts://host:port/path
    const size_t slash = uri.find('/', 2);
    uri = slash == uri.npos ? std::string_view() : uri.substr(slash);
  }
  while (uri.starts_with('/')) uri.remove_prefix(1);
  while (uri.ends_with('/')) uri.remove_suffix(1);
  return uri;
}

}  // namespace

std::string ArtifactFolder(std::string_view root, std::string_view uri) {
  const auto path = PathOfUri(uri);
  if (!path) return std::string(uri);
  return path->empty() ? std::string(root) : JoinPath(root, *path);
}

std::string ArtifactUri(std::string_view root, std::string_view folder) {
  if (folder.size() > root.size() && folder.starts_with(root) && folder[root.size()] == '/') {
    return fmt::format("{}/{}", kScheme, folder.substr(root.size() + 1));
  }
  return std::string(folder);
}

bool IsForeignLocation(std::string_view folder) {
  const size_t colon = folder.find(':');
  return colon != folder.npos && colon > 0 && folder.find('/') > colon;
}

Status CheckArtifactPath(std::string_view path) {
  std::string decoded(path);
  bool safe = IsSafe(decoded);
  for (int i = 0; safe && i < 10; ++i) {
    std::string next = Unescaped(decoded);
    if (next == decoded) return OkStatus();
    decoded = std::move(next);
    safe = IsSafe(decoded);
  }
  return Fail(ErrorKind::kInvalidArgument,
              "Invalid path: an artifact's path is relative and stays inside its folder: '{}'",
              path.substr(0, kMaxPath));
}

Result<std::string> CheckArtifactLocation(std::string_view location) {
  if (const auto path = PathOfUri(location)) {
    MP_RETURN_IF_ERROR(CheckArtifactPath(*path));
    return fmt::format("{}/{}", kScheme, *path);
  }
  if (!IsForeignLocation(location) || location.starts_with("file:")) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid artifact location '{}': the server keeps artifacts under its own root; "
                "leave the location empty, or name a store with a URI (s3://…)",
                location);
  }
  const std::string decoded = Unescaped(location);
  if (("/" + decoded + "/").find("/../") != std::string::npos ||
      decoded.find('\0') != std::string::npos) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid artifact location '{}': an absolute path without '..' is needed",
                location);
  }
  return std::string(location);
}

}  // namespace millpond::platform
