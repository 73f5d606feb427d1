// HTTP and HTTPS requests out of Millpond, by libcurl: webhooks, and what tests ask of a server.
// One call, one connection, one request (many to one server: http_connections.h); redirects are not
// followed, certificates are verified, no other protocol is spoken. Errors show a URL without user,
// password and query.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
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
  std::string ca_file = {};  // PEM of whom to trust; "": the system's
};

struct HttpReply {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// The value of the header of that name, in any case of letters; "" if there is none.
std::string_view FindHeader(const HttpReply& reply, std::string_view name);

// kUnavailable: no answer (the message names the host and why); what was sent may have arrived.
// kInvalidArgument: no http or https URL. kResourceExhausted: an answer over max_response_bytes.
// kCancelled within a second of Cancel. Any status is an answer. Blocks; thread-safe.
Result<HttpReply> SendHttp(const HttpCall& call, const CancellationToken& cancellation = {});

}  // namespace millpond
