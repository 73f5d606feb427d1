#include "app/init/staging.h"

#include <algorithm>
#include <vector>

namespace millpond::app {
namespace {

constexpr int64_t kCopyBytes = 1 << 20;
constexpr std::string_view kLock = ".lock";

}  // namespace

Result<Staging> Staging::Begin(FileSystem& fs, const std::string& target) {
  const auto refuse_existing = [&]() -> Status {
    MP_ASSIGN_OR_RETURN(bool exists, fs.Exists(target));
    if (!exists) return OkStatus();
    return Fail(ErrorKind::kAlreadyExists,
                "{} is there already; choose another name, or remove it first", target);
  };
  MP_RETURN_IF_ERROR(refuse_existing());
  const std::string parent = ParentPath(target);
  MP_ASSIGN_OR_RETURN(bool has_parent, fs.Exists(parent));
  if (!has_parent) {
    return Fail(ErrorKind::kNotFound, "there is no folder {} to make the project in", parent);
  }
  std::string folder = JoinPath(parent, "." + std::string(FileName(target)) + ".millpond-init");
  MP_RETURN_IF_ERROR(fs.CreateDirectories(folder));
  MP_ASSIGN_OR_RETURN(FileLock lock,
                      FileLock::TryAcquire(JoinPath(folder, kLock), "millpond init of " + target));
  Staging staging(fs, target, folder, std::move(lock));
  MP_ASSIGN_OR_RETURN(auto left, fs.List(folder));
  for (const auto& entry : left) {
    if (FileName(entry.path) == kLock) continue;
    MP_RETURN_IF_ERROR(fs.RemoveTree(entry.path));
  }
  return staging;
}

Staging::~Staging() {
  if (!lock_ || folder_.empty()) return;
  (void)fs_->RemoveTree(folder_);  // the next init for this name tries again
}

Status Staging::Write(const std::string& name, std::string_view text) {
  const std::string path = JoinPath(folder_, name);
  MP_RETURN_IF_ERROR(fs_->CreateDirectories(ParentPath(path)));
  return fs_->ReplaceFile(path, text);
}

Status Staging::Copy(const std::string& from, const std::string& name) {
  const std::string path = JoinPath(folder_, name);
  MP_RETURN_IF_ERROR(fs_->CreateDirectories(ParentPath(path)));
  MP_ASSIGN_OR_RETURN(auto in, fs_->OpenForRead(from));
  MP_ASSIGN_OR_RETURN(auto out, fs_->Create(path));
  std::vector<char> buffer(static_cast<size_t>(kCopyBytes));
  for (int64_t at = 0; at < in->size_bytes();) {
    const int64_t length = std::min(kCopyBytes, in->size_bytes() - at);
    MP_RETURN_IF_ERROR(in->ReadAt(at, length, buffer.data()));
    MP_RETURN_IF_ERROR(out->Append({buffer.data(), static_cast<size_t>(length)}));
    at += length;
  }
  MP_RETURN_IF_ERROR(out->Sync());
  MP_RETURN_IF_ERROR(out->Close());
  return fs_->SyncDirectory(ParentPath(path));
}

Status Staging::Commit() {
  MP_RETURN_IF_ERROR(fs_->RemoveTree(JoinPath(folder_, ".millpond")));
  MP_RETURN_IF_ERROR(fs_->Remove(JoinPath(folder_, kLock)));
  MP_RETURN_IF_ERROR(fs_->SyncDirectory(folder_));
  MP_ASSIGN_OR_RETURN(bool exists, fs_->Exists(target_));
  if (exists) {
    return Fail(ErrorKind::kAlreadyExists, "{} came to be in the meantime; choose another name",
                target_);
  }
  MP_RETURN_IF_ERROR(fs_->Rename(folder_, target_));
  folder_.clear();
  return fs_->SyncDirectory(ParentPath(target_));
}

}  // namespace millpond::app
