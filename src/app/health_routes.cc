#include "app/health_routes.h"

#include "base/http/openapi.h"

namespace millpond::app {
namespace {

Route OpenGet(std::string pattern, std::string summary, HttpHandler handler) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .handler = std::move(handler),
          .thread = RouteThread::kInline,
          .open = true,
          .doc = {.summary = std::move(summary), .tag = "operation"}};
}

}  // namespace

void AddHealthRoutes(Router& router, MetricsRegistry& metrics, const std::string& project) {
  router.Add(OpenGet("/healthz", "Whether the process answers",
                     [](const HttpRequest&) -> Result<HttpResponse> {
                       return JsonResponse(Json{{"status", "ok"}});
                     }));
  // The door opens last, so whoever can ask is answered yes.
  router.Add(OpenGet("/readyz", "Whether the server takes requests",
                     [project](const HttpRequest&) -> Result<HttpResponse> {
                       return JsonResponse(Json{{"status", "ready"}, {"project", project}});
                     }));
  router.Add({.method = "GET",
              .pattern = "/metrics",
              .handler = [&metrics](const HttpRequest&) -> Result<HttpResponse> {
                HttpResponse response = TextResponse(metrics.Render());
                response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                return response;
              },
              .doc = {.summary = "Metrics in Prometheus' text form", .tag = "operation"}});
  router.Add({.method = "GET",
              .pattern = "/openapi.json",
              .handler = [&router](const HttpRequest&) -> Result<HttpResponse> {
                return JsonResponse(OpenApiDocument(router, "Millpond", MILLPOND_VERSION));
              },
              .doc = {.summary = "This document", .tag = "operation"}});
}

}  // namespace millpond::app
