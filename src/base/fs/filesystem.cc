#include "base/fs/filesystem.h"

#include "base/random.h"

namespace millpond {
namespace {

// A name beside `path` that no other process uses; listing code skips names that begin with
// "._tmp.".
std::string TemporaryName(const std::string& path) {
  SystemRandom random;
  return JoinPath(ParentPath(path), fmt::format("._tmp.{:016x}", random.Next()));
}

Status WriteAndSync(FileSystem& fs, const std::string& path, std::string_view bytes,
                    std::optional<Micros> modified = std::nullopt) {
  MP_ASSIGN_OR_RETURN(auto file, fs.Create(path));
  MP_RETURN_IF_ERROR(file->Append(bytes));
  if (modified.has_value()) MP_RETURN_IF_ERROR(file->SetModified(*modified));
  MP_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

// Written beside its name and renamed to it when all is there.
class WholeFile : public WritableFile {
 public:
  WholeFile(FileSystem& fs, std::string path, std::string temporary,
            std::unique_ptr<WritableFile> file)
      : fs_(fs), path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}
  ~WholeFile() override {
    if (temporary_.empty()) return;
    file_.reset();
    (void)fs_.Remove(temporary_);  // best effort: readers skip it
  }

  Status Append(std::string_view bytes) override {
    synced_ = false;
    return file_->Append(bytes);
  }
  Status SetModified(Micros at) override {
    synced_ = false;
    return file_->SetModified(at);
  }
  Status Sync() override {
    synced_ = true;
    return file_->Sync();
  }
  Status Close() override {
    if (!synced_) MP_RETURN_IF_ERROR(file_->Sync());
    MP_RETURN_IF_ERROR(file_->Close());
    MP_RETURN_IF_ERROR(fs_.Rename(temporary_, path_));
    temporary_.clear();
    return fs_.SyncDirectory(ParentPath(path_));
  }

 private:
  FileSystem& fs_;
  std::string path_, temporary_;  // temporary "": nothing to remove
  std::unique_ptr<WritableFile> file_;
  bool synced_ = false;
};

}  // namespace

Result<std::unique_ptr<WritableFile>> FileSystem::CreateWhole(const std::string& path) {
  std::string temporary = TemporaryName(path);
  MP_ASSIGN_OR_RETURN(auto file, Create(temporary));
  return std::make_unique<WholeFile>(*this, path, std::move(temporary), std::move(file));
}

Result<std::vector<FileInfo>> FileSystem::ListFrom(const std::string& dir,
                                                   std::string_view first_name) {
  MP_ASSIGN_OR_RETURN(auto files, List(dir));
  std::erase_if(files, [&](const FileInfo& file) { return FileName(file.path) < first_name; });
  return files;
}

Result<std::string> FileSystem::ReadFile(const std::string& path) {
  MP_ASSIGN_OR_RETURN(auto file, OpenForRead(path));
  std::string bytes(file->size_bytes(), '\0');
  MP_RETURN_IF_ERROR(file->ReadAt(0, file->size_bytes(), bytes.data()));
  return bytes;
}

namespace {

Result<bool> IsFound(Result<FileInfo> info) {
  if (info.has_value()) return true;
  if (info.error().kind() == ErrorKind::kNotFound) return false;
  return std::unexpected<Error>(std::move(info).error());
}

}  // namespace

Result<bool> FileSystem::Exists(const std::string& path) {
  return IsFound(Stat(path));
}

Result<bool> FileSystem::FileExists(const std::string& path) {
  return IsFound(StatFile(path));
}

Status FileSystem::PutIfAbsent(const std::string& path, std::string_view bytes,
                               const std::function<bool()>& still_wanted,
                               std::optional<Micros> modified) {
  std::string temporary = TemporaryName(path);
  if (Status written = WriteAndSync(*this, temporary, bytes, modified); !written.has_value()) {
    (void)Remove(temporary);  // best effort: the write's own error is what the caller needs
    return written;
  }
  if (still_wanted && !still_wanted()) {
    (void)Remove(temporary);  // best effort: a left-over temporary is skipped by readers
    return Fail(ErrorKind::kCancelled, "not put, as the caller did not want it any more: {}", path);
  }
  Status linked = Link(temporary, path);
  (void)Remove(temporary);  // a left-over temporary is harmless and is skipped by readers
  if (!linked.has_value()) {
    if (linked.error().kind() == ErrorKind::kAlreadyExists) return linked;
    return Fail(ErrorKind::kOutcomeUnknown, "{}", linked.error().ToString());
  }
  if (Status synced = SyncDirectory(ParentPath(path)); !synced.has_value()) {
    return Fail(ErrorKind::kOutcomeUnknown, "{}", synced.error().ToString());
  }
  return OkStatus();
}

Status FileSystem::ReplaceFile(const std::string& path, std::string_view bytes) {
  std::string temporary = TemporaryName(path);
  Status written = WriteAndSync(*this, temporary, bytes);
  if (written.has_value()) written = Rename(temporary, path);
  if (!written.has_value()) {
    (void)Remove(temporary);  // best effort, as above
    return written;
  }
  return SyncDirectory(ParentPath(path));
}

Status FileSystem::CreateDirectories(const std::string& path) {
  if (auto info = Stat(path); info.has_value()) {
    if (info->is_directory) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument, "a file stands where a folder is needed: {}", path);
  }
  std::string parent = ParentPath(path);
  if (parent != path) MP_RETURN_IF_ERROR(CreateDirectories(parent));
  Status made = CreateDirectory(path);
  if (!made.has_value() && made.error().kind() != ErrorKind::kAlreadyExists) return made;
  return SyncDirectory(parent);
}

Status FileSystem::RemoveTree(const std::string& path) {
  // Remove takes a link as the link that it is; only a folder with something in it stays.
  const auto remove_one = [&]() -> Status {
    Status removed = Remove(path);
    if (!removed.has_value() && removed.error().kind() == ErrorKind::kNotFound) return OkStatus();
    return removed;
  };
  Status removed = remove_one();
  if (removed.has_value()) return removed;
  auto info = Stat(path);
  if (!info.has_value() || !info->is_directory) return removed;
  MP_ASSIGN_OR_RETURN(auto children, List(path));
  for (const auto& child : children) MP_RETURN_IF_ERROR(RemoveTree(child.path));
  return remove_one();
}

std::string ParentPath(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view FileName(std::string_view path) {
  size_t slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", name);
}

}  // namespace millpond
