// A file system that fails on purpose: the n-th primitive (counted from 1 over all kinds of
// operation) fails, once or from then on. "From then on" is also how a test stands in for a killed
// process: nothing reaches the disk any more, and a second, healthy file system looks at the rest.
//
//   FaultyFileSystem faulty(*local);
//   faulty.FailAt(7, FaultyFileSystem::Mode::kOnce);
//   ... run the code under test ...
//   EXPECT_TRUE(faulty.failed());   // false: the run has fewer than 7 steps, the sweep is done
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "base/fs/filesystem.h"

namespace millpond {

class FaultyFileSystem : public FileSystem {
 public:
  enum class Mode { kOnce, kFromThenOn };

  explicit FaultyFileSystem(FileSystem& inner) : inner_(inner) {}

  // n = 0: nothing fails any more. Resets the counter.
  void FailAt(int64_t n, Mode mode, ErrorKind kind = ErrorKind::kUnavailable);
  // An operation that fails may still have happened (a lost answer); false by default.
  void FailAfterwards(bool afterwards) { afterwards_ = afterwards; }
  // A disk that is full after so many bytes more: an Append writes what fits and fails. -1: it is
  // not. What is removed gives no space back.
  void LeaveSpace(int64_t bytes);
  // Called before each primitive with its name and path, for tests that race two writers.
  void OnStep(std::function<void(std::string_view, const std::string&)> hook) {
    hook_ = std::move(hook);
  }
  int64_t steps() const { return steps_; }
  bool failed() const { return failed_; }

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

  // Counts one step and runs it, or fails it (before or after running it).
  Status Step(std::string_view operation, const std::string& path,
              const std::function<Status()>& run);
  // How many of so many bytes the disk takes.
  size_t TakeSpace(size_t bytes);

 private:
  FileSystem& inner_;
  std::atomic<int64_t> steps_{0}, fail_at_{0}, space_{-1};
  Mode mode_ = Mode::kOnce;
  ErrorKind kind_ = ErrorKind::kUnavailable;
  bool afterwards_ = false;
  std::atomic<bool> failed_{false};
  std::function<void(std::string_view, const std::string&)> hook_;
  std::recursive_mutex hook_mutex_;
};

}  // namespace millpond
