// A response's status line and header as they go over the wire. What a handler put into a header
// value can not end the line: control characters become blanks.
#pragma once

#include <cstdint>
#include <string>

#include "base/http/message.h"

namespace millpond {

struct ResponseFraming {
  int64_t content_length = 0;  // of the body, also where HEAD leaves it away
  bool keep_alive = true;
  bool http_1_0 = false;  // the client's version: then keep-alive has to be said
  std::string_view request_id = {};
};

void AppendResponseHead(const HttpResponse& response, const ResponseFraming& framing,
                        std::string& out);

// 204 and 304 have none.
bool StatusHasBody(int status);

}  // namespace millpond
