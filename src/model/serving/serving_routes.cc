#include "model/serving/serving_routes.h"

#include <chrono>
#include <cmath>

#include "base/json.h"
#include "base/nearest_name.h"

namespace millpond::model {
namespace {

constexpr int64_t kBodyBytes = int64_t{4} << 20;
// Chooses among several endpoints at /invocations.
constexpr std::string_view kEndpointHeader = "X-Millpond-Endpoint";

std::string Names(const EndpointSet& endpoints) {
  std::string names;
  for (const auto& endpoint : endpoints.endpoints()) {
    names += (names.empty() ? "" : ", ") + endpoint->name();
  }
  return names.empty() ? "none: put a model into models/*.yml" : names;
}

Result<Endpoint*> Require(const EndpointSet& endpoints, const std::string& name) {
  if (Endpoint* found = endpoints.Find(name)) return found;
  std::vector<std::string> known;
  for (const auto& endpoint : endpoints.endpoints()) known.push_back(endpoint->name());
  const std::string nearest = NearestName(name, known);
  return Fail(ErrorKind::kNotFound, "there is no endpoint '{}'{}; there are: {}",
              name.substr(0, 100), nearest.empty() ? "" : ", did you mean '" + nearest + "'?",
              Names(endpoints));
}

Result<Endpoint*> TheOnly(const EndpointSet& endpoints, const HttpRequest& request) {
  const std::string_view chosen = request.headers.Get(kEndpointHeader);
  if (!chosen.empty()) return Require(endpoints, std::string(chosen));
  if (endpoints.endpoints().size() == 1) return endpoints.endpoints()[0].get();
  return Fail(
      ErrorKind::kNotFound,
      "/invocations needs exactly one endpoint; name yours: POST /endpoints/NAME/invocations "
      "or the header {}. There are: {}",
      kEndpointHeader, Names(endpoints));
}

OrderedJson Number(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr);
}

std::string_view ModeOf(ServeDefinition::Log log) {
  switch (log) {
    case ServeDefinition::Log::kAsync:
      return "async";
    case ServeDefinition::Log::kSync:
      return "sync";
    case ServeDefinition::Log::kSample:
      return "sample";
    case ServeDefinition::Log::kOff:
      return "off";
  }
  return "off";
}

OrderedJson DescribeLog(const EndpointSet& endpoints, const Endpoint& endpoint) {
  const InferenceLog* log = endpoints.LogOf(endpoint);
  if (log == nullptr) return nullptr;
  const InferenceLog::State state = log->state();
  OrderedJson json;
  json["mode"] = ModeOf(endpoint.serve().log);
  json["table"] = state.table;
  json["waiting_rows"] = state.waiting_rows;
  json["written_rows"] = state.written_rows;
  json["lost_rows"] = state.lost_rows;
  json["problem"] = state.problem.empty() ? OrderedJson(nullptr) : OrderedJson(state.problem);
  return json;
}

OrderedJson Describe(const EndpointSet& endpoints, Endpoint& endpoint) {
  const auto state = endpoint.state();
  EndpointMetrics& metrics = endpoint.metrics();
  const int64_t second = std::chrono::duration_cast<std::chrono::seconds>(
                             std::chrono::steady_clock::now().time_since_epoch())
                             .count();
  OrderedJson json;
  json["name"] = endpoint.name();
  json["state"] =
      state->model ? (state->problem.empty() ? "READY" : "READY_WITH_PROBLEM") : "NOT_READY";
  json["problem"] = state->problem.empty() ? OrderedJson(nullptr) : OrderedJson(state->problem);
  json["model"] = endpoint.name();
  json["model_version"] =
      state->model ? OrderedJson(state->model->version_text()) : OrderedJson(nullptr);
  json["run_id"] = state->model ? OrderedJson(state->model->run_id()) : OrderedJson(nullptr);
  json["previous_version"] =
      state->previous ? OrderedJson(state->previous->version_text()) : OrderedJson(nullptr);
  json["invocations"] = "/endpoints/" + endpoint.name() + "/invocations";
  json["requests"] = metrics.requests.value();
  json["requests_per_second"] = metrics.rate.PerSecond(second);
  json["rows"] = metrics.rows.value();
  json["errors"] = {{"request", metrics.refused.value()}, {"server", metrics.failed.value()}};
  json["latency_p50_ms"] = Number(metrics.latency_seconds.Quantile(0.5) * 1000);
  json["latency_p99_ms"] = Number(metrics.latency_seconds.Quantile(0.99) * 1000);
  json["answers"] = OrderedJson::object();
  for (int i = 0; i < kDegradations; ++i) {
    json["answers"][std::string(ToString(static_cast<Degradation>(i)))] =
        metrics.answers[static_cast<size_t>(i)]->value();
  }
  json["swaps"] = metrics.swaps.value();
  json["log"] = DescribeLog(endpoints, endpoint);
  return json;
}

// What a request has to send, beside what Describe says.
OrderedJson DescribeWhole(const EndpointSet& endpoints, Endpoint& endpoint) {
  OrderedJson json = Describe(endpoints, endpoint);
  const auto state = endpoint.state();
  if (!state->model) return json;
  json["columns"] = OrderedJson::array();
  for (const RequestColumn& column : state->model->schema().columns()) {
    json["columns"].push_back({{"name", column.name},
                               {"type", kernel::ToString(column.type)},
                               {"entity", column.is_entity},
                               {"request_feature", column.is_request}});
  }
  json["views"] = OrderedJson::array();
  for (const auto& view : state->model->views()) {
    json["views"].push_back(
        {{"name", view.name}, {"version", view.version}, {"source", view.source}});
  }
  return json;
}

// As MLflow's deployments client reads it.
OrderedJson DeploymentOf(const Endpoint& endpoint) {
  OrderedJson json;
  json["name"] = endpoint.name();
  json["endpoint_type"] = "llm/v1/completions";
  json["model"] = {{"name", endpoint.name()}, {"provider", "millpond"}};
  json["endpoint_url"] = "/endpoints/" + endpoint.name() + "/invocations";
  json["limit"] = nullptr;
  return json;
}

Result<HttpResponse> Invoke(Endpoint& endpoint, data::AccessPolicy& access,
                            const HttpRequest& request) {
  MP_RETURN_IF_ERROR(access.Check({request.principal}, data::Privilege::kExecute, endpoint.name()));
  return endpoint.Invoke(request);
}

void AddInvocations(Router& router, EndpointSet& endpoints, data::AccessPolicy& access) {
  const Json request = {
      {"type", "object"},
      {"description", "exactly one of dataframe_split, dataframe_records, instances, inputs"},
      {"properties",
       {{"dataframe_split", {{"type", "object"}}},
        {"dataframe_records", {{"type", "array"}}},
        {"instances", {{"type", "array"}}},
        {"inputs", {{"type", "object"}}},
        {"params",
         {{"type", "object"},
          {"properties",
           {{"reasons", {{"type", "integer"}}}, {"margins", {{"type", "boolean"}}}}}}}}}};
  const Json response = {{"type", "object"},
                         {"required",
                          {"predictions", "model", "model_version", "as_of", "feature_age_ms",
                           "degraded", "request_id"}},
                         {"properties",
                          {{"predictions", {{"type", "array"}, {"items", {{"type", "number"}}}}},
                           {"model", {{"type", "string"}}},
                           {"model_version", {{"type", "string"}}},
                           {"as_of", {{"type", "string"}, {"format", "date-time"}}},
                           {"feature_age_ms", {{"type", {"integer", "null"}}}},
                           {"degraded", {{"type", "string"}}},
                           {"request_id", {{"type", "string"}}}}}};
  Route route{.method = "POST",
              .pattern = "/endpoints/{name}/invocations",
              .handler = [&endpoints, &access](const HttpRequest& r) -> Result<HttpResponse> {
                MP_ASSIGN_OR_RETURN(Endpoint * endpoint, Require(endpoints, r.Parameter("name")));
                return Invoke(*endpoint, access, r);
              },
              .thread = RouteThread::kInline,
              .max_body_bytes = kBodyBytes,
              .doc = {.summary = "Scores rows, given by their entities",
                      .tag = "endpoints",
                      .request = request,
                      .response = response}};
  router.Add(route);
  bool waits = false;
  for (const auto& endpoint : endpoints.endpoints()) {
    if (endpoint->serve().log != ServeDefinition::Log::kSync) continue;
    waits = true;
    // It waits for the disk before it answers: not on a thread that others wait for.
    Route blocking = route;
    blocking.pattern = "/endpoints/" + endpoint->name() + "/invocations";
    blocking.thread = RouteThread::kBlocking;
    blocking.handler = [&endpoint = *endpoint, &access](const HttpRequest& r) {
      return Invoke(endpoint, access, r);
    };
    router.Add(std::move(blocking));
  }
  route.pattern = "/invocations";
  route.thread = waits ? RouteThread::kBlocking : RouteThread::kInline;
  route.doc.summary =
      "The same where there is one endpoint, or with the header " + std::string(kEndpointHeader);
  route.handler = [&endpoints, &access](const HttpRequest& r) -> Result<HttpResponse> {
    MP_ASSIGN_OR_RETURN(Endpoint * endpoint, TheOnly(endpoints, r));
    return Invoke(*endpoint, access, r);
  };
  router.Add(std::move(route));
}

void AddLists(Router& router, EndpointSet& endpoints) {
  router.Add({.method = "GET",
              .pattern = "/endpoints",
              .handler = [&endpoints](const HttpRequest&) -> Result<HttpResponse> {
                OrderedJson list = OrderedJson::array();
                for (const auto& endpoint : endpoints.endpoints()) {
                  list.push_back(Describe(endpoints, *endpoint));
                }
                return JsonResponse(OrderedJson{{"endpoints", std::move(list)}});
              },
              .doc = {.summary = "The endpoints with version, rate, latency and degraded answers",
                      .tag = "endpoints"}});
  router.Add({.method = "GET",
              .pattern = "/endpoints/{name}",
              .handler = [&endpoints](const HttpRequest& r) -> Result<HttpResponse> {
                MP_ASSIGN_OR_RETURN(Endpoint * endpoint, Require(endpoints, r.Parameter("name")));
                return JsonResponse(DescribeWhole(endpoints, *endpoint));
              },
              .doc = {.summary = "One endpoint, with the columns that a request sends",
                      .tag = "endpoints"}});
  const auto deployments = [&endpoints](const HttpRequest&) -> Result<HttpResponse> {
    OrderedJson list = OrderedJson::array();
    for (const auto& endpoint : endpoints.endpoints()) list.push_back(DeploymentOf(*endpoint));
    return JsonResponse(OrderedJson{{"endpoints", std::move(list)}, {"next_page_token", nullptr}});
  };
  router.Add(
      {.method = "GET",
       .pattern = "/api/2.0/endpoints/",
       .handler = deployments,
       .doc = {.summary = "The endpoints, for MLflow's deployments client", .tag = "endpoints"}});
  router.Add(
      {.method = "GET",
       .pattern = "/api/2.0/endpoints/{name}",
       .handler = [&endpoints](const HttpRequest& r) -> Result<HttpResponse> {
         MP_ASSIGN_OR_RETURN(Endpoint * endpoint, Require(endpoints, r.Parameter("name")));
         return JsonResponse(DeploymentOf(*endpoint));
       },
       .doc = {.summary = "One endpoint, for MLflow's deployments client", .tag = "endpoints"}});
}

}  // namespace

void AddServingRoutes(Router& router, EndpointSet& endpoints, const std::string& version,
                      data::AccessPolicy& access) {
  AddInvocations(router, endpoints, access);
  AddLists(router, endpoints);
  router.Add({.method = "GET",
              .pattern = "/ping",
              .handler = [](const HttpRequest&) -> Result<HttpResponse> {
                return HttpResponse{.body = "\n"};
              },
              .thread = RouteThread::kInline,
              .open = true,
              .doc = {.summary = "Answers while the process lives", .tag = "endpoints"}});
  router.Add({.method = "GET",
              .pattern = "/version",
              .handler = [version](const HttpRequest&) -> Result<HttpResponse> {
                return TextResponse(version);
              },
              .thread = RouteThread::kInline,
              .open = true,
              .doc = {.summary = "The program's version", .tag = "endpoints"}});
}

}  // namespace millpond::model
