#include "base/http/response_head_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace millpond {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "";  // the reason is for people; a status without one is well-formed
  }
}

void AppendValue(std::string_view value, std::string& out) {
  for (char c : value) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out.push_back(is_control ? ' ' : c);
  }
}

void AppendField(std::string_view name, std::string_view value, std::string& out) {
  AppendValue(name, out);
  out += ": ";
  AppendValue(value, out);
  out += "\r\n";
}

// What the framing says, once; a handler's own would contradict it.
bool IsFraming(std::string_view name) {
  static constexpr std::string_view kNames[] = {"Content-Type", "Content-Length", "Connection",
                                                "Transfer-Encoding", "X-Request-Id"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return SameToken(name, known); });
}

}  // namespace

bool StatusHasBody(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void AppendResponseHead(const HttpResponse& response, const ResponseFraming& framing,
                        std::string& out) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                 Reason(response.status));
  if (StatusHasBody(response.status)) {
    if (!response.content_type.empty()) AppendField("Content-Type", response.content_type, out);
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", framing.content_length);
  }
  AppendField("X-Request-Id", framing.request_id, out);
  // What a user stored is shown as what it was declared to be, never guessed to be a page.
  out += "X-Content-Type-Options: nosniff\r\n";
  // Another site's page cannot show ours under a button of its own.
  if (response.content_type.starts_with("text/html")) out += "X-Frame-Options: SAMEORIGIN\r\n";
  for (const auto& [name, value] : response.headers.all()) {
    if (!IsFraming(name)) AppendField(name, value, out);
  }
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace millpond
