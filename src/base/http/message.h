// What an HTTP handler takes and gives. Plain values: no type of the server library is seen outside
// http_server.cc and http_client.cc, so a handler is tested without a socket.
//
// Every error of Millpond's HTTP surface has the one form that MLflow's clients read:
//   {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "…"}
// with the status that belongs to it (ErrorResponse has the table).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_fwd.h"
#include "base/result.h"

namespace millpond {

// Without regard to the case of ASCII letters, as names of headers and tokens in them are compared.
bool SameToken(std::string_view a, std::string_view b);

// In the order in which they came; names without regard to case.
class HttpHeaders {
 public:
  void Add(std::string name, std::string value);
  // The first one of this name; "" if there is none.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
  std::string method = {};  // "GET"
  std::string path = {};    // percent-decoded, without the query
  std::vector<std::pair<std::string, std::string>> query = {};  // decoded, in order
  HttpHeaders headers = {};
  std::string body = {};  // whole, unless the route spools it:
  // … then a file, fsynced, which is removed after the handler unless it moved it
  std::string body_file = {};
  std::map<std::string, std::string> parameters = {};  // of the route: {name} in its pattern
  std::string principal = {};                          // who asks, as the Authenticator said
  std::string remote = {};                             // "127.0.0.1:50312"
  std::string id = {};                                 // of this request: X-Request-Id, or drawn

  // The first value of a query field; none if it is not there.
  std::optional<std::string_view> Query(std::string_view name) const;
  const std::string& Parameter(const std::string& name) const;  // "" if the route has none
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::string body_file = {};  // sent in place of body; never removed
  HttpHeaders headers = {};    // beside Content-Type, Content-Length, Connection, X-Request-Id
};

HttpResponse JsonResponse(const Json& json, int status = 200);
HttpResponse JsonResponse(const OrderedJson& json, int status = 200);
HttpResponse TextResponse(std::string text, int status = 200);

// kind → status, error_code:
//   kNotFound 404 RESOURCE_DOES_NOT_EXIST     kAlreadyExists 400 RESOURCE_ALREADY_EXISTS
//   kInvalidArgument 400 INVALID_PARAMETER_VALUE   kConflict 409 RESOURCE_CONFLICT
//   kPermissionDenied 403 PERMISSION_DENIED   kUnsupported 501 NOT_IMPLEMENTED
//   kResourceExhausted 429 REQUEST_LIMIT_EXCEEDED  kUnavailable, kOutcomeUnknown, kCancelled
//   503 TEMPORARILY_UNAVAILABLE   kCorrupt, kInternal 500 INTERNAL_ERROR
HttpResponse ErrorResponse(const Error& error);
// For what has no kind of its own: 401, 405, 408, 413, 415, 431.
HttpResponse ErrorResponse(int status, std::string_view error_code, std::string_view message);

// The body as a JSON object; kInvalidArgument says what is wrong and where. An empty body is {}.
Result<Json> JsonBody(const HttpRequest& request);

// "a%20b" → "a b"; none for a bad escape or a NUL. PercentEncode leaves unreserved characters.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank = false);
std::string PercentEncode(std::string_view text);

}  // namespace millpond
