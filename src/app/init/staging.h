// A project in the making: a folder beside its final place that gets its name when all is in it.
// What a killed command left there is removed by the next one for the same name.
#pragma once

#include <optional>
#include <string>

#include "base/fs/file_lock.h"
#include "base/fs/filesystem.h"

namespace millpond::app {

class Staging {
 public:
  // kAlreadyExists if `target` is there; kConflict if another process is making it.
  static Result<Staging> Begin(FileSystem& fs, const std::string& target);
  Staging(Staging&&) noexcept = default;
  ~Staging();  // removes what was not committed

  const std::string& folder() const { return folder_; }

  // Writes a file below the folder, with the folders that it needs.
  Status Write(const std::string& name, std::string_view text);
  Status Copy(const std::string& from, const std::string& name);
  // All of it on the disk, then under its name.
  Status Commit();

 private:
  Staging(FileSystem& fs, std::string target, std::string folder, FileLock lock)
      : fs_(&fs), target_(std::move(target)), folder_(std::move(folder)), lock_(std::move(lock)) {}

  FileSystem* fs_;
  std::string target_;
  std::string folder_;  // empty once committed or moved from
  std::optional<FileLock> lock_;
};

}  // namespace millpond::app
