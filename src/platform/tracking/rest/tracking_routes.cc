#include "platform/tracking/rest/tracking_routes.h"

#include <charconv>
#include <memory>

#include "platform/tracking/rest/endpoint_internal.h"

namespace millpond::platform {

namespace {

// A web page of another origin can only send forms by itself: JSON must say that it is JSON.
Status CheckContentType(const HttpRequest& request) {
  if ((request.method != "POST" && request.method != "PUT") || request.body.empty()) {
    return OkStatus();
  }
  const std::string_view sent = request.headers.Get("Content-Type");
  if (sent.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "Bad Request. Content-Type header is missing.");
  }
  if (sent.substr(0, sent.find(';')) == "application/json") return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "Bad Request. Content-Type must be one of ['application/json'].");
}

}  // namespace

std::string Call::principal() const {
  return request.principal.empty() ? "local" : request.principal;
}

void AddEndpoint(Router& router, const TrackingParts& parts, const Endpoint& endpoint) {
  const auto shared = std::make_shared<const Endpoint>(endpoint);
  RouteDoc doc{.summary = endpoint.summary, .tag = endpoint.tag};
  if (endpoint.method == "GET") {
    for (const auto& field : endpoint.fields) doc.query.emplace_back(field.name);
  } else if (!endpoint.fields.empty()) {
    doc.request = SchemaOf(endpoint.fields);
  }
  for (const char* prefix : {"/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/"}) {
    router.Add({.method = endpoint.method,
                .pattern = prefix + endpoint.path,
                .handler = [shared, parts](const HttpRequest& request) -> Result<HttpResponse> {
                  MP_RETURN_IF_ERROR(CheckContentType(request));
                  MP_ASSIGN_OR_RETURN(const Fields fields, Fields::Of(request, shared->fields));
                  MP_ASSIGN_OR_RETURN(const OrderedJson json,
                                      shared->answer(Call{parts, fields, request}));
                  return JsonResponse(json);
                },
                .doc = doc});
  }
}

Result<int64_t> MaxResults(const Fields& fields, int64_t missing, int64_t limit) {
  const int64_t asked = fields.Integer("max_results", missing);
  if (asked < 1) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive "
                "integer",
                asked);
  }
  if (asked > limit) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid value {} for parameter 'max_results' supplied. It must be at most {}",
                asked, limit);
  }
  return asked;
}

Result<SearchRequest> SearchOf(const Fields& fields, int64_t missing, int64_t limit) {
  MP_ASSIGN_OR_RETURN(const int64_t max_results, MaxResults(fields, missing, limit));
  return SearchRequest{.filter = fields.Text("filter"),
                       .order_by = fields.Texts("order_by"),
                       .max_results = max_results,
                       .page_token = fields.Text("page_token")};
}

Result<ViewType> ViewOf(const Fields& fields, std::string_view name) {
  const std::string text = fields.Text(name, "ACTIVE_ONLY");
  if (text == "ACTIVE_ONLY" || text == "1") return ViewType::kActiveOnly;
  if (text == "DELETED_ONLY" || text == "2") return ViewType::kDeletedOnly;
  if (text == "ALL" || text == "3") return ViewType::kAll;
  return InvalidField(name, text, "It must be one of ACTIVE_ONLY, DELETED_ONLY, ALL");
}

Result<int64_t> VersionOf(const Fields& fields) {
  const std::string text = fields.Text("version");
  int64_t version = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, version);
  if (error == std::errc() && stopped == end) return version;
  return Fail(ErrorKind::kInvalidArgument, "Parameter 'version' must be an integer, got '{}'.",
              text);
}

void AddTrackingRoutes(Router& router, const TrackingParts& parts) {
  AddExperimentRoutes(router, parts);
  AddRunRoutes(router, parts);
  AddRunLoggingRoutes(router, parts);
  AddMetricRoutes(router, parts);
  AddArtifactRoutes(router, parts);
  AddLoggedModelRoutes(router, parts);
  AddRegisteredModelRoutes(router, parts);
  AddModelVersionRoutes(router, parts);
  AddServerRoutes(router);
}

}  // namespace millpond::platform
