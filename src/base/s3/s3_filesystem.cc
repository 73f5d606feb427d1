#include "base/s3/s3_filesystem.h"

#include <algorithm>

#include "base/s3/s3_answers.h"
#include "base/s3/s3_files_internal.h"

namespace millpond {
namespace {

using namespace s3_internal;

// FNV-1a: the same in every process, as a hash of the standard library need not be.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

// HEAD tells whole seconds, a listing may tell more: both become the same (see the header).
Micros ModifiedOf(Micros at, std::string_view etag) {
  while (etag.starts_with('"')) etag.remove_prefix(1);
  while (etag.ends_with('"')) etag.remove_suffix(1);
  return at / kMicrosPerSecond * kMicrosPerSecond +
         static_cast<Micros>(HashOf(etag) % kMicrosPerMilli);
}

// "Tue, 26 Nov 2026 23:42:01 GMT" (RFC 9110, the preferred form).
Result<Micros> ParseHttpDate(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t month = text.size() == 29 ? kMonths.find(text.substr(8, 3)) : kMonths.npos;
  if (month == kMonths.npos || month % 3 != 0) {
    return Fail(ErrorKind::kCorrupt, "not a time as HTTP writes it: '{}'", text);
  }
  return ParseTimestamp(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1,
                                    text.substr(5, 2), text.substr(17, 8)));
}

class S3FileSystem : public FileSystem {
 public:
  S3FileSystem(S3ClientOptions options, Arbiter& arbiter)
      : client_(std::move(options)), arbiter_(arbiter) {}

  Result<std::unique_ptr<RandomAccessFile>> OpenForRead(const std::string& path) override {
    MP_ASSIGN_OR_RETURN(S3Path object, ParseObject(path));
    return OpenObject(client_, std::move(object));
  }
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    MP_ASSIGN_OR_RETURN(S3Path object, ParseObject(path));
    return CreateObject(client_, arbiter_, std::move(object));
  }
  Result<std::unique_ptr<WritableFile>> CreateWhole(const std::string& path) override {
    return Create(path);
  }

  Result<FileInfo> StatFile(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) override;
  Result<std::vector<FileInfo>> List(const std::string& dir) override { return ListFrom(dir, ""); }
  Result<std::vector<FileInfo>> ListFrom(const std::string& dir,
                                         std::string_view first_name) override;
  Result<std::string> ReadFile(const std::string& path) override;

  Status CreateDirectory(const std::string&) override { return OkStatus(); }
  Status CreateDirectories(const std::string& path) override {
    MP_RETURN_IF_ERROR(ParseS3Path(path));
    return OkStatus();
  }
  Status SyncFile(const std::string&) override { return OkStatus(); }
  Status SyncDirectory(const std::string&) override { return OkStatus(); }

  Status Link(const std::string&, const std::string& to) override {
    return Fail(ErrorKind::kUnsupported, "an object store has no links: {}", to);
  }
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;

  Status PutIfAbsent(const std::string& path, std::string_view bytes,
                     const std::function<bool()>& still_wanted, std::optional<Micros>) override;
  Status ReplaceFile(const std::string& path, std::string_view bytes) override {
    MP_ASSIGN_OR_RETURN(const S3Path object, ParseObject(path));
    return PutObject(client_, object, bytes);
  }

 private:
  static Result<S3Path> ParseObject(const std::string& path) {
    MP_ASSIGN_OR_RETURN(S3Path parsed, ParseS3Path(path));
    if (!parsed.key.empty()) return parsed;
    return Fail(ErrorKind::kInvalidArgument, "{} names a bucket, not an object in it", path);
  }
  // One page of the keys that begin with `prefix`.
  Result<S3Listing> ListPage(const S3Path& folder, const std::string& prefix,
                             std::vector<std::pair<std::string, std::string>> parameters);

  S3Client client_;
  Arbiter& arbiter_;
};

std::string FolderPrefix(const S3Path& folder) {
  return folder.key.empty() ? "" : folder.key + "/";
}

Result<FileInfo> S3FileSystem::StatFile(const std::string& path) {
  MP_ASSIGN_OR_RETURN(S3Path object, ParseS3Path(path));
  S3Request request{.kind = StoreRequest::kHead, .target = std::move(object)};
  MP_ASSIGN_OR_RETURN(const HttpReply reply, client_.SendForSuccess(request));
  FileInfo info{.path = path};
  if (request.target.key.empty()) {
    info.is_directory = true;
    return info;
  }
  const std::string length(FindHeader(reply, "Content-Length"));
  info.size_bytes = std::strtoll(length.c_str(), nullptr, 10);
  MP_ASSIGN_OR_RETURN_CONTEXT(const Micros modified,
                              ParseHttpDate(FindHeader(reply, "Last-Modified")), "{}", path);
  info.modified = ModifiedOf(modified, FindHeader(reply, "ETag"));
  return info;
}

Result<FileInfo> S3FileSystem::Stat(const std::string& path) {
  auto info = StatFile(path);
  if (info.has_value() || info.error().kind() != ErrorKind::kNotFound) return info;
  MP_ASSIGN_OR_RETURN(const S3Path folder, ParseS3Path(path));
  if (folder.key.empty()) return info;
  MP_ASSIGN_OR_RETURN(const S3Listing listing,
                      ListPage(folder, FolderPrefix(folder), {{"max-keys", "1"}}));
  if (listing.objects.empty()) return info;
  return FileInfo{.path = path, .is_directory = true};
}

Result<S3Listing> S3FileSystem::ListPage(
    const S3Path& folder, const std::string& prefix,
    std::vector<std::pair<std::string, std::string>> parameters) {
  S3Request request{.kind = StoreRequest::kList, .target = {folder.bucket, ""}};
  request.query = std::move(parameters);
  request.query.emplace_back("list-type", "2");
  request.query.emplace_back("encoding-type", "url");
  request.query.emplace_back("prefix", prefix);
  MP_ASSIGN_OR_RETURN(const HttpReply reply, client_.SendForSuccess(request));
  return ParseListing(reply.body);
}

Result<std::vector<FileInfo>> S3FileSystem::ListFrom(const std::string& dir,
                                                     std::string_view first_name) {
  MP_ASSIGN_OR_RETURN(const S3Path folder, ParseS3Path(dir));
  const std::string prefix = FolderPrefix(folder);
  std::vector<FileInfo> found;
  bool is_there = folder.key.empty();
  const auto add = [&](const std::string& key, int64_t size, Micros modified, bool is_folder) {
    is_there = true;
    if (!key.starts_with(prefix)) return;
    const std::string_view name = std::string_view(key).substr(prefix.size());
    if (name.empty() || name < first_name) return;
    found.push_back({JoinPath(dir, name), size, modified, is_folder});
  };
  std::vector<std::pair<std::string, std::string>> from;
  // Listed is what comes after the given key, and a shorter one comes before.
  if (!first_name.empty()) {
    from = {{"start-after", prefix + std::string(first_name.substr(0, first_name.size() - 1))}};
  }
  while (true) {
    from.emplace_back("delimiter", "/");
    MP_ASSIGN_OR_RETURN(S3Listing page, ListPage(folder, prefix, std::move(from)));
    for (const S3Object& object : page.objects) {
      add(object.key, object.size_bytes, ModifiedOf(object.modified, object.etag), false);
    }
    for (const std::string& below : page.prefixes) {
      add(below.substr(0, below.size() - 1), 0, 0, true);
    }
    if (page.continuation.empty()) break;
    from = {{"continuation-token", page.continuation}};
  }
  if (!is_there && first_name.empty()) {
    return Fail(ErrorKind::kNotFound, "cannot list {}: no object is below it", dir);
  }
  std::ranges::sort(found, {}, &FileInfo::path);
  return found;
}

Result<std::string> S3FileSystem::ReadFile(const std::string& path) {
  static constexpr int64_t kLongest = int64_t{1} << 30;
  MP_ASSIGN_OR_RETURN(S3Path object, ParseObject(path));
  // The end of a file that is read whole is mostly all of it; else the rest follows.
  MP_ASSIGN_OR_RETURN(auto file, OpenObject(client_, std::move(object)));
  if (file->size_bytes() > kLongest) {
    return Fail(ErrorKind::kResourceExhausted, "{} is too large to be read at once ({} bytes)",
                path, file->size_bytes());
  }
  std::string bytes(static_cast<size_t>(file->size_bytes()), '\0');
  MP_RETURN_IF_ERROR(file->ReadAt(0, file->size_bytes(), bytes.data()));
  return bytes;
}

Status S3FileSystem::Rename(const std::string& from, const std::string& to) {
  MP_ASSIGN_OR_RETURN(const S3Path source, ParseObject(from));
  MP_ASSIGN_OR_RETURN(S3Path target, ParseObject(to));
  S3Request request{.kind = StoreRequest::kPut, .target = std::move(target)};
  request.headers = {{"x-amz-copy-source", "/" + source.bucket + "/" + EscapeKey(source.key)}};
  MP_ASSIGN_OR_RETURN(const HttpReply reply, client_.SendForSuccess(request));
  // The store may send its 200 before it has copied, and then an error.
  if (!ParseErrorAnswer(reply.body).code.empty()) {
    return std::unexpected<Error>(client_.ErrorOf(reply, "rename to", request));
  }
  return Remove(from);
}

Status S3FileSystem::Remove(const std::string& path) {
  MP_ASSIGN_OR_RETURN(S3Path object, ParseObject(path));
  S3Request request{.kind = StoreRequest::kDelete, .target = std::move(object)};
  MP_RETURN_IF_ERROR(client_.SendForSuccess(request));
  return OkStatus();
}

Status S3FileSystem::RemoveTree(const std::string& path) {
  MP_ASSIGN_OR_RETURN(const S3Path folder, ParseObject(path));
  MP_RETURN_IF_ERROR(Remove(path));
  while (true) {
    MP_ASSIGN_OR_RETURN(const S3Listing page, ListPage(folder, FolderPrefix(folder), {}));
    for (const S3Object& object : page.objects) {
      S3Request request{.kind = StoreRequest::kDelete, .target = {folder.bucket, object.key}};
      MP_RETURN_IF_ERROR(client_.SendForSuccess(request));
    }
    if (page.continuation.empty()) return OkStatus();
  }
}

Status S3FileSystem::PutIfAbsent(const std::string& path, std::string_view bytes,
                                 const std::function<bool()>& still_wanted, std::optional<Micros>) {
  MP_ASSIGN_OR_RETURN(S3Path object, ParseObject(path));
  S3Request request{.kind = StoreRequest::kPut, .target = std::move(object)};
  request.headers = {{"If-None-Match", "*"}};
  request.body = bytes;
  request.still_wanted = still_wanted;
  MP_ASSIGN_OR_RETURN(const HttpReply reply, client_.Send(request));
  if (reply.status == 200) return OkStatus();
  if (reply.status == 412) {
    return Fail(ErrorKind::kAlreadyExists, "there is already an object {}", path);
  }
  Error error = client_.ErrorOf(reply, "put", request);
  if (!request.may_have_worked) return std::unexpected<Error>(std::move(error));
  return Fail(ErrorKind::kOutcomeUnknown, "{}", error.message());
}

}  // namespace

std::unique_ptr<FileSystem> MakeS3FileSystem(S3ClientOptions options, Arbiter& arbiter) {
  return std::make_unique<S3FileSystem>(std::move(options), arbiter);
}

}  // namespace millpond
