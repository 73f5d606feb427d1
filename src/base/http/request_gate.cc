#include "base/http/request_gate_internal.h"

#include <algorithm>

#include "base/http/host_check_internal.h"
#include "base/http/request_target_internal.h"

namespace millpond {
namespace {

constexpr size_t kMaxIdLength = 128;

// The client's own id, if it can stand in a header and a log; else one that is drawn.
std::string RequestId(const ServerParts& parts, const HttpHeaders& headers) {
  const std::string_view given = headers.Get("X-Request-Id");
  const bool is_usable =
      !given.empty() && given.size() <= kMaxIdLength &&
      std::all_of(given.begin(), given.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return is_usable ? std::string(given) : fmt::format("{:016x}", parts.env.random.Next());
}

std::optional<HttpResponse> CheckForm(const RequestParser& parser, const HttpRequest& request) {
  const auto hosts =
      std::count_if(request.headers.all().begin(), request.headers.all().end(),
                    [](const auto& field) { return SameToken(field.first, "host"); });
  if (hosts > 1 || (hosts == 0 && !parser.http_1_0())) {
    return ErrorResponse(400, "BAD_REQUEST", "the request must have one Host header");
  }
  const HttpHeaders& headers = request.headers;
  if (headers.Has("Transfer-Encoding") && !SameToken(headers.Get("Transfer-Encoding"), "chunked")) {
    return ErrorResponse(501, "NOT_IMPLEMENTED", "the one Transfer-Encoding known here is chunked");
  }
  if (headers.Has("Content-Encoding") && !SameToken(headers.Get("Content-Encoding"), "identity")) {
    HttpResponse response = ErrorResponse(
        415, "UNSUPPORTED_MEDIA_TYPE", "send the body without compression (no Content-Encoding)");
    response.headers.Add("Accept-Encoding", "identity");
    return response;
  }
  if (headers.Has("Expect") && !SameToken(headers.Get("Expect"), "100-continue")) {
    return ErrorResponse(417, "EXPECTATION_FAILED", "the one expectation known is 100-continue");
  }
  return std::nullopt;
}

std::optional<HttpResponse> CheckPrincipal(const ServerParts& parts, HttpRequest& request) {
  if (parts.authenticator == nullptr) {
    request.principal = "local";
    return std::nullopt;
  }
  auto principal = parts.authenticator->Authenticate(request);
  if (principal.has_value()) {
    request.principal = std::move(*principal);
    return std::nullopt;
  }
  if (principal.error().kind() != ErrorKind::kPermissionDenied) {
    return ErrorResponse(principal.error());
  }
  HttpResponse response = ErrorResponse(401, "UNAUTHENTICATED", principal.error().ToString());
  response.headers.Add("WWW-Authenticate", "Bearer realm=\"millpond\"");
  return response;
}

}  // namespace

Verdict JudgeRequest(const ServerParts& parts, const RequestParser& parser, HttpRequest& request) {
  Verdict verdict;
  request.id = RequestId(parts, request.headers);
  verdict.expects_continue = request.headers.Has("Expect") && !parser.http_1_0();
  auto target = ParseRequestTarget(parser.target());
  if (!target.has_value()) {
    verdict.rejection =
        ErrorResponse(400, "BAD_REQUEST", "the request's path or query is not well-formed");
    verdict.must_close = true;
    return verdict;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  verdict.rejection = CheckForm(parser, request);
  if (verdict.rejection.has_value()) {
    verdict.must_close = true;
    return verdict;
  }
  if (parts.checks_host() && !ComesFromLoopback(request.headers, target->authority)) {
    verdict.rejection = ErrorResponse(
        403, "PERMISSION_DENIED",
        "this server answers to loopback names only (its Host or Origin is another): a web page "
        "must not reach it through a browser");
    return verdict;
  }
  verdict.match = parts.router.Find(request.method, request.path);
  const Route* route = verdict.match.route;
  if (route == nullptr || !route->open) {
    verdict.rejection = CheckPrincipal(parts, request);
    if (verdict.rejection.has_value()) return verdict;
  }
  if (route == nullptr) {
    verdict.rejection = parts.router.Answer(verdict.match, request);
  } else if (parser.content_length().value_or(0) > route->max_body_bytes) {
    verdict.rejection = ErrorResponse(
        413, "REQUEST_TOO_LARGE",
        fmt::format("the body has {} bytes, and {} {} takes at most {}", *parser.content_length(),
                    route->method, route->pattern, route->max_body_bytes));
  }
  return verdict;
}

}  // namespace millpond
