// One connection: reads requests, has them judged and answered, writes the answers in the order of
// the requests. Lives on one loop's thread. Half of it stands in session.cc (bytes to requests),
// half in session_answer.cc (answers to bytes).
//
//   handshake ─► idle ─► header ─► body ⇄ spooling ─► handling ─► (sending file) ─► idle …
//                                                        └─► ending ─► lingering ─► closed
//
// While the phase is idle, header or body the session itself has the next move. In spooling,
// handling and sending file another thread has it: it owns what it works on, and posts the outcome
// back. Writing goes on beside all phases: what is to be sent gathers in out_, so that a pipeline
// of small requests is answered by one write.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/http/body_spool_internal.h"
#include "base/http/event_loop_internal.h"
#include "base/http/request_parser_internal.h"
#include "base/http/server_parts_internal.h"
#include "base/http/transport_internal.h"
#include "base/log.h"

namespace millpond {

class Session final : public TransportOwner,
                      public LoopMember,
                      public std::enable_shared_from_this<Session> {
 public:
  // The connection has been counted by parts.connections.
  Session(ServerParts& parts, EventLoop& loop, std::unique_ptr<Transport> transport,
          std::string remote);
  ~Session() override;

  void Start();

  void OnHandshake(bool ok) override;
  void OnRead(size_t bytes) override;
  void OnWritten(size_t bytes) override;
  void OnLingered() override;

  void CheckDeadline(int64_t now_ms) override;
  void BeginStop() override;
  void Cut() override;

 private:
  enum class Phase {
    kHandshake,
    kIdle,
    kHeader,
    kBody,
    kSpooling,
    kHandling,
    kSendingFile,
    kEnding,  // closes when all is written
    kLingering,
    kClosed
  };

  // One request and its answer.
  struct Exchange {
    HttpRequest request = {};
    Router::Match match = {};
    const Route* route = nullptr;
    std::chrono::steady_clock::time_point begin = {};
    bool is_counted = false;  // in flight
    bool must_close = false;  // after the answer
    bool http_1_0 = false;
    std::optional<HttpResponse> rejection = {};  // sent when the small body has been read
    std::shared_ptr<BodySpool> spool = {};
    int64_t request_bytes = 0;
    int64_t next_progress_bytes = 0;  // of the body: then its deadline moves on
    HttpResponse response = {};       // of a file
    std::shared_ptr<RandomAccessFile> file = {};
    int64_t file_offset = 0;
  };
  // What a worker has in its hands.
  struct Work {
    HttpRequest request = {};
    Router::Match match = {};
    std::shared_ptr<BodySpool> spool = {};
    HttpResponse response = {};
  };
  struct FilePiece {
    std::shared_ptr<RandomAccessFile> file = {};
    std::string bytes = {};
  };

  // -- session.cc
  template <typename Body>
  void Guarded(Body body);
  bool MayParse() const;
  void Advance();     // as far as the bytes at hand go
  void Continue();    // with a write, a read, or the end
  bool StepHeader();  // false: it is not this session's move, or more bytes are needed
  bool StepBody();
  bool OnHeader();
  bool OnRequest();
  bool SpoolPiece(bool is_last);
  void OnSpooled(Status status, bool is_last);
  bool ReserveBody(int64_t bytes);
  void RemoveLineEnds();
  void StartRead();
  std::string_view Buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }

  // -- session_answer.cc
  void Refuse(int status, std::string_view error_code, std::string_view message);
  void RefuseBusy(std::string_view message);
  void OnAnswer(Work& work);
  void Respond(HttpResponse response);
  void AppendHead(const HttpResponse& response, int64_t content_length);
  void LoadFilePiece();
  void OnFilePiece(Result<FilePiece> piece);
  void Record(int status, int64_t response_bytes);  // in metrics and access log
  void EndExchange(int status, int64_t response_bytes);
  void StartWrite();
  void WriteSome();
  void Linger();
  void Close();

  ServerParts& parts_;
  EventLoop& loop_;
  std::unique_ptr<Transport> transport_;
  const std::string remote_;
  Phase phase_ = Phase::kHandshake;
  RequestParser parser_;
  Exchange exchange_;
  MemoryReservation body_memory_;
  bool is_last_ = false;       // no request after the present one
  bool is_cut_short_ = false;  // the last request was answered before its end

  bool is_reading_ = false;
  int64_t read_deadline_ms_ = 0;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;

  bool is_writing_ = false;
  bool is_loading_ = false;  // a piece of a file is on its way
  int64_t write_deadline_ms_ = 0;
  std::string out_;       // to be sent next
  std::string out_tail_;  // … and a large body after it
  std::string sending_;   // under way
  std::string sending_tail_;
  size_t sent_ = 0;
};

// The last catch of a connection: memory that ran out, say, ends this one alone.
template <typename Body>
void Session::Guarded(Body body) {
  if (phase_ == Phase::kClosed) return;
  try {
    body();
  } catch (const std::exception& e) {
    LogWarn("http", "the connection of {} ends: {}", remote_, e.what());
    Close();
  }
}

}  // namespace millpond
