#include "base/fs/faulty_filesystem.h"

#include <algorithm>

namespace millpond {

void FaultyFileSystem::FailAt(int64_t n, Mode mode, ErrorKind kind) {
  steps_ = 0;
  fail_at_ = n;
  mode_ = mode;
  kind_ = kind;
  failed_ = false;
}

void FaultyFileSystem::LeaveSpace(int64_t bytes) {
  space_ = bytes;
  failed_ = false;
}

size_t FaultyFileSystem::TakeSpace(size_t bytes) {
  int64_t left = space_, taken = 0;
  do {
    if (left < 0) return bytes;
    taken = std::min(left, static_cast<int64_t>(bytes));
  } while (!space_.compare_exchange_weak(left, left - taken));
  failed_ = failed_ || taken < static_cast<int64_t>(bytes);
  return static_cast<size_t>(taken);
}

Status FaultyFileSystem::Step(std::string_view operation, const std::string& path,
                              const std::function<Status()>& run) {
  if (hook_) {
    // One at a time: whoever works on several threads stops at the hook with all of them.
    const std::lock_guard lock(hook_mutex_);
    hook_(operation, path);
  }
  int64_t step = ++steps_;
  bool fail = fail_at_ > 0 && (step == fail_at_ || (mode_ == Mode::kFromThenOn && step > fail_at_));
  if (!fail) return run();
  failed_ = true;
  if (afterwards_ && mode_ == Mode::kOnce) (void)run();  // it happened, but its answer is lost
  return Fail(kind_, "injected failure of step {}: {} {}", step, operation, path);
}

namespace {

class FaultyReadFile : public RandomAccessFile {
 public:
  FaultyReadFile(FaultyFileSystem& fs, std::string path, std::unique_ptr<RandomAccessFile> inner)
      : fs_(fs), path_(std::move(path)), inner_(std::move(inner)) {}
  int64_t size_bytes() const override { return inner_->size_bytes(); }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    return fs_.Step("read", path_, [&] { return inner_->ReadAt(offset, length, out); });
  }

 private:
  FaultyFileSystem& fs_;
  std::string path_;
  std::unique_ptr<RandomAccessFile> inner_;
};

class FaultyWriteFile : public WritableFile {
 public:
  FaultyWriteFile(FaultyFileSystem& fs, std::string path, std::unique_ptr<WritableFile> inner)
      : fs_(fs), path_(std::move(path)), inner_(std::move(inner)) {}
  Status Append(std::string_view bytes) override {
    return fs_.Step("write", path_, [&]() -> Status {
      const size_t fits = fs_.TakeSpace(bytes.size());
      MP_RETURN_IF_ERROR(inner_->Append(bytes.substr(0, fits)));
      if (fits == bytes.size()) return OkStatus();
      return Fail(ErrorKind::kResourceExhausted, "write {}: no space left on device", path_);
    });
  }
  Status SetModified(Micros at) override {
    return fs_.Step("set the time of", path_, [&] { return inner_->SetModified(at); });
  }
  Status Sync() override {
    return fs_.Step("sync", path_, [&] { return inner_->Sync(); });
  }
  Status Close() override {
    return fs_.Step("close", path_, [&] { return inner_->Close(); });
  }

 private:
  FaultyFileSystem& fs_;
  std::string path_;
  std::unique_ptr<WritableFile> inner_;
};

}  // namespace

Result<std::unique_ptr<RandomAccessFile>> FaultyFileSystem::OpenForRead(const std::string& path) {
  std::unique_ptr<RandomAccessFile> file;
  MP_RETURN_IF_ERROR(Step("open", path, [&]() -> Status {
    MP_ASSIGN_OR_RETURN(file, inner_.OpenForRead(path));
    return OkStatus();
  }));
  return std::make_unique<FaultyReadFile>(*this, path, std::move(file));
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::Create(const std::string& path) {
  std::unique_ptr<WritableFile> file;
  MP_RETURN_IF_ERROR(Step("create", path, [&]() -> Status {
    MP_ASSIGN_OR_RETURN(file, inner_.Create(path));
    return OkStatus();
  }));
  return std::make_unique<FaultyWriteFile>(*this, path, std::move(file));
}

Result<FileInfo> FaultyFileSystem::Stat(const std::string& path) {
  FileInfo info;
  MP_RETURN_IF_ERROR(Step("stat", path, [&]() -> Status {
    MP_ASSIGN_OR_RETURN(info, inner_.Stat(path));
    return OkStatus();
  }));
  return info;
}

Result<std::vector<FileInfo>> FaultyFileSystem::List(const std::string& dir) {
  std::vector<FileInfo> found;
  MP_RETURN_IF_ERROR(Step("list", dir, [&]() -> Status {
    MP_ASSIGN_OR_RETURN(found, inner_.List(dir));
    return OkStatus();
  }));
  return found;
}

Status FaultyFileSystem::CreateDirectory(const std::string& path) {
  return Step("make folder", path, [&] { return inner_.CreateDirectory(path); });
}
Status FaultyFileSystem::Link(const std::string& from, const std::string& to) {
  return Step("link", to, [&] { return inner_.Link(from, to); });
}
Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  return Step("rename", to, [&] { return inner_.Rename(from, to); });
}
Status FaultyFileSystem::Remove(const std::string& path) {
  return Step("remove", path, [&] { return inner_.Remove(path); });
}
Status FaultyFileSystem::SyncFile(const std::string& path) {
  return Step("sync", path, [&] { return inner_.SyncFile(path); });
}
Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  return Step("sync folder", path, [&] { return inner_.SyncDirectory(path); });
}

}  // namespace millpond
