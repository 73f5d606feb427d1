// One file system over several stores: a path that begins with the scheme of a store ("s3://") goes
// to that store, every other to the local file system. A store is opened when its first path comes,
// so that a project without one never asks for credentials.
//
// Rename and Link within one store only: across two they are kInvalidArgument.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/fs/filesystem.h"

namespace millpond {

class SchemeFileSystem : public FileSystem {
 public:
  using OpenStore = std::function<Result<std::unique_ptr<FileSystem>>()>;

  // `scheme` with its "://". An error of `open` is the answer to each call that needs the store;
  // the next call tries again.
  SchemeFileSystem(std::unique_ptr<FileSystem> local, std::string scheme, OpenStore open);

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& dir) override;
  Status CreateDirectory(const std::string& path) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status SyncFile(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

  Result<FileInfo> StatFile(const std::string& path) override;
  Result<std::vector<FileInfo>> ListFrom(const std::string& dir,
                                         std::string_view first_name) override;
  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> CreateWhole(const std::string& path) override;
  Status PutIfAbsent(const std::string& path, std::string_view bytes,
                     const std::function<bool()>& still_wanted,
                     std::optional<Micros> modified) override;
  Status ReplaceFile(const std::string& path, std::string_view bytes) override;
  Status CreateDirectories(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;

 private:
  Result<FileSystem*> For(const std::string& path);
  Result<FileSystem*> ForBoth(const std::string& from, const std::string& to);

  std::unique_ptr<FileSystem> local_;
  std::string scheme_;
  OpenStore open_;
  std::mutex mutex_;
  std::unique_ptr<FileSystem> store_;
};

// Does the path name an object of a store? "s3://bucket/key".
bool IsStorePath(std::string_view path);

}  // namespace millpond
