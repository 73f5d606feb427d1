#include "base/s3/s3_client.h"

#include <algorithm>

#include "base/s3/s3_answers.h"
#include "base/sha256.h"

namespace millpond {
namespace {

bool IsSuccess(const HttpReply& reply) {
  return reply.status >= 200 && reply.status < 300;
}

// A store that copies or puts parts together may say 200 first and then that it failed.
bool HasFailedAfterwards(StoreRequest kind, const HttpReply& reply) {
  if (!IsSuccess(reply) || (kind != StoreRequest::kPut && kind != StoreRequest::kPost))
    return false;
  const std::string code = ParseErrorAnswer(reply.body).code;
  return code == "InternalError" || code == "SlowDown" || code == "ServiceUnavailable";
}

// Another try may fare better. 409: another write of the same object was in the way.
bool MayPass(StoreRequest kind, const HttpReply& reply) {
  if (HasFailedAfterwards(kind, reply)) return true;
  switch (reply.status) {
    case 409:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    case 400:
      return ParseErrorAnswer(reply.body).code == "RequestTimeout";
    default:
      return false;
  }
}

// The gate in front of a store may lose its answer after the store has done the work.
bool MayHaveWorked(const HttpReply& reply) {
  return reply.status >= 500 || IsSuccess(reply);
}

std::string_view MethodOf(StoreRequest kind) {
  return kind == StoreRequest::kList ? "GET" : ToString(kind);
}

std::string_view VerbOf(StoreRequest kind) {
  switch (kind) {
    case StoreRequest::kGet:
      return "read";
    case StoreRequest::kHead:
      return "look at";
    case StoreRequest::kList:
      return "list";
    case StoreRequest::kDelete:
      return "remove";
    case StoreRequest::kPut:
    case StoreRequest::kPost:
      break;
  }
  return "write";
}

}  // namespace

S3Client::S3Client(S3ClientOptions options)
    : options_(std::move(options)),
      signer_{options_.config.credentials.access_key_id,
              options_.config.credentials.secret_access_key, options_.config.region},
      connections_([&] {
        HttpConnectionOptions connections = options_.connections;
        connections.ca_file = options_.config.ca_file;
        return connections;
      }()) {}

HttpExchange S3Client::MakeExchange(const S3Request& request, const std::string& body_hash) const {
  const S3Config& config = options_.config;
  HttpExchange exchange;
  exchange.method = MethodOf(request.kind);
  exchange.url = config.BaseUrl(request.target.bucket) + config.PathPrefix(request.target.bucket) +
                 "/" + EscapeKey(request.target.key);
  if (!request.query.empty()) exchange.url += "?" + MakeQuery(request.query);
  exchange.headers = request.headers;
  exchange.headers.emplace_back("x-amz-content-sha256", body_hash);
  if (!config.credentials.session_token.empty()) {
    exchange.headers.emplace_back("x-amz-security-token", config.credentials.session_token);
  }
  // libcurl would call the body a form.
  if (request.kind == StoreRequest::kPut || request.kind == StoreRequest::kPost) {
    exchange.headers.emplace_back("Content-Type", "application/octet-stream");
  }
  exchange.body = request.body;
  exchange.into = request.into;
  exchange.signer = &signer_;
  return exchange;
}

Result<HttpReply> S3Client::Send(S3Request& request) {
  HttpExchange exchange = MakeExchange(request, Sha256::Hex(request.body));
  RetryLimits limits = options_.retry;
  if (request.max_tries > 0) limits.max_tries = std::min(limits.max_tries, request.max_tries);
  Backoff backoff(limits, *options_.clock, *options_.random, options_.wait);
  bool& may_have_worked = request.may_have_worked;
  const auto fail = [&](ErrorKind otherwise, std::string why) {
    return Fail(may_have_worked ? ErrorKind::kOutcomeUnknown : otherwise, "{}", why);
  };
  while (true) {
    if (request.still_wanted && !request.still_wanted()) {
      return fail(ErrorKind::kCancelled,
                  fmt::format("not put, as the caller did not want it any more: {}",
                              request.target.ToString()));
    }
    if (options_.cancellation.cancelled()) return fail(ErrorKind::kCancelled, "cancelled");
    auto reply = connections_.Send(exchange, options_.cancellation);
    request.received = exchange.received;
    if (options_.counts != nullptr) {
      options_.counts->Add(
          request.kind, static_cast<int64_t>(request.body.size()),
          exchange.received + (reply.has_value() ? static_cast<int64_t>(reply->body.size()) : 0),
          backoff.tries() > 0);
    }
    std::string why;
    if (reply.has_value()) {
      if (!MayPass(request.kind, *reply)) return reply;
      may_have_worked = may_have_worked || MayHaveWorked(*reply);
      why = ErrorOf(*reply, VerbOf(request.kind), request).message();
    } else {
      const ErrorKind kind = reply.error().kind();
      may_have_worked =
          may_have_worked || kind == ErrorKind::kOutcomeUnknown || kind == ErrorKind::kCancelled;
      why = options_.config.credentials.Redact(fmt::format("cannot {} {}: {}", VerbOf(request.kind),
                                                           request.target.ToString(),
                                                           reply.error().message()));
      if (kind != ErrorKind::kUnavailable && kind != ErrorKind::kOutcomeUnknown) {
        return fail(kind, std::move(why));
      }
    }
    auto again = backoff.Next(options_.cancellation);
    if (!again.has_value()) return fail(again.error().kind(), std::move(why));
    if (!*again) {
      return fail(ErrorKind::kUnavailable, fmt::format("{} (given up after {} tries in {} ms)", why,
                                                       backoff.tries(), backoff.elapsed_ms()));
    }
  }
}

Result<HttpReply> S3Client::SendForAnswer(S3Request& request) {
  auto reply = Send(request);
  if (reply.has_value() || reply.error().kind() != ErrorKind::kOutcomeUnknown) return reply;
  MP_RETURN_IF_ERROR(options_.cancellation.Check());
  return Fail(ErrorKind::kUnavailable, "{}", reply.error().message());
}

Result<HttpReply> S3Client::SendForSuccess(S3Request& request) {
  MP_ASSIGN_OR_RETURN(HttpReply reply, SendForAnswer(request));
  if (IsSuccess(reply)) return reply;
  return std::unexpected<Error>(ErrorOf(reply, VerbOf(request.kind), request));
}

Error S3Client::ErrorOf(const HttpReply& reply, std::string_view doing,
                        const S3Request& request) const {
  const S3Config& config = options_.config;
  S3ErrorAnswer answer = ParseErrorAnswer(reply.body);
  if (answer.region.empty()) answer.region = FindHeader(reply, "x-amz-bucket-region");
  const std::string path = request.target.ToString();
  const auto error = [&](ErrorKind kind, std::string_view remedy) {
    return Error(kind, config.credentials.Redact(
                           fmt::format("cannot {} {}: {}{}{}{}{}", doing, path, reply.status,
                                       answer.code.empty() ? "" : " " + answer.code,
                                       answer.message.empty() ? "" : " (" + answer.message + ")",
                                       remedy.empty() ? "" : "; ", remedy)));
  };
  const std::string keys = fmt::format("the keys are those of {}", config.credentials.source);
  if (answer.code == "NoSuchBucket") {
    return error(
        ErrorKind::kInvalidArgument,
        fmt::format("there is no bucket {} at {}", request.target.bucket, config.ShownEndpoint()));
  }
  if (answer.code == "ExpiredToken" || answer.code == "InvalidToken" ||
      answer.code == "TokenRefreshRequired") {
    return error(ErrorKind::kPermissionDenied,
                 keys + ", and their session token is no longer good: get new ones");
  }
  if (answer.code == "RequestTimeTooSkewed") {
    return error(ErrorKind::kPermissionDenied,
                 "this machine's clock differs too much from the store's: set it right");
  }
  const bool is_elsewhere = reply.status == 301 || reply.status == 307 ||
                            answer.code == "AuthorizationHeaderMalformed" ||
                            answer.code == "PermanentRedirect";
  if (is_elsewhere) {
    return error(
        ErrorKind::kInvalidArgument,
        answer.region.empty()
            ? fmt::format("the bucket is not in region {}: set AWS_REGION", config.region)
            : fmt::format("the bucket is in region {}: set AWS_REGION to it", answer.region));
  }
  switch (reply.status) {
    case 401:
    case 403:
      return error(ErrorKind::kPermissionDenied,
                   keys + ": check them, and what the bucket's policy lets them do");
    case 404:
      return error(ErrorKind::kNotFound, "");
    case 409:
      return error(ErrorKind::kUnavailable, "other writes of it were in the way");
    case 412:
      return error(ErrorKind::kConflict, "");
    case 501:
      return error(ErrorKind::kUnsupported, "the store does not know this kind of request");
    default:
      break;
  }
  return error(reply.status >= 400 && reply.status < 500 && reply.status != 429
                   ? ErrorKind::kInvalidArgument
                   : ErrorKind::kUnavailable,
               "");
}

}  // namespace millpond
