#include <algorithm>
#include <cstring>

#include "base/http/request_gate_internal.h"
#include "base/http/session_internal.h"

namespace millpond {
namespace {

constexpr size_t kSmallBuffer = 4 << 10;   // of an idle connection
constexpr size_t kLargeBuffer = 64 << 10;  // for a body
constexpr size_t kSpoolPiece = 256 << 10;
constexpr size_t kMaxUnsent = 64 << 10;       // then the pipeline waits for the reader
constexpr int64_t kDrainBytes = 64 << 10;     // a refused body that is read rather than cut off
constexpr int64_t kFreeBodyBytes = 64 << 10;  // covered by what the server has reserved
constexpr int64_t kProgressBytes = 4 << 10;   // of a body, within body_timeout_ms

}  // namespace

Session::Session(ServerParts& parts, EventLoop& loop, std::unique_ptr<Transport> transport,
                 std::string remote)
    : parts_(parts),
      loop_(loop),
      transport_(std::move(transport)),
      remote_(std::move(remote)),
      parser_(parts.options.max_header_bytes) {}

Session::~Session() {
  if (exchange_.is_counted) parts_.metrics.in_flight.Add(-1);
}

void Session::Start() {
  Guarded([&] {
    is_reading_ = true;  // the handshake does
    read_deadline_ms_ = SteadyMillis() + parts_.options.header_timeout_ms;
    transport_->Handshake(shared_from_this());
  });
}

void Session::OnHandshake(bool ok) {
  Guarded([&] {
    is_reading_ = false;
    if (!ok) return Close();
    phase_ = Phase::kIdle;
    Advance();
  });
}

void Session::OnRead(size_t bytes) {
  is_reading_ = false;
  Guarded([&] {
    if (bytes == 0) return Close();
    end_ += bytes;
    Advance();
  });
}

bool Session::MayParse() const {
  const bool is_ours = phase_ == Phase::kIdle || phase_ == Phase::kHeader || phase_ == Phase::kBody;
  return is_ours && out_.size() < kMaxUnsent && out_tail_.empty();
}

void Session::Advance() {
  while (MayParse()) {
    if (!(phase_ == Phase::kBody ? StepBody() : StepHeader())) break;
  }
  Continue();
}

void Session::Continue() {
  if (is_writing_ || phase_ == Phase::kLingering || phase_ == Phase::kClosed) return;
  if (!out_.empty() || !out_tail_.empty()) return StartWrite();
  if (phase_ == Phase::kIdle && is_last_) phase_ = Phase::kEnding;
  switch (phase_) {
    case Phase::kEnding:
      // With a read under way nothing has come that was not read: there is nothing to linger for.
      return is_reading_ ? Close() : Linger();
    case Phase::kSendingFile:
      if (!is_loading_) LoadFilePiece();
      return;
    case Phase::kIdle:
    case Phase::kHeader:
    case Phase::kBody:
      if (!is_reading_) StartRead();
      return;
    default:
      return;
  }
}

void Session::RemoveLineEnds() {  // before a request-line: RFC 9112, 2.2
  while (begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) ++begin_;
}

bool Session::StepHeader() {
  if (phase_ == Phase::kIdle) {
    RemoveLineEnds();
    if (Buffered().empty()) return false;
    phase_ = Phase::kHeader;
    exchange_.begin = std::chrono::steady_clock::now();
    exchange_.request.remote = remote_;
    read_deadline_ms_ = SteadyMillis() + parts_.options.header_timeout_ms;
  }
  begin_ += parser_.Feed(Buffered(), exchange_.request);
  exchange_.http_1_0 = parser_.http_1_0();
  switch (parser_.state()) {
    case RequestParser::State::kHeader:
      return false;
    case RequestParser::State::kMalformed:
      Refuse(400, "BAD_REQUEST",
             fmt::format("this is no well-formed HTTP/1.1 request: {}", parser_.problem()));
      return true;
    case RequestParser::State::kHeaderTooLarge:
      Refuse(431, "HEADER_TOO_LARGE",
             fmt::format("the request's header is larger than {} bytes",
                         parts_.options.max_header_bytes));
      return true;
    default:
      return OnHeader();
  }
}

bool Session::OnHeader() {
  exchange_.is_counted = true;
  parts_.metrics.in_flight.Add(1);
  Verdict verdict = JudgeRequest(parts_, parser_, exchange_.request);
  exchange_.match = std::move(verdict.match);
  const Route* route = exchange_.route = exchange_.match.route;
  exchange_.must_close = verdict.must_close || !parser_.keep_alive();
  if (verdict.rejection.has_value()) {
    const auto length = parser_.content_length();
    const bool is_small = length.has_value() && *length <= kDrainBytes;
    if (parser_.has_body() && is_small && !verdict.expects_continue && !verdict.must_close) {
      exchange_.rejection = std::move(verdict.rejection);
      phase_ = Phase::kBody;
      return true;
    }
    exchange_.must_close = exchange_.must_close || parser_.has_body();
    Respond(std::move(*verdict.rejection));
    return true;
  }
  if (!parser_.has_body()) return route->spool_body ? SpoolPiece(true) : OnRequest();
  parser_.SetBodyLimit(route->max_body_bytes);
  if (!route->spool_body && !ReserveBody(parser_.content_length().value_or(0))) return true;
  if (verdict.expects_continue) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  read_deadline_ms_ = SteadyMillis() + parts_.options.body_timeout_ms;
  phase_ = Phase::kBody;
  return true;
}

bool Session::StepBody() {
  const std::string_view bytes = Buffered();
  if (bytes.empty()) return false;
  const size_t taken = parser_.Feed(bytes, exchange_.request);
  begin_ += taken;
  exchange_.request_bytes = parser_.body_bytes();
  if (parser_.body_bytes() >= exchange_.next_progress_bytes) {
    exchange_.next_progress_bytes = parser_.body_bytes() + kProgressBytes;
    read_deadline_ms_ = SteadyMillis() + parts_.options.body_timeout_ms;
  }
  switch (parser_.state()) {
    case RequestParser::State::kBodyTooLarge:
      Refuse(413, "REQUEST_TOO_LARGE",
             fmt::format("the body is larger than the {} bytes that {} {} takes",
                         exchange_.route->max_body_bytes, exchange_.route->method,
                         exchange_.route->pattern));
      return true;
    case RequestParser::State::kMalformed:
      Refuse(400, "BAD_REQUEST",
             fmt::format("the body's chunks are not well-formed: {}", parser_.problem()));
      return true;
    default:
      break;
  }
  const bool is_done = parser_.state() == RequestParser::State::kDone;
  HttpRequest& request = exchange_.request;
  if (!is_done && taken == 0) {
    if (static_cast<int64_t>(bytes.size()) < parts_.options.max_header_bytes) return false;
    Refuse(400, "BAD_REQUEST", "a chunk's size, or what follows the last chunk, is too long");
    return true;
  }
  if (exchange_.rejection.has_value()) {
    request.body.clear();
    if (is_done) Respond(std::move(*exchange_.rejection));
    return true;
  }
  if (exchange_.route->spool_body) {
    return is_done || request.body.size() >= kSpoolPiece ? SpoolPiece(is_done) : true;
  }
  if (!ReserveBody(static_cast<int64_t>(request.body.size()))) return true;
  return is_done ? OnRequest() : true;
}

bool Session::ReserveBody(int64_t bytes) {
  if (bytes <= kFreeBodyBytes || bytes <= body_memory_.bytes()) return true;
  if (body_memory_.bytes() == 0) {
    auto reserved =
        parts_.env.arbiter.Reserve(ResourceClass::kServing, bytes, "bodies of HTTP requests");
    if (reserved.has_value()) {
      body_memory_ = std::move(*reserved);
      return true;
    }
  } else if (body_memory_.Resize(std::max(bytes, 2 * body_memory_.bytes())).has_value() ||
             body_memory_.Resize(bytes).has_value()) {
    return true;
  }
  RefuseBusy("no memory for the request's body at the moment; try again");
  return false;
}

bool Session::SpoolPiece(bool is_last) {
  phase_ = Phase::kSpooling;
  WorkerQueue::Job job = [self = shared_from_this(), bytes = std::move(exchange_.request.body),
                          spool = exchange_.spool, is_last]() mutable {
    Status status = OkStatus();
    if (spool == nullptr) {
      auto created = BodySpool::Create(self->parts_.env, self->parts_.options.spool_dir);
      if (created.has_value()) {
        spool = std::move(*created);
      } else {
        status = std::unexpected(created.error());
      }
    }
    if (status.has_value()) status = spool->Append(bytes);
    if (status.has_value() && is_last) status = spool->Finish();
    EventLoop& loop = self->loop_;
    loop.Post([self = std::move(self), spool = std::move(spool), status = std::move(status),
               is_last]() mutable {
      self->exchange_.spool = std::move(spool);
      self->OnSpooled(std::move(status), is_last);
    });
  };
  exchange_.request.body.clear();
  // One job a connection: the queue is bounded by their number. It refuses only when it stops.
  if (!parts_.files->TrySubmit(job)) RefuseBusy("the server is about to stop");
  return false;
}

void Session::OnSpooled(Status status, bool is_last) {
  Guarded([&] {
    if (!status.has_value()) {
      exchange_.must_close = exchange_.must_close || !is_last;
      Respond(ErrorResponse(status.error()));
      return Advance();
    }
    phase_ = Phase::kBody;
    if (is_last) OnRequest();
    Advance();
  });
}

bool Session::OnRequest() {
  const Route& route = *exchange_.route;
  if (exchange_.spool != nullptr) exchange_.request.body_file = exchange_.spool->path();
  if (route.thread == RouteThread::kInline) {
    Respond(parts_.router.Answer(std::move(exchange_.match), exchange_.request));
    return true;
  }
  phase_ = Phase::kHandling;
  // Shared, so that a job that the queue refuses gives the request back.
  auto work = std::make_shared<Work>(Work{.request = std::move(exchange_.request),
                                          .match = std::move(exchange_.match),
                                          .spool = std::move(exchange_.spool)});
  WorkerQueue::Job job = [self = shared_from_this(), work]() mutable {
    work->response = self->parts_.router.Answer(std::move(work->match), work->request);
    work->spool.reset();  // unless the handler has moved the file, it goes
    EventLoop& loop = self->loop_;
    loop.Post([self = std::move(self), work = std::move(work)] { self->OnAnswer(*work); });
  };
  if (parts_.workers->TrySubmit(job)) return false;
  exchange_.request = std::move(work->request);
  RefuseBusy("all workers are busy and too many requests wait; try again in a second");
  return true;
}

void Session::StartRead() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (phase_ == Phase::kIdle) {
    read_deadline_ms_ = SteadyMillis() + parts_.options.idle_timeout_ms;
    if (buffer_.size() > 4 * kSmallBuffer) buffer_ = std::vector<char>();
  }
  const size_t wanted = phase_ == Phase::kBody ? kLargeBuffer : kSmallBuffer;
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
  is_reading_ = true;
  transport_->Read(shared_from_this(), buffer_.data() + end_, buffer_.size() - end_);
}

void Session::CheckDeadline(int64_t now_ms) {
  Guarded([&] {
    if (is_writing_ && now_ms >= write_deadline_ms_) return Close();
    if (is_writing_ || now_ms < read_deadline_ms_) return;
    if (phase_ == Phase::kLingering) return Close();
    if (!is_reading_) return;
    if (phase_ == Phase::kHeader) {
      Refuse(408, "REQUEST_TIMEOUT",
             fmt::format("the request's header took longer than {} ms",
                         parts_.options.header_timeout_ms));
    } else if (phase_ == Phase::kBody) {
      Refuse(408, "REQUEST_TIMEOUT",
             fmt::format("less than {} bytes of the body came in {} ms", kProgressBytes,
                         parts_.options.body_timeout_ms));
    } else {
      return Close();
    }
    Advance();
  });
}

void Session::BeginStop() {
  Guarded([&] {
    is_last_ = true;
    const bool is_idle = phase_ == Phase::kIdle && !is_writing_ && out_.empty();
    if (is_idle || phase_ == Phase::kHandshake) Close();
  });
}

void Session::Cut() {
  Close();
}

}  // namespace millpond
