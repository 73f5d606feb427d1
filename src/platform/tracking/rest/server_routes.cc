// What a client asks of the server itself. Answered without a token, as MLflow does: a client looks
// here before it logs in.
#include "platform/tracking/rest/endpoint_internal.h"

namespace millpond::platform {

namespace {

Result<HttpResponse> ServerInfo(const HttpRequest&) {
  OrderedJson json;
  json["store_type"] = "SqlStore";
  json["workspaces_enabled"] = false;
  json["trace_archival_enabled"] = false;
  json["multipart_uploads_enabled"] = false;
  json["multipart_downloads_enabled"] = false;
  return JsonResponse(json);
}

}  // namespace

void AddServerRoutes(Router& router) {
  router.Add(
      {.method = "GET",
       .pattern = "/health",
       .handler = [](const HttpRequest&) -> Result<HttpResponse> { return TextResponse("OK"); },
       .thread = RouteThread::kInline,
       .open = true,
       .doc = {.summary = "OK", .tag = "mlflow"}});
  for (const char* prefix : {"/api", "/ajax-api"}) {
    router.Add({.method = "GET",
                .pattern = std::string(prefix) + "/3.0/mlflow/server-info",
                .handler = ServerInfo,
                .thread = RouteThread::kInline,
                .open = true,
                .doc = {.summary = "What this server can do", .tag = "mlflow"}});
  }
}

}  // namespace millpond::platform
