// One request of S3's REST API, signed, repeated where that may help, and its answer or error in
// our words. What the requests are good for is s3_filesystem.h's.
//
// Repeated (backoff.h): no connection, no whole answer, 429, 500, 502, 503, 504, RequestTimeout, an
// error that follows a 200, and 409 for a write that another one was in the way of. Every other
// status is given back.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/cancellation.h"
#include "base/http/http_connections.h"
#include "base/s3/backoff.h"
#include "base/s3/request_counts.h"
#include "base/s3/s3_config.h"
#include "base/s3/s3_path.h"

namespace millpond {

struct S3ClientOptions {
  S3Config config = {};
  const Clock* clock = nullptr;  // the system's: of retries, not of the project
  RandomSource* random = nullptr;
  RequestCounts* counts = nullptr;
  CancellationToken cancellation = {};
  RetryLimits retry = {};
  HttpConnectionOptions connections = {};
  WaitFor wait = WaitOnThisThread;
};

struct S3Request {
  StoreRequest kind = StoreRequest::kGet;
  S3Path target;
  std::vector<std::pair<std::string, std::string>> query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string_view body = {};  // borrowed
  std::span<char> into = {};   // where a 2xx answer's body goes; empty: the reply
  // Asked before each try. No: kCancelled, or kOutcomeUnknown if an earlier try may have worked.
  std::function<bool()> still_wanted = nullptr;
  int max_tries = 0;  // fewer than the client's; 0: the client's

  int64_t received = 0;          // of `into`
  bool may_have_worked = false;  // a try before the answered one
};

class S3Client {
 public:
  explicit S3Client(S3ClientOptions options);

  // The final answer, whatever its status. kUnavailable: no answer, and no try can have had an
  // effect; kOutcomeUnknown: no answer, and one may have. kCancelled.
  Result<HttpReply> Send(S3Request& request);
  // As Send, for a request that reads or may be repeated at will: no answer is kUnavailable.
  Result<HttpReply> SendForAnswer(S3Request& request);
  // Likewise, and a status that is not 2xx is an error (ErrorOf).
  Result<HttpReply> SendForSuccess(S3Request& request);

  // What a status that is not 2xx means. 404: kNotFound; 403 and bad keys: kPermissionDenied; 412:
  // kConflict; no such bucket, one elsewhere, a bad request: kInvalidArgument; 501: kUnsupported;
  // the rest: kUnavailable. `doing`: "read". Without secrets, whatever the store wrote.
  Error ErrorOf(const HttpReply& reply, std::string_view doing, const S3Request& request) const;

  const S3ClientOptions& options() const { return options_; }

 private:
  HttpExchange MakeExchange(const S3Request& request, const std::string& body_hash) const;

  S3ClientOptions options_;
  AwsSigner signer_;
  HttpConnections connections_;
};

}  // namespace millpond
