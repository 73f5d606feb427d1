#include "base/http/openapi.h"

#include <set>

namespace millpond {
namespace {

struct PathTemplate {
  std::string path;  // OpenAPI's: "{name...}" is "{name}"
  std::vector<std::string> names = {};
  bool has_rest = false;
};

PathTemplate ReadPattern(const std::string& pattern) {
  PathTemplate result;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      result.path.push_back(pattern[i]);
      continue;
    }
    const size_t end = pattern.find('}', i);
    std::string name = pattern.substr(i + 1, end - i - 1);
    if (name.ends_with("...")) {
      name.resize(name.size() - 3);
      result.has_rest = true;
    }
    result.path += "{" + name + "}";
    result.names.push_back(std::move(name));
    i = end;
  }
  return result;
}

// "GET", "/api/features/{view}" → "get_api_features_view".
std::string OperationId(const Route& route) {
  std::string id;
  for (char c : route.method + route.pattern) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_word) {
      id.push_back(c);
    } else if (!id.empty() && id.back() != '_') {
      id.push_back('_');
    }
  }
  while (id.ends_with('_')) id.pop_back();
  return id;
}

OrderedJson Ordered(const Json& json) {
  return OrderedJson::parse(DumpJson(json));
}

OrderedJson Parameters(const Route& route, const PathTemplate& path) {
  OrderedJson parameters = OrderedJson::array();
  for (const std::string& name : path.names) {
    OrderedJson parameter = {{"name", name}, {"in", "path"}, {"required", true}};
    if (path.has_rest && name == path.names.back()) {
      parameter["description"] = "the rest of the path: may hold '/', and may be empty";
      parameter["x-millpond-rest"] = true;
    }
    parameter["schema"] = {{"type", "string"}};
    parameters.push_back(std::move(parameter));
  }
  for (const std::string& name : route.doc.query) {
    parameters.push_back(
        {{"name", name}, {"in", "query"}, {"required", false}, {"schema", {{"type", "string"}}}});
  }
  return parameters;
}

OrderedJson Operation(const Route& route, const PathTemplate& path) {
  OrderedJson operation;
  operation["operationId"] = OperationId(route);
  if (!route.doc.summary.empty()) operation["summary"] = route.doc.summary;
  if (!route.doc.tag.empty()) operation["tags"] = {route.doc.tag};
  OrderedJson parameters = Parameters(route, path);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (route.spool_body) {
    operation["requestBody"]["content"]["application/octet-stream"] = OrderedJson::object();
  } else if (!route.doc.request.is_null()) {
    operation["requestBody"]["content"]["application/json"]["schema"] = Ordered(route.doc.request);
  }
  OrderedJson& answers = operation["responses"];
  answers["200"]["description"] = "the answer";
  if (!route.doc.response.is_null()) {
    answers["200"]["content"]["application/json"]["schema"] = Ordered(route.doc.response);
  }
  answers["default"]["$ref"] = "#/components/responses/Error";
  if (route.open) operation["security"] = OrderedJson::array();
  return operation;
}

OrderedJson Components() {
  OrderedJson components;
  OrderedJson& error = components["schemas"]["Error"];
  error["type"] = "object";
  error["required"] = {"error_code", "message"};
  error["properties"]["error_code"]["type"] = "string";
  error["properties"]["message"]["type"] = "string";
  OrderedJson& answer = components["responses"]["Error"];
  answer["description"] = "any status of 400 and more";
  answer["content"]["application/json"]["schema"]["$ref"] = "#/components/schemas/Error";
  components["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  return components;
}

}  // namespace

OrderedJson OpenApiDocument(const Router& router, const std::string& title,
                            const std::string& version) {
  OrderedJson document;
  document["openapi"] = "3.1.0";
  document["info"] = {{"title", title}, {"version", version}};
  // Without tokens configured a server asks nobody for one: hence the empty alternative.
  document["security"] = {{{"token", OrderedJson::array()}}, OrderedJson::object()};
  std::set<std::string> tags;
  OrderedJson& paths = document["paths"] = OrderedJson::object();
  for (const auto& route : router.routes()) {
    const PathTemplate path = ReadPattern(route->pattern);
    std::string method = OperationId({.method = route->method, .pattern = ""});
    paths[path.path][method] = Operation(*route, path);
    if (!route->doc.tag.empty()) tags.insert(route->doc.tag);
  }
  OrderedJson& listed = document["tags"] = OrderedJson::array();
  for (const std::string& tag : tags) listed.push_back({{"name", tag}});
  document["components"] = Components();
  return document;
}

}  // namespace millpond
