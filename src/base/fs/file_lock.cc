#include "base/fs/file_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace millpond {
namespace {

// A lock that the kernel waits for could not be given up when the program is asked to stop.
constexpr int kLookEveryMs = 10;
constexpr int kTellAfterMs = 200;

}  // namespace

Result<FileLock> FileLock::TryAcquire(const std::string& path, std::string_view what) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return Fail(ErrorKind::kUnavailable, "cannot open the lock {}: {}", path, std::strerror(errno));
  }
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    ssize_t n = ::pread(fd, holder, sizeof holder - 1, 0);
    return Fail(ErrorKind::kConflict, "another {} is at work (process {}); wait for it to end",
                what, n > 0 ? holder : "unknown");
  }
  std::string pid = fmt::format("{}", ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return Fail(ErrorKind::kUnavailable, "cannot write the lock {}: {}", path,
                std::strerror(errno));
  }
  return lock;
}

Result<FileLock> FileLock::Acquire(const std::string& path, std::string_view what,
                                   const LockWait& wait) {
  for (int waited_ms = 0;; waited_ms += kLookEveryMs) {
    auto lock = TryAcquire(path, what);
    if (lock.has_value() || lock.error().kind() != ErrorKind::kConflict) return lock;
    if (wait.max_ms >= 0 && waited_ms >= wait.max_ms) return lock;
    if (waited_ms == kTellAfterMs && wait.on_wait) wait.on_wait(lock.error().message());
    MP_RETURN_IF_ERROR(wait.cancellation.Check());
    ::poll(nullptr, 0, kLookEveryMs);
  }
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace millpond
