// Bytes to requests, by Beast's parser, which is strict: no bare LF, no Content-Length beside
// Transfer-Encoding, no two lengths. Beside its own limits this one bounds the header as a whole
// and the body as it comes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/http/message.h"

namespace millpond {

class RequestParser {
 public:
  enum class State {
    kHeader,  // its end has not come yet
    kBody,
    kDone,
    kMalformed,
    kHeaderTooLarge,
    kBodyTooLarge
  };

  explicit RequestParser(int64_t max_header_bytes);
  ~RequestParser();

  // Forgets everything: the next bytes begin a request.
  void Reset();

  // Takes what it can of `bytes` and says how many that are; the caller gives the rest again, with
  // more behind it. Never reads past the end of the header in one call with it, so that
  // SetBodyLimit can be called between. Fills method and headers of `request`; pieces of the body
  // are appended to request.body.
  size_t Feed(std::string_view bytes, HttpRequest& request);

  State state() const { return state_; }
  const std::string& problem() const { return problem_; }  // for the state kMalformed

  // From the end of the header on:
  const std::string& target() const { return target_; }
  bool http_1_0() const { return http_1_0_; }
  bool keep_alive() const;
  bool has_body() const { return state_ == State::kBody; }
  std::optional<int64_t> content_length() const;
  int64_t body_bytes() const { return body_bytes_; }
  void SetBodyLimit(int64_t bytes) { max_body_bytes_ = bytes; }

 private:
  class Beast;

  const int64_t max_header_bytes_;
  int64_t max_body_bytes_ = 0;
  State state_ = State::kHeader;
  std::string problem_;
  std::string target_;
  bool http_1_0_ = false;
  int64_t header_bytes_ = 0;
  int64_t body_bytes_ = 0;
  std::unique_ptr<Beast> beast_;
};

}  // namespace millpond
