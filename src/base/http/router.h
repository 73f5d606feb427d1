// Which handler answers which method and path. Routes are declared beside what they serve
// (platform/tracking, model/serving …) and put together by app; the same declarations make the
// OpenAPI document, so the document cannot forget a route.
//
//   router.Add({.method = "GET", .pattern = "/api/features/{view}", .handler = …,
//               .doc = {.summary = "A feature view", .tag = "features"}});
//
// Patterns: {name} matches one segment (never empty), {name...} as the last one the whole rest
// (which may be empty, and so may its slash). Literal segments win over parameters; HEAD is
// answered by GET's route. Two routes that could not be told apart are a bug, and a CHECK. Add
// everything before the server starts; Find and Dispatch are thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/message.h"
#include "base/json.h"

namespace millpond {

// Runs on a thread of the server. May throw nothing; an Error becomes ErrorResponse.
using HttpHandler = std::function<Result<HttpResponse>(const HttpRequest&)>;

enum class RouteThread {
  kInline,   // on the I/O thread: microseconds, no file, no lock that is held for long
  kBlocking  // on a worker; when all are busy and the queue is full the answer is 503
};

// For the OpenAPI document. Schemas are JSON Schema; null: none stated.
struct RouteDoc {
  std::string summary = {};
  std::string tag = {};
  Json request = nullptr;               // of the body
  Json response = nullptr;              // of a 200
  std::vector<std::string> query = {};  // names of query fields
};

struct Route {
  std::string method = "GET";
  std::string pattern = "/";
  HttpHandler handler = {};
  RouteThread thread = RouteThread::kBlocking;
  int64_t max_body_bytes = int64_t{16} << 20;  // over it: 413
  bool spool_body = false;                     // the body goes to request.body_file
  bool open = false;                           // answers without a token (/healthz)
  RouteDoc doc = {};
};

class Router {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  void Add(Route route);

  struct Match {
    const Route* route = nullptr;           // null: no such path, or
    std::vector<std::string> allowed = {};  // … these methods only
    std::map<std::string, std::string> parameters = {};
  };
  Match Find(std::string_view method, std::string_view path) const;

  // Find, and the handler's answer; 404, 405 and errors as ErrorResponse. What tests of handlers
  // call.
  HttpResponse Dispatch(HttpRequest request) const;
  // The second half of Dispatch, for the server, which has to know the route before the body is
  // there. Fills request.parameters.
  HttpResponse Answer(Match match, HttpRequest& request) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace millpond
