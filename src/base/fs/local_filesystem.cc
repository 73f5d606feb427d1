#include "base/fs/local_filesystem.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace millpond {
namespace {

ErrorKind KindOfErrno(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorKind::kResourceExhausted;
    case EISDIR:
    case ENAMETOOLONG:
    case ENOTEMPTY:
    case ELOOP:
      return ErrorKind::kInvalidArgument;
    default:
      return ErrorKind::kUnavailable;
  }
}

// Call directly after the failed call: reads errno.
std::unexpected<Error> FailErrno(std::string_view operation, std::string_view path) {
  int code = errno;
  return Fail(KindOfErrno(code), "cannot {} {}: {}", operation, path, std::strerror(code));
}

FileInfo ToFileInfo(std::string path, const struct stat& st) {
  return {std::move(path), st.st_size,
          st.st_mtim.tv_sec * kMicrosPerSecond + st.st_mtim.tv_nsec / 1000, S_ISDIR(st.st_mode)};
}

class LocalReadFile : public RandomAccessFile {
 public:
  LocalReadFile(std::string path, int fd, int64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}
  ~LocalReadFile() override { ::close(fd_); }

  int64_t size_bytes() const override { return size_; }

  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    char* target = static_cast<char*>(out);
    while (length > 0) {
      ssize_t n = ::pread(fd_, target, static_cast<size_t>(length), offset);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno("read", path_);
      if (n == 0) {
        return Fail(ErrorKind::kCorrupt,
                    "file ends early: {} ({} more bytes expected at offset {})", path_, length,
                    offset);
      }
      target += n, offset += n, length -= n;
    }
    return OkStatus();
  }

 private:
  std::string path_;
  int fd_;
  int64_t size_;
};

// How much of a file may wait in memory before the disk begins to take it.
constexpr int64_t kWritebackBytes = 8 << 20;

class LocalWriteFile : public WritableFile {
 public:
  LocalWriteFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~LocalWriteFile() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno("write", path_);
      bytes.remove_prefix(static_cast<size_t>(n));
      written_ += n;
    }
    StartWriteback();
    return OkStatus();
  }

  Status SetModified(Micros at) override {
    int64_t seconds = at / kMicrosPerSecond - (at % kMicrosPerSecond < 0 ? 1 : 0);
    const timespec time{seconds, (at - seconds * kMicrosPerSecond) * 1000};
    const timespec times[] = {time, time};  // of access, of modification
    if (::futimens(fd_, times) != 0) return FailErrno("set the time of", path_);
    time_set_ = true;
    return OkStatus();
  }

  Status Sync() override {
    // fdatasync leaves out a time of which nothing else depends.
    if ((time_set_ ? ::fsync(fd_) : ::fdatasync(fd_)) != 0) return FailErrno("sync", path_);
    return OkStatus();
  }

  Status Close() override {
    int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) return FailErrno("close", path_);
    return OkStatus();
  }

 private:
  // So that Sync of a large file has little left to wait for. It promises nothing, and may fail.
  void StartWriteback() {
    if (written_ - started_ < kWritebackBytes) return;
    (void)::sync_file_range(fd_, started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
    started_ = written_;
  }

  std::string path_;
  int fd_;
  bool time_set_ = false;
  int64_t written_ = 0, started_ = 0;  // bytes, and those whose way to the disk has begun
};

// One entry of a folder; none if it is gone since the folder was read. Any other failure is one: a
// listing that leaves out a file silently would be a shorter log.
Result<std::optional<FileInfo>> Look(int folder, const char* name, std::string path) {
  struct stat st = {};
  if (::fstatat(folder, name, &st, 0) == 0) return ToFileInfo(std::move(path), st);
  if (errno != ENOENT) return FailErrno("look at", path);
  if (::fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return FailErrno("look at", path);
  }
  return FileInfo{std::move(path), 0, 0, false};  // a link to nothing
}

class LocalFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FailErrno("open", path);
    struct stat st = {};
    if (::fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
      if (S_ISDIR(st.st_mode)) errno = EISDIR;
      auto failure = FailErrno("open", path);
      ::close(fd);
      return failure;
    }
    return std::make_unique<LocalReadFile>(path, fd, st.st_size);
  }

  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return FailErrno("create", path);
    return std::make_unique<LocalWriteFile>(path, fd);
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat st;
    if (::stat(path.c_str(), &st) != 0) return FailErrno("look at", path);
    return ToFileInfo(path, st);
  }

  Result<std::vector<FileInfo>> List(const std::string& dir) override { return ListFrom(dir, ""); }

  Result<std::vector<FileInfo>> ListFrom(const std::string& dir,
                                         std::string_view first_name) override {
    DIR* handle = ::opendir(dir.c_str());
    if (handle == nullptr) return FailErrno("list", dir);
    std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })> closer(handle);
    std::vector<FileInfo> found;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(handle);
      if (entry == nullptr && errno != 0) return FailErrno("list", dir);
      if (entry == nullptr) break;
      std::string_view name = entry->d_name;
      if (name == "." || name == ".." || name < first_name) continue;
      MP_ASSIGN_OR_RETURN(auto info, Look(::dirfd(handle), entry->d_name, JoinPath(dir, name)));
      if (info) found.push_back(std::move(*info));
    }
    std::ranges::sort(found, {}, &FileInfo::path);
    return found;
  }

  Status CreateDirectory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0755) != 0) return FailErrno("make folder", path);
    return OkStatus();
  }

  Status Link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) != 0) return FailErrno("link", to);
    return OkStatus();
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return FailErrno("rename to", to);
    return OkStatus();
  }

  Status Remove(const std::string& path) override {
    if (::remove(path.c_str()) != 0) return FailErrno("remove", path);
    return OkStatus();
  }

  Status SyncFile(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FailErrno("open", path);
    auto result = ::fdatasync(fd) != 0 ? Status(FailErrno("sync", path)) : OkStatus();
    ::close(fd);
    return result;
  }

  Status SyncDirectory(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FailErrno("open folder", path);
    int failed = ::fsync(fd);
    auto result = failed != 0 ? Status(FailErrno("sync folder", path)) : OkStatus();
    ::close(fd);
    return result;
  }
};

}  // namespace

std::unique_ptr<FileSystem> MakeLocalFileSystem() {
  return std::make_unique<LocalFileSystem>();
}

}  // namespace millpond
