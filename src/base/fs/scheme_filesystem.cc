#include "base/fs/scheme_filesystem.h"

namespace millpond {

bool IsStorePath(std::string_view path) {
  return path.starts_with("s3://");
}

SchemeFileSystem::SchemeFileSystem(std::unique_ptr<FileSystem> local, std::string scheme,
                                   OpenStore open)
    : local_(std::move(local)), scheme_(std::move(scheme)), open_(std::move(open)) {}

Result<FileSystem*> SchemeFileSystem::For(const std::string& path) {
  if (!path.starts_with(scheme_)) return local_.get();
  const std::lock_guard lock(mutex_);
  if (store_ == nullptr) {
    MP_ASSIGN_OR_RETURN(store_, open_());
  }
  return store_.get();
}

Result<FileSystem*> SchemeFileSystem::ForBoth(const std::string& from, const std::string& to) {
  MP_ASSIGN_OR_RETURN(FileSystem * source, For(from));
  MP_ASSIGN_OR_RETURN(FileSystem * target, For(to));
  if (source == target) return source;
  return Fail(ErrorKind::kInvalidArgument, "{} and {} lie in different stores", from, to);
}

Result<std::unique_ptr<RandomAccessFile>> SchemeFileSystem::OpenForRead(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->OpenForRead(path);
}

Result<std::unique_ptr<WritableFile>> SchemeFileSystem::Create(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->Create(path);
}

Result<FileInfo> SchemeFileSystem::Stat(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->Stat(path);
}

Result<std::vector<FileInfo>> SchemeFileSystem::List(const std::string& dir) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(dir));
  return store->List(dir);
}

Status SchemeFileSystem::CreateDirectory(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->CreateDirectory(path);
}

Status SchemeFileSystem::Link(const std::string& from, const std::string& to) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, ForBoth(from, to));
  return store->Link(from, to);
}

Status SchemeFileSystem::Rename(const std::string& from, const std::string& to) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, ForBoth(from, to));
  return store->Rename(from, to);
}

Status SchemeFileSystem::Remove(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->Remove(path);
}

Status SchemeFileSystem::SyncFile(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->SyncFile(path);
}

Status SchemeFileSystem::SyncDirectory(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->SyncDirectory(path);
}

Result<FileInfo> SchemeFileSystem::StatFile(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->StatFile(path);
}

Result<std::vector<FileInfo>> SchemeFileSystem::ListFrom(const std::string& dir,
                                                         std::string_view first_name) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(dir));
  return store->ListFrom(dir, first_name);
}

Result<std::string> SchemeFileSystem::ReadFile(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->ReadFile(path);
}

Result<std::unique_ptr<WritableFile>> SchemeFileSystem::CreateWhole(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->CreateWhole(path);
}

Status SchemeFileSystem::PutIfAbsent(const std::string& path, std::string_view bytes,
                                     const std::function<bool()>& still_wanted,
                                     std::optional<Micros> modified) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->PutIfAbsent(path, bytes, still_wanted, modified);
}

Status SchemeFileSystem::ReplaceFile(const std::string& path, std::string_view bytes) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->ReplaceFile(path, bytes);
}

Status SchemeFileSystem::CreateDirectories(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->CreateDirectories(path);
}

Status SchemeFileSystem::RemoveTree(const std::string& path) {
  MP_ASSIGN_OR_RETURN(FileSystem * store, For(path));
  return store->RemoveTree(path);
}

}  // namespace millpond
