#include <algorithm>

#include "base/log.h"
#include "base/s3/s3_answers.h"
#include "base/s3/s3_files_internal.h"

namespace millpond::s3_internal {
namespace {

constexpr int64_t kReserveStep = 1 << 20;
constexpr int kMaxParts = 10'000;
constexpr char kUploadMark[] = "x-amz-meta-millpond-upload";

class S3WriteFile : public WritableFile {
 public:
  S3WriteFile(S3Client& client, Arbiter& arbiter, S3Path path)
      : client_(client), arbiter_(arbiter), path_(std::move(path)) {}
  ~S3WriteFile() override { Abort(); }

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const int64_t part_bytes = PartBytes();
      const size_t room = static_cast<size_t>(part_bytes) - part_.size();
      const size_t taken = std::min(room, bytes.size());
      MP_RETURN_IF_ERROR(ReserveFor(static_cast<int64_t>(part_.size() + taken)));
      part_.append(bytes.substr(0, taken));
      bytes.remove_prefix(taken);
      if (static_cast<int64_t>(part_.size()) == part_bytes) MP_RETURN_IF_ERROR(SendPart());
    }
    return OkStatus();
  }
  Status SetModified(Micros) override { return OkStatus(); }
  Status Sync() override { return OkStatus(); }

  Status Close() override {
    if (upload_id_.empty() && etags_.empty()) {
      MP_RETURN_IF_ERROR(PutObject(client_, path_, part_));
    } else {
      if (!part_.empty()) MP_RETURN_IF_ERROR(SendPart());
      MP_RETURN_IF_ERROR(Complete());
    }
    std::string().swap(part_);
    memory_ = MemoryReservation();
    return OkStatus();
  }

 private:
  int64_t PartBytes() const {
    return kFirstPartBytes << (etags_.size() / static_cast<size_t>(kPartsOfOneSize));
  }

  Status ReserveFor(int64_t bytes) {
    if (bytes <= memory_.bytes()) return OkStatus();
    const int64_t wanted = (bytes + kReserveStep - 1) / kReserveStep * kReserveStep;
    if (memory_.bytes() > 0) return memory_.Resize(wanted);
    MP_ASSIGN_OR_RETURN(
        memory_, arbiter_.Reserve(ResourceClass::kBatch, wanted, "upload of " + path_.ToString()));
    return OkStatus();
  }

  Status Begin() {
    // Tells our own object from another's when the answer to Complete is lost.
    mark_ = fmt::format("{:016x}{:016x}", client_.options().random->Next(),
                        client_.options().random->Next());
    S3Request request{.kind = StoreRequest::kPost, .target = path_};
    request.query = {{"uploads", ""}};
    request.headers = {{kUploadMark, mark_}};
    MP_ASSIGN_OR_RETURN(HttpReply reply, client_.SendForSuccess(request));
    MP_ASSIGN_OR_RETURN(upload_id_, ParseElement(reply.body, "UploadId"));
    return OkStatus();
  }

  Status SendPart() {
    if (upload_id_.empty()) MP_RETURN_IF_ERROR(Begin());
    if (etags_.size() >= kMaxParts) {
      return Fail(ErrorKind::kResourceExhausted, "{} is larger than an object may be (5 TiB)",
                  path_.ToString());
    }
    S3Request request{.kind = StoreRequest::kPut, .target = path_};
    request.query = {{"partNumber", std::to_string(etags_.size() + 1)}, {"uploadId", upload_id_}};
    request.body = part_;
    MP_ASSIGN_OR_RETURN(HttpReply reply, client_.SendForSuccess(request));
    const std::string_view etag = FindHeader(reply, "ETag");
    if (etag.empty()) {
      return Fail(ErrorKind::kUnsupported, "the store gave no ETag for a part of {}",
                  path_.ToString());
    }
    etags_.emplace_back(etag);
    part_.clear();
    return OkStatus();
  }

  Status Complete() {
    std::string list = "<CompleteMultipartUpload>";
    for (size_t i = 0; i < etags_.size(); ++i) {
      list +=
          fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, etags_[i]);
    }
    list += "</CompleteMultipartUpload>";
    S3Request request{.kind = StoreRequest::kPost, .target = path_};
    request.query = {{"uploadId", upload_id_}};
    request.body = list;
    auto reply = client_.Send(request);
    // The store may send its 200 before it has put the parts together, and then an error.
    std::optional<Error> error;
    if (!reply.has_value()) {
      error = reply.error();
    } else if (reply->status != 200 || !ParseErrorAnswer(reply->body).code.empty()) {
      error = client_.ErrorOf(*reply, "finish the upload of", request);
    }
    if (error && !IsThere()) {
      return Fail(
          error->kind() == ErrorKind::kOutcomeUnknown || error->kind() == ErrorKind::kNotFound
              ? ErrorKind::kUnavailable
              : error->kind(),
          "{}", error->message());
    }
    upload_id_.clear();
    return OkStatus();
  }

  // After an answer that was lost or denied: did an earlier try put the object there?
  bool IsThere() {
    S3Request request{.kind = StoreRequest::kHead, .target = path_};
    const auto reply = client_.SendForSuccess(request);
    return reply.has_value() && FindHeader(*reply, kUploadMark) == mark_;
  }

  void Abort() {
    if (upload_id_.empty()) return;
    S3Request request{.kind = StoreRequest::kDelete, .target = path_};
    request.query = {{"uploadId", upload_id_}};
    request.max_tries = 2;  // whoever waits has an error to hear already
    if (auto aborted = client_.SendForSuccess(request); !aborted.has_value()) {
      LogWarn("s3", "an unfinished upload is left behind: {}", aborted.error().ToString());
    }
  }

  S3Client& client_;
  Arbiter& arbiter_;
  S3Path path_;
  std::string part_;  // what is not sent yet
  MemoryReservation memory_;
  std::string upload_id_, mark_;    // "": no multipart upload runs
  std::vector<std::string> etags_;  // of the parts sent
};

}  // namespace

std::unique_ptr<WritableFile> CreateObject(S3Client& client, Arbiter& arbiter, S3Path path) {
  return std::make_unique<S3WriteFile>(client, arbiter, std::move(path));
}

Status PutObject(S3Client& client, const S3Path& path, std::string_view body) {
  S3Request request{.kind = StoreRequest::kPut, .target = path};
  request.body = body;
  MP_RETURN_IF_ERROR(client.SendForSuccess(request));
  return OkStatus();
}

}  // namespace millpond::s3_internal
