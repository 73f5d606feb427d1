// What is decided when a request's header is there and its body is not: whether it is well-formed,
// comes from where it may, from whom, and for which route; so that nobody has to send, and we do
// not have to keep, a body that will be refused.
#pragma once

#include <optional>

#include "base/http/request_parser_internal.h"
#include "base/http/server_parts_internal.h"

namespace millpond {

struct Verdict {
  Router::Match match = {};
  std::optional<HttpResponse> rejection = {};
  bool must_close = false;  // it is not certain where the next request would begin
  bool expects_continue = false;
};

// Fills path, query, id and principal of `request`.
Verdict JudgeRequest(const ServerParts& parts, const RequestParser& parser, HttpRequest& request);

}  // namespace millpond
