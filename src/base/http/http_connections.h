// HTTP and HTTPS requests by libcurl over connections that are kept for the next request: for an
// adapter of one remote store, which asks often and for parts. Bodies are sent from the caller's
// memory and received into it; a request may be signed as AWS wants it (Signature Version 4).
// Redirects are not followed, certificates are verified, nothing is repeated. Errors and logs show
// a URL without its query, and never a key.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancellation.h"
#include "base/http/http_client.h"

namespace millpond {

// Whose signature a request carries. libcurl signs method, path, query and all headers; it takes
// path and query as they are, so they must stand in AWS's canonical form (each byte escaped that is
// not unreserved, the query sorted).
struct AwsSigner {
  std::string access_key_id;
  std::string secret_access_key;
  std::string region;
  std::string service = "s3";
};

struct HttpExchange {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string_view body = {};  // borrowed until Send returns
  // Where the body of a 2xx answer goes, if not empty; other bodies go to HttpReply::body. A longer
  // one is an error.
  std::span<char> into = {};
  int64_t max_response_bytes = int64_t{16} << 20;  // of HttpReply::body
  const AwsSigner* signer = nullptr;

  int64_t received = 0;  // of `into`: after a connection that broke, too
};

struct HttpConnectionOptions {
  int connect_timeout_ms = 10'000;
  int stall_timeout_s = 30;  // without a byte in either direction
  size_t max_idle = 32;      // connections kept
  std::string ca_file = {};  // PEM of whom to trust; "": the system's
};

class HttpConnections {
 public:
  explicit HttpConnections(HttpConnectionOptions options);
  ~HttpConnections();
  HttpConnections(const HttpConnections&) = delete;
  HttpConnections& operator=(const HttpConnections&) = delete;

  // Any status is an answer. kUnavailable: no connection, so nothing was sent. kOutcomeUnknown:
  // what was sent may have arrived, but no whole answer came. kInvalidArgument: no http or https
  // URL. kResourceExhausted: a longer answer than there is room for. kCancelled within a second of
  // Cancel: may have arrived. Blocks; thread-safe, each thread on a connection of its own.
  Result<HttpReply> Send(HttpExchange& exchange, const CancellationToken& cancellation);

 private:
  struct Idle;  // handles of libcurl, each with its connections

  HttpConnectionOptions options_;
  std::unique_ptr<Idle> idle_;
};

}  // namespace millpond
