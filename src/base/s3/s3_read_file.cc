#include <algorithm>
#include <charconv>
#include <cstring>
#include <list>
#include <mutex>

#include "base/s3/s3_files_internal.h"

namespace millpond::s3_internal {
namespace {

constexpr int64_t kTailBytes = 64 << 10;     // fetched at opening
constexpr int64_t kWindowBytes = 256 << 10;  // a short read fetches so much
constexpr size_t kWindows = 4;               // kept per file
constexpr int64_t kRequestBytes = 32 << 20;  // a long read is so many requests: what a retry costs

struct Bytes {
  int64_t offset = 0;
  std::string bytes;

  bool Has(int64_t from, int64_t length) const {
    return from >= offset && from + length <= offset + static_cast<int64_t>(bytes.size());
  }
  void Copy(int64_t from, int64_t length, void* out) const {
    std::memcpy(out, bytes.data() + (from - offset), static_cast<size_t>(length));
  }
};

class S3ReadFile : public RandomAccessFile {
 public:
  S3ReadFile(S3Client& client, S3Path path, int64_t size, std::string etag, Bytes tail)
      : client_(client),
        path_(std::move(path)),
        size_(size),
        etag_(std::move(etag)),
        tail_(std::move(tail)) {}

  int64_t size_bytes() const override { return size_; }
  bool is_remote() const override { return true; }

  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    if (length <= 0) return OkStatus();
    if (offset < 0 || offset > size_ - length) {
      return Fail(ErrorKind::kCorrupt, "object ends early: {} has {} bytes, wanted {} at offset {}",
                  path_.ToString(), size_, length, offset);
    }
    if (offset + length > tail_.offset && !tail_.bytes.empty()) {
      const int64_t from = std::max(offset, tail_.offset);
      tail_.Copy(from, offset + length - from, static_cast<char*>(out) + (from - offset));
      length = from - offset;
      if (length == 0) return OkStatus();
    }
    if (length >= kWindowBytes) return Fetch(offset, length, static_cast<char*>(out));
    return ReadThroughWindow(offset, length, out);
  }

 private:
  Status ReadThroughWindow(int64_t offset, int64_t length, void* out) const {
    {
      const std::lock_guard lock(mutex_);
      for (auto window = windows_.begin(); window != windows_.end(); ++window) {
        if (!window->Has(offset, length)) continue;
        window->Copy(offset, length, out);
        windows_.splice(windows_.begin(), windows_, window);  // the last used comes first
        return OkStatus();
      }
    }
    Bytes fresh{offset, std::string(std::min(kWindowBytes, size_ - offset), '\0')};
    MP_RETURN_IF_ERROR(Fetch(offset, static_cast<int64_t>(fresh.bytes.size()), fresh.bytes.data()));
    fresh.Copy(offset, length, out);
    const std::lock_guard lock(mutex_);
    windows_.push_front(std::move(fresh));
    if (windows_.size() > kWindows) windows_.pop_back();
    return OkStatus();
  }

  Status Fetch(int64_t offset, int64_t length, char* out) const {
    while (length > 0) {
      const int64_t piece = std::min(length, kRequestBytes);
      S3Request request{.kind = StoreRequest::kGet, .target = path_};
      request.headers = {{"Range", fmt::format("bytes={}-{}", offset, offset + piece - 1)},
                         {"If-Match", etag_}};
      request.into = {out, static_cast<size_t>(piece)};
      auto reply = client_.SendForSuccess(request);
      if (!reply.has_value() && reply.error().kind() == ErrorKind::kConflict) {
        return Fail(ErrorKind::kConflict,
                    "{} was replaced while it was read: read it again from the start",
                    path_.ToString());
      }
      MP_RETURN_IF_ERROR(reply);
      if (request.received != piece) {
        return Fail(ErrorKind::kCorrupt, "object ends early: {} gave {} of {} bytes at offset {}",
                    path_.ToString(), request.received, piece, offset);
      }
      offset += piece, out += piece, length -= piece;
    }
    return OkStatus();
  }

  S3Client& client_;
  S3Path path_;
  int64_t size_;
  std::string etag_;
  Bytes tail_;
  mutable std::mutex mutex_;
  mutable std::list<Bytes> windows_;
};

// "bytes 100-199/200" -> 200; -1: not so.
int64_t TotalOf(std::string_view content_range) {
  const size_t slash = content_range.find('/');
  if (slash == content_range.npos) return -1;
  int64_t total = -1;
  const char* end = content_range.data() + content_range.size();
  const auto read = std::from_chars(content_range.data() + slash + 1, end, total);
  return read.ec == std::errc() && read.ptr == end ? total : -1;
}

}  // namespace

Result<std::unique_ptr<RandomAccessFile>> OpenObject(S3Client& client, S3Path path) {
  S3Request request{.kind = StoreRequest::kGet, .target = path};
  request.headers = {{"Range", fmt::format("bytes=-{}", kTailBytes)}};
  MP_ASSIGN_OR_RETURN(HttpReply reply, client.SendForAnswer(request));
  // An object of no bytes has no last ones: 416, or all of nothing.
  if (reply.status == 416) {
    return std::make_unique<S3ReadFile>(client, std::move(path), 0, "", Bytes());
  }
  if (reply.status != 200 && reply.status != 206) {
    return std::unexpected<Error>(client.ErrorOf(reply, "open", request));
  }
  const auto got = static_cast<int64_t>(reply.body.size());
  const int64_t total = reply.status == 200 ? got : TotalOf(FindHeader(reply, "Content-Range"));
  const std::string etag(FindHeader(reply, "ETag"));
  if (total < got || etag.empty()) {
    return Fail(ErrorKind::kUnsupported,
                "the store's answer for {} lacks the object's size or ETag: it does not speak S3",
                path.ToString());
  }
  return std::make_unique<S3ReadFile>(client, std::move(path), total, etag,
                                      Bytes{total - got, std::move(reply.body)});
}

}  // namespace millpond::s3_internal
