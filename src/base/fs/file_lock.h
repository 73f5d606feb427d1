// A lock on this machine by a file (flock): held by one process at a time and given back by the
// kernel whatever kills the holder. For work that two processes must not do at once.
#pragma once

#include <functional>
#include <string>

#include "base/cancellation.h"
#include "base/result.h"

namespace millpond {

struct LockWait {
  CancellationToken cancellation = {};  // ends the wait: kCancelled
  int max_ms = -1;                      // after so long: kConflict, as TryAcquire; -1: never
  // Hears TryAcquire's message once, if the wait takes longer than a moment (0.2 s).
  std::function<void(const std::string&)> on_wait = nullptr;
};

class FileLock {
 public:
  // Does not wait. kConflict if another process has it; the message says which (by the pid that the
  // holder wrote into the file). `what` is what the lock is for: "millpond run of project churn".
  static Result<FileLock> TryAcquire(const std::string& path, std::string_view what);
  // Waits until it is free, looking every few milliseconds.
  static Result<FileLock> Acquire(const std::string& path, std::string_view what,
                                  const LockWait& wait);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace millpond
