// A request's body in a file of its own under the server's spool folder, from its first piece until
// the handler had it. Removed on destruction, unless somebody moved it. What a killed process left
// is removed by the next start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/environment.h"

namespace millpond {

class BodySpool {
 public:
  static Result<std::unique_ptr<BodySpool>> Create(const Environment& env, const std::string& dir);
  ~BodySpool();
  BodySpool(const BodySpool&) = delete;
  BodySpool& operator=(const BodySpool&) = delete;

  const std::string& path() const { return path_; }
  Status Append(std::string_view bytes) { return file_->Append(bytes); }
  // The file is whole and on the disk.
  Status Finish();

  // Makes the folder, and removes the bodies in it that a killed process left.
  static Status Prepare(FileSystem& fs, const std::string& dir);

 private:
  BodySpool(FileSystem& fs, std::string path, std::unique_ptr<WritableFile> file);

  FileSystem& fs_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace millpond
