#include "data/sql/duckdb/lake_file_system.h"

#include <charconv>

#include "data/delta/log/data_paths.h"
#include "data/delta/rows/missing_files.h"
#include "data/sql/duckdb/errors_internal.h"

namespace millpond::data {
namespace {

class LakeFile : public duckdb::FileHandle {
 public:
  LakeFile(duckdb::FileSystem& system, const std::string& path, duckdb::FileOpenFlags flags,
           std::unique_ptr<RandomAccessFile> file)
      : FileHandle(system, path, flags), file_(std::move(file)) {}
  void Close() override { file_.reset(); }

  const RandomAccessFile& file() const { return *file_; }
  int64_t position = 0;

 private:
  std::unique_ptr<RandomAccessFile> file_;
};

// "7/12/…" -> {7, 12}.
bool ParseIds(std::string_view rest, uint64_t& scan, uint64_t& file) {
  const char* end = rest.data() + rest.size();
  const auto first = std::from_chars(rest.data(), end, scan);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '/') return false;
  const auto second = std::from_chars(first.ptr + 1, end, file);
  return second.ec == std::errc() && second.ptr != end && *second.ptr == '/';
}

class LakeFileSystem : public duckdb::FileSystem {
 public:
  LakeFileSystem(const Environment& env, std::shared_ptr<PlannedScans> scans)
      : env_(env), scans_(std::move(scans)) {}

  std::string GetName() const override { return "MillpondLake"; }
  bool CanHandleFile(const std::string& path) override { return path.starts_with(kLakePrefix); }
  bool CanSeek() override { return true; }
  // Of a file that is not on the disk the Parquet reader fetches what it will need at once.
  bool OnDiskFile(duckdb::FileHandle& handle) override {
    return !handle.Cast<LakeFile>().file().is_remote();
  }
  bool IsPipe(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return false;
  }

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const std::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener>) override {
    uint64_t scan = 0, file = 0;
    std::shared_ptr<const Snapshot> snapshot;
    if (!flags.OpenForWriting() && ParseIds(path.substr(kLakePrefix.size()), scan, file)) {
      snapshot = scans_->Find(scan);
    }
    if (!snapshot || file >= snapshot->files().size()) {
      throw duckdb::PermissionException("file %s is not part of a planned scan", path);
    }
    const auto allowed = DataFilePath(*snapshot, file);
    if (!allowed) Throw(allowed.error());
    auto opened = env_.fs.OpenForRead(*allowed);
    if (!opened && opened.error().kind() == ErrorKind::kNotFound) {
      Throw(FileIsGone(env_, *snapshot, *allowed));
    }
    if (!opened) {
      Throw(std::move(opened).error().WithContext(fmt::format(
          "reading a data file of {} version {}", snapshot->path(), snapshot->version())));
    }
    return duckdb::make_uniq<LakeFile>(*this, path, flags, std::move(*opened));
  }

  void Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
            duckdb::idx_t location) override {
    const auto status =
        handle.Cast<LakeFile>().file().ReadAt(static_cast<int64_t>(location), bytes, buffer);
    if (!status) Throw(status.error());
  }
  int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override {
    auto& file = handle.Cast<LakeFile>();
    const int64_t count = std::min(bytes, file.file().size_bytes() - file.position);
    Read(handle, buffer, count, static_cast<duckdb::idx_t>(file.position));
    file.position += count;
    return count;
  }
  int64_t GetFileSize(duckdb::FileHandle& handle) override {
    return handle.Cast<LakeFile>().file().size_bytes();
  }
  // Data files of a Delta table never change.
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle&) override {
    return duckdb::timestamp_t(0);
  }
  duckdb::FileType GetFileType(duckdb::FileHandle&) override {
    return duckdb::FileType::FILE_TYPE_REGULAR;
  }
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override {
    handle.Cast<LakeFile>().position = static_cast<int64_t>(location);
  }
  void Reset(duckdb::FileHandle& handle) override { handle.Cast<LakeFile>().position = 0; }
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override {
    return static_cast<duckdb::idx_t>(handle.Cast<LakeFile>().position);
  }
  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& path, duckdb::FileOpener*) override {
    return {duckdb::OpenFileInfo(path)};
  }

 private:
  Environment env_;
  std::shared_ptr<PlannedScans> scans_;
};

}  // namespace

uint64_t PlannedScans::Add(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  scans_.emplace(next_, std::move(snapshot));
  return next_++;
}

void PlannedScans::Remove(uint64_t id) {
  const std::lock_guard lock(mutex_);
  scans_.erase(id);
}

std::shared_ptr<const Snapshot> PlannedScans::Find(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = scans_.find(id);
  return found == scans_.end() ? nullptr : found->second;
}

std::string PlannedScan::Path(size_t file) const {
  return fmt::format("{}{}/{}/{}", kLakePrefix, id_, file, snapshot_->files().path(file));
}

std::string WithoutLakePrefix(std::string message) {
  for (size_t at = message.find(kLakePrefix); at != message.npos;
       at = message.find(kLakePrefix, at)) {
    uint64_t scan = 0, file = 0;
    const std::string_view rest = std::string_view(message).substr(at + kLakePrefix.size());
    if (!ParseIds(rest, scan, file)) {
      ++at;
      continue;
    }
    const size_t slash = message.find('/', at + kLakePrefix.size());
    message.erase(at, message.find('/', slash + 1) + 1 - at);
  }
  return message;
}

duckdb::unique_ptr<duckdb::FileSystem> MakeLakeFileSystem(const Environment& env,
                                                          std::shared_ptr<PlannedScans> scans) {
  return duckdb::make_uniq<LakeFileSystem>(env, std::move(scans));
}

}  // namespace millpond::data
