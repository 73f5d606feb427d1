#include "base/http/body_spool_internal.h"

#include "base/log.h"

namespace millpond {
namespace {

constexpr std::string_view kPrefix = "request-body-";

}  // namespace

BodySpool::BodySpool(FileSystem& fs, std::string path, std::unique_ptr<WritableFile> file)
    : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}

Result<std::unique_ptr<BodySpool>> BodySpool::Create(const Environment& env,
                                                     const std::string& dir) {
  std::string path =
      JoinPath(dir, fmt::format("{}{:016x}{:016x}", kPrefix, env.random.Next(), env.random.Next()));
  MP_ASSIGN_OR_RETURN(auto file, env.fs.Create(path));
  return std::unique_ptr<BodySpool>(new BodySpool(env.fs, std::move(path), std::move(file)));
}

BodySpool::~BodySpool() {
  file_.reset();
  Status removed = fs_.Remove(path_);
  if (!removed.has_value() && removed.error().kind() != ErrorKind::kNotFound) {
    LogWarn("http", "a request's body stays behind: {}", removed.error().ToString());
  }
}

Status BodySpool::Finish() {
  MP_RETURN_IF_ERROR(file_->Sync());
  return file_->Close();
}

Status BodySpool::Prepare(FileSystem& fs, const std::string& dir) {
  MP_RETURN_IF_ERROR(fs.CreateDirectories(dir));
  MP_ASSIGN_OR_RETURN(auto files, fs.List(dir));
  for (const FileInfo& file : files) {
    if (!FileName(file.path).starts_with(kPrefix)) continue;
    MP_RETURN_IF_ERROR(fs.Remove(file.path));
  }
  return OkStatus();
}

}  // namespace millpond
