// The patterns stand in a tree of segments. A path is matched by going down it, literal children
// first, then the parameter, then the rest; a branch that has the path but not the method is only
// remembered for Allow, so that GET /runs/search and POST /runs/{id} can stand side by side.
#include "base/http/router.h"

#include <algorithm>
#include <exception>
#include <set>
#include <span>

#include "base/check.h"

namespace millpond {
namespace {

// "/a/{b}" → "a", "{b}"; "/" → "".
std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == path.npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

struct Router::Node {
  // A pattern's end: the route of each method, and how it calls the parameters on the way.
  struct End {
    const Route* route = nullptr;
    std::vector<std::string> names = {};
  };
  using Ends = std::map<std::string, End, std::less<>>;

  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals = {};
  std::unique_ptr<Node> parameter = {};
  Ends ends = {};
  Ends rest_ends = {};  // of "{name...}" below this node

  struct Search {
    std::string_view method;
    std::set<std::string> allowed = {};
    std::vector<std::string_view> values = {};
    const End* found = nullptr;
    std::string_view rest = {};
  };

  static const End* ByMethod(const Ends& ends, Search& search) {
    auto found = ends.find(search.method);
    if (found == ends.end() && search.method == "HEAD") found = ends.find("GET");
    if (found != ends.end()) return &found->second;
    for (const auto& [method, end] : ends) {
      search.allowed.insert(method);
      if (method == "GET") search.allowed.insert("HEAD");
    }
    return nullptr;
  }

  // `path` ends where the last segment ends; `segments` are those that are left of it.
  bool Find(std::span<const std::string_view> segments, std::string_view path,
            Search& search) const {
    if (segments.empty()) {
      if ((search.found = ByMethod(ends, search)) != nullptr) return true;
      search.rest = {};
      return (search.found = ByMethod(rest_ends, search)) != nullptr;
    }
    auto literal = literals.find(segments[0]);
    if (literal != literals.end() && literal->second->Find(segments.subspan(1), path, search)) {
      return true;
    }
    if (parameter != nullptr && !segments[0].empty()) {
      search.values.push_back(segments[0]);
      if (parameter->Find(segments.subspan(1), path, search)) return true;
      search.values.pop_back();
    }
    search.rest = path.substr(static_cast<size_t>(segments[0].data() - path.data()));
    return (search.found = ByMethod(rest_ends, search)) != nullptr;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::Add(Route route) {
  CHECK(route.pattern.starts_with('/'));
  CHECK(route.handler != nullptr);
  Node* node = root_.get();
  Node::Ends* ends = nullptr;
  std::vector<std::string> names;
  for (std::string_view segment : SplitPath(route.pattern)) {
    CHECK(ends == nullptr);  // {name...} can only be the last segment
    if (!segment.starts_with('{')) {
      auto& child = node->literals[std::string(segment)];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    CHECK(segment.ends_with('}'));
    std::string_view name = segment.substr(1, segment.size() - 2);
    if (name.ends_with("...")) {
      name.remove_suffix(3);
      ends = &node->rest_ends;
    } else {
      if (node->parameter == nullptr) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    }
    CHECK(!name.empty());
    CHECK(std::find(names.begin(), names.end(), name) == names.end());
    names.emplace_back(name);
  }
  if (ends == nullptr) ends = &node->ends;
  auto owned = std::make_unique<Route>(std::move(route));
  const bool is_new = ends->emplace(owned->method, Node::End{owned.get(), names}).second;
  if (!is_new) {
    internal::CheckFailed(__FILE__, __LINE__,
                          fmt::format("two routes {} {}", owned->method, owned->pattern));
  }
  routes_.push_back(std::move(owned));
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  const std::vector<std::string_view> segments = SplitPath(path);
  Node::Search search{.method = method};
  if (!root_->Find(segments, path, search)) {
    match.allowed.assign(search.allowed.begin(), search.allowed.end());
    return match;
  }
  match.route = search.found->route;
  const std::vector<std::string>& names = search.found->names;
  for (size_t i = 0; i < names.size(); ++i) {
    match.parameters.emplace(names[i], i < search.values.size() ? search.values[i] : search.rest);
  }
  return match;
}

HttpResponse Router::Dispatch(HttpRequest request) const {
  Match match = Find(request.method, request.path);
  return Answer(std::move(match), request);
}

HttpResponse Router::Answer(Match match, HttpRequest& request) const {
  if (match.route == nullptr) {
    if (match.allowed.empty()) {
      return ErrorResponse(
          404, "ENDPOINT_NOT_FOUND",
          fmt::format("nothing answers at {}; /openapi.json lists what does", request.path));
    }
    const std::string methods = JoinNames(match.allowed);
    HttpResponse response = ErrorResponse(
        405, "METHOD_NOT_ALLOWED",
        fmt::format("{} does not take {}; use one of: {}", request.path, request.method, methods));
    response.headers.Add("Allow", methods);
    return response;
  }
  request.parameters = std::move(match.parameters);
  // The last catch of a request: what a library let through must not end the server.
  try {
    Result<HttpResponse> answer = match.route->handler(request);
    return answer.has_value() ? std::move(*answer) : ErrorResponse(answer.error());
  } catch (const std::exception& e) {
    return ErrorResponse(
        Error(ErrorKind::kInternal, fmt::format("{} {} met an exception: {}", match.route->method,
                                                match.route->pattern, e.what())));
  }
}

}  // namespace millpond
