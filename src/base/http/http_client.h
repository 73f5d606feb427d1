// HTTP and HTTPS requests out of Millpond, by libcurl: webhooks, and what tests ask of a server.
// One call, one request; redirects are not followed.
#pragma once

#include <string>
#include <vector>

#include "base/cancellation.h"
#include "base/result.h"

namespace millpond {

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  int timeout_ms = 10'000;
  int64_t max_response_bytes = int64_t{16} << 20;
};

struct HttpReply {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// kUnavailable: no answer (the message names the host and why). Any status is an answer.
Result<HttpReply> SendHttp(const HttpCall& call, const CancellationToken& cancellation = {});

}  // namespace millpond
