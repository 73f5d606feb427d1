// An environment whose file system holds one file, in memory: what a parser that reads files gets
// to see of a fuzzer's input.
#pragma once

#include <cstring>
#include <memory>
#include <string>

#include "base/environment.h"

namespace millpond::fuzz {

class OneFile : public FileSystem {
 public:
  explicit OneFile(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string&) override {
    return std::make_unique<File>(bytes_);
  }
  Result<FileInfo> Stat(const std::string& path) override {
    return FileInfo{path, static_cast<int64_t>(bytes_.size()), 0, false};
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string&) override { return ReadOnly(); }
  Result<std::vector<FileInfo>> List(const std::string&) override { return ReadOnly(); }
  Status CreateDirectory(const std::string&) override { return ReadOnly(); }
  Status Link(const std::string&, const std::string&) override { return ReadOnly(); }
  Status Rename(const std::string&, const std::string&) override { return ReadOnly(); }
  Status Remove(const std::string&) override { return ReadOnly(); }
  Status SyncFile(const std::string&) override { return ReadOnly(); }
  Status SyncDirectory(const std::string&) override { return ReadOnly(); }

 private:
  class File : public RandomAccessFile {
   public:
    explicit File(const std::string& bytes) : bytes_(bytes) {}
    int64_t size_bytes() const override { return static_cast<int64_t>(bytes_.size()); }
    Status ReadAt(int64_t offset, int64_t length, void* out) const override {
      if (offset < 0 || length < 0 || length > size_bytes() - offset) {
        return Fail(ErrorKind::kCorrupt, "file ends early");
      }
      std::memcpy(out, bytes_.data() + offset, static_cast<size_t>(length));
      return OkStatus();
    }

   private:
    const std::string& bytes_;
  };
  static std::unexpected<Error> ReadOnly() {
    return Fail(ErrorKind::kUnsupported, "one file, to be read");
  }
  std::string bytes_;
};

struct OneFileEnvironment {
  explicit OneFileEnvironment(std::string bytes) : fs(std::move(bytes)) {}
  OneFile fs;
  SystemClock clock;
  SeededRandom random{1};
  Arbiter arbiter{{.memory_bytes = int64_t{1} << 30, .threads = 1}};
  TaskPool pool{1};
  Environment env{fs, clock, random, arbiter, pool, {}};
};

}  // namespace millpond::fuzz
