#include "pipeline/sources/file_listing.h"

#include <arrow/util/crc32.h>

#include <algorithm>

#include "base/environment.h"
#include "data/catalog/workspace.h"
#include "data/sql/readable_roots.h"

namespace millpond::pipeline {
namespace {

bool IsPattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

bool IsHidden(std::string_view name) {
  return name.starts_with('_') || name.starts_with('.');
}

std::vector<std::string> Parts(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < path.size();) {
    size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Whether `text` is what `pattern` means: * any characters, ? one, [a-c] and [!a-c] one of a set.
bool Matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (Matches(pattern.substr(1), text.substr(i))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  size_t close = pattern[0] == '[' ? pattern.find(']', 2) : std::string_view::npos;
  if (close == std::string_view::npos) {
    bool same = pattern[0] == '?' || pattern[0] == text[0];
    return same && Matches(pattern.substr(1), text.substr(1));
  }
  std::string_view set = pattern.substr(1, close - 1);
  bool negated = set.starts_with('!');
  if (negated) set.remove_prefix(1);
  bool in_set = false;
  for (size_t i = 0; i < set.size(); ++i) {
    bool range = i + 2 < set.size() && set[i + 1] == '-';
    in_set |= range ? set[i] <= text[0] && text[0] <= set[i + 2] : set[i] == text[0];
    if (range) i += 2;
  }
  return in_set != negated && Matches(pattern.substr(close + 1), text.substr(1));
}

class Lister {
 public:
  Lister(const data::Workspace& workspace, bool recursive)
      : workspace_(workspace), recursive_(recursive) {}

  Status File(const FileInfo& info) {
    // A pattern may lead through a symbolic link out of the roots: each file is judged itself.
    MP_ASSIGN_OR_RETURN(std::string real, data::ResolveReadableFile(workspace_, info.path));
    MP_ASSIGN_OR_RETURN(std::string project,
                        data::ResolveReadablePath(workspace_, workspace_.project_dir));
    bool below = real.starts_with(project + "/");
    files_.push_back({.name = below ? real.substr(project.size() + 1) : real,
                      .path = real,
                      .size_bytes = info.size_bytes,
                      .modified = info.modified});
    return OkStatus();
  }

  Status Folder(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto entries, workspace_.env.fs.List(path));
    for (const FileInfo& entry : entries) {
      if (IsHidden(FileName(entry.path))) continue;
      if (!entry.is_directory) {
        MP_RETURN_IF_ERROR(File(entry));
      } else if (recursive_) {
        MP_RETURN_IF_ERROR(Folder(entry.path));
      }
    }
    return OkStatus();
  }

  // What matches parts[at..] below `folder`.
  Status Match(const std::string& folder, const std::vector<std::string>& parts, size_t at) {
    MP_ASSIGN_OR_RETURN(auto entries, workspace_.env.fs.List(folder));
    bool last = at + 1 == parts.size();
    for (const FileInfo& entry : entries) {
      std::string name(FileName(entry.path));
      bool hidden_asked_for = parts[at].starts_with('_') || parts[at].starts_with('.');
      if (IsHidden(name) && !hidden_asked_for) continue;
      if (!Matches(parts[at], name)) continue;
      if (!entry.is_directory) {
        if (last) MP_RETURN_IF_ERROR(File(entry));
      } else if (!last) {
        MP_RETURN_IF_ERROR(Match(entry.path, parts, at + 1));
      } else if (recursive_) {
        MP_RETURN_IF_ERROR(Folder(entry.path));
      }
    }
    return OkStatus();
  }

  std::vector<SourceFile> Take() {
    std::sort(files_.begin(), files_.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
    return std::move(files_);
  }

 private:
  const data::Workspace& workspace_;
  bool recursive_;
  std::vector<SourceFile> files_;
};

}  // namespace

Result<std::vector<SourceFile>> ListSourceFiles(const data::Workspace& workspace,
                                                const std::string& pattern, bool recursive) {
  if (pattern.find("**") != std::string::npos) {
    return Fail(ErrorKind::kUnsupported,
                "pattern '{}': ** is not supported; name the folder and say recursive => true",
                pattern);
  }
  Lister lister(workspace, recursive);
  std::vector<std::string> parts = Parts(pattern);
  size_t fixed = 0;
  while (fixed < parts.size() && !IsPattern(parts[fixed])) ++fixed;

  std::string folder = pattern.starts_with('/') ? "/" : "";
  for (size_t i = 0; i < fixed; ++i) {
    folder += (folder.empty() || folder.ends_with('/') ? "" : "/") + parts[i];
  }
  MP_ASSIGN_OR_RETURN(std::string real,
                      data::ResolveReadablePath(workspace, folder.empty() ? "." : folder));
  auto info = workspace.env.fs.Stat(real);
  if (!info.has_value()) {
    if (info.error().kind() != ErrorKind::kNotFound) return std::unexpected(info.error());
    return Fail(ErrorKind::kNotFound, "there is no file or folder '{}' to read ({})",
                fixed == parts.size() ? pattern : folder, real);
  }
  if (fixed < parts.size()) {
    MP_RETURN_IF_ERROR(lister.Match(real, parts, fixed));
  } else if (info->is_directory) {
    MP_RETURN_IF_ERROR(lister.Folder(real));
  } else {
    info->path = real;
    MP_RETURN_IF_ERROR(lister.File(*info));
  }
  return lister.Take();
}

Result<uint32_t> FileChecksum(const Environment& env, const SourceFile& file) {
  MP_ASSIGN_OR_RETURN(auto input, env.fs.OpenForRead(file.path));
  std::string buffer(size_t{1} << 20, '\0');
  uint32_t crc = 0;
  for (int64_t at = 0; at < input->size_bytes();) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    int64_t length = std::min<int64_t>(buffer.size(), input->size_bytes() - at);
    MP_RETURN_IF_ERROR(input->ReadAt(at, length, buffer.data()));
    crc = arrow::internal::crc32(crc, buffer.data(), static_cast<size_t>(length));
    at += length;
  }
  return crc;
}

}  // namespace millpond::pipeline
