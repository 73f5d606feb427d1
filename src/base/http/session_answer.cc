#include <algorithm>

#include "base/http/response_head_internal.h"
#include "base/http/session_internal.h"
#include "base/log.h"

namespace millpond {
namespace {

constexpr size_t kCopiedBody = 16 << 10;  // a larger one is sent from where it is
constexpr int64_t kFilePiece = 256 << 10;
constexpr int64_t kLingerMillis = 250;
constexpr int64_t kLongLingerMillis = 3'000;  // for a client that is still sending
constexpr size_t kKeptCapacity = 64 << 10;
constexpr int kClientLeft = 499;  // for the log: the client ended before there was an answer

void Clear(std::string& text) {
  if (text.capacity() > kKeptCapacity) {
    text = std::string();
  } else {
    text.clear();
  }
}

std::string QueryNames(const HttpRequest& request) {
  std::string names;
  for (const auto& [name, value] : request.query) {
    if (names.size() > 200) return names + ",…";
    if (!names.empty()) names += ',';
    names += name;
  }
  return names;
}

}  // namespace

void Session::Refuse(int status, std::string_view error_code, std::string_view message) {
  exchange_.must_close = true;  // what follows on the connection cannot be told apart
  Respond(ErrorResponse(status, error_code, message));
}

void Session::RefuseBusy(std::string_view message) {
  exchange_.must_close = exchange_.must_close || parser_.has_body();
  HttpResponse response = ErrorResponse(503, "TEMPORARILY_UNAVAILABLE", message);
  response.headers.Add("Retry-After", "1");
  Respond(std::move(response));
}

void Session::OnAnswer(Work& work) {
  exchange_.request = std::move(work.request);
  if (phase_ == Phase::kClosed) {  // cut while the handler ran
    Record(work.response.status, 0);
    return;
  }
  Guarded([&] {
    Respond(std::move(work.response));
    Advance();
  });
}

void Session::AppendHead(const HttpResponse& response, int64_t content_length) {
  if (exchange_.request.id.empty()) {  // the header could not be read
    exchange_.request.id = fmt::format("{:016x}", parts_.env.random.Next());
  }
  AppendResponseHead(response,
                     {.content_length = content_length,
                      .keep_alive = !exchange_.must_close,
                      .http_1_0 = exchange_.http_1_0,
                      .request_id = exchange_.request.id},
                     out_);
}

void Session::Respond(HttpResponse response) {
  exchange_.must_close = exchange_.must_close || is_last_ || parts_.is_stopping;
  if (!response.body_file.empty() && StatusHasBody(response.status)) {
    phase_ = Phase::kSendingFile;
    exchange_.response = std::move(response);
    LoadFilePiece();
    return;
  }
  const auto length = static_cast<int64_t>(response.body.size());
  AppendHead(response, length);
  const bool has_body = StatusHasBody(response.status) && exchange_.request.method != "HEAD";
  if (has_body && response.body.size() > kCopiedBody) {
    out_tail_ = std::move(response.body);
  } else if (has_body) {
    out_ += response.body;
  }
  EndExchange(response.status, has_body ? length : 0);
}

// The first piece comes with the file's size; the head is written then.
void Session::LoadFilePiece() {
  const bool is_head = exchange_.request.method == "HEAD";
  const int64_t offset = exchange_.file_offset;
  if (exchange_.file != nullptr && offset == exchange_.file->size_bytes()) {
    EndExchange(exchange_.response.status, offset);
    return Advance();
  }
  is_loading_ = true;
  WorkerQueue::Job job = [self = shared_from_this(), file = exchange_.file, is_head, offset,
                          path = exchange_.response.body_file]() mutable {
    auto load = [&]() -> Result<FilePiece> {
      FilePiece piece{.file = std::move(file)};
      if (piece.file == nullptr) {
        MP_ASSIGN_OR_RETURN(piece.file, self->parts_.env.fs.OpenForRead(path));
      }
      const int64_t left = is_head ? 0 : piece.file->size_bytes() - offset;
      piece.bytes.resize(static_cast<size_t>(std::min(left, kFilePiece)));
      MP_RETURN_IF_ERROR(
          piece.file->ReadAt(offset, static_cast<int64_t>(piece.bytes.size()), piece.bytes.data()));
      return piece;
    };
    Result<FilePiece> piece = load();
    EventLoop& loop = self->loop_;
    loop.Post([self = std::move(self), piece = std::move(piece)]() mutable {
      self->OnFilePiece(std::move(piece));
    });
  };
  if (!parts_.files->TrySubmit(job)) Close();  // the server stops
}

void Session::OnFilePiece(Result<FilePiece> piece) {
  is_loading_ = false;
  Guarded([&] {
    const bool is_first = exchange_.file == nullptr;
    if (!piece.has_value()) {
      LogWarn("http", "{} cannot be sent: {}", exchange_.request.path, piece.error().ToString());
      if (!is_first) return Close();  // a short answer tells the client
      Respond(ErrorResponse(piece.error()));
      return Advance();
    }
    exchange_.file = std::move(piece->file);
    if (is_first) AppendHead(exchange_.response, exchange_.file->size_bytes());
    exchange_.file_offset += static_cast<int64_t>(piece->bytes.size());
    out_tail_ = std::move(piece->bytes);
    if (exchange_.request.method == "HEAD") EndExchange(exchange_.response.status, 0);
    Advance();
  });
}

void Session::Record(int status, int64_t response_bytes) {
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - exchange_.begin;
  if (exchange_.is_counted) {
    exchange_.is_counted = false;
    parts_.metrics.in_flight.Add(-1);
  }
  parts_.metrics.Count(exchange_.route, status, taken.count(), exchange_.request_bytes,
                       response_bytes);
  if (parts_.log == nullptr) return;
  HttpRequest& request = exchange_.request;
  parts_.log->Add({.time = parts_.env.clock.Now(),
                   .id = std::move(request.id),
                   .principal = std::move(request.principal),
                   .remote = remote_,
                   .method = std::move(request.method),
                   .path = std::move(request.path),
                   .query_names = QueryNames(request),
                   .status = status,
                   .bytes = response_bytes,
                   .micros = static_cast<int64_t>(taken.count() * 1e6)});
}

void Session::EndExchange(int status, int64_t response_bytes) {
  Record(status, response_bytes);
  is_cut_short_ = parser_.state() != RequestParser::State::kDone;
  phase_ = exchange_.must_close ? Phase::kEnding : Phase::kIdle;
  exchange_ = Exchange();
  body_memory_ = MemoryReservation();
  parser_.Reset();
}

void Session::StartWrite() {
  sending_.swap(out_);
  sending_tail_.swap(out_tail_);
  sent_ = 0;
  is_writing_ = true;
  WriteSome();
}

void Session::WriteSome() {
  write_deadline_ms_ = SteadyMillis() + parts_.options.body_timeout_ms;
  const std::string_view head = sending_;
  const std::string_view tail = sending_tail_;
  const size_t of_head = std::min(sent_, head.size());
  transport_->Write(shared_from_this(), head.substr(of_head), tail.substr(sent_ - of_head));
}

void Session::OnWritten(size_t bytes) {
  Guarded([&] {
    if (bytes == 0) return Close();
    sent_ += bytes;
    if (sent_ < sending_.size() + sending_tail_.size()) return WriteSome();
    is_writing_ = false;
    Clear(sending_);
    Clear(sending_tail_);
    Advance();
  });
}

void Session::Linger() {
  phase_ = Phase::kLingering;
  read_deadline_ms_ = SteadyMillis() + (is_cut_short_ ? kLongLingerMillis : kLingerMillis);
  transport_->Linger(shared_from_this());
}

void Session::OnLingered() {
  Close();
}

void Session::Close() {
  if (phase_ == Phase::kClosed) return;
  // While a handler has the request, its answer is what is recorded.
  const bool is_recorded_later = phase_ == Phase::kHandling;
  phase_ = Phase::kClosed;
  transport_->Close();
  if (exchange_.is_counted && !is_recorded_later) {
    Record(exchange_.file != nullptr ? exchange_.response.status : kClientLeft,
           exchange_.file_offset);
  }
  parts_.connections.Leave();
  loop_.Remove(this);  // may be the last that holds this session
}

}  // namespace millpond
