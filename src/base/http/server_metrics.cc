#include "base/http/server_metrics_internal.h"

#include <algorithm>

namespace millpond {

ServerMetrics::ServerMetrics(const Router& router, MetricsRegistry& registry)
    : connections(registry.FindGauge("millpond_http_connections", "Open connections.")),
      in_flight(registry.FindGauge("millpond_http_requests_in_flight",
                                   "Requests read and not answered yet.")),
      waiting_for_worker(
          registry.FindGauge("millpond_http_requests_waiting", "Requests that wait for a worker.")),
      waiting_for_files(registry.FindGauge("millpond_http_file_jobs_waiting",
                                           "Pieces of bodies that wait to be written or read.")),
      refused_connections(
          registry.FindCounter("millpond_http_connections_refused_total",
                               "Connections closed at once because there were too many.")),
      access_log_lost(registry.FindCounter(
          "millpond_http_access_log_lost_total",
          "Lines of the access log that were lost to a full buffer or a failed write.")),
      registry_(registry) {
  routes_.try_emplace(nullptr);
  for (const auto& route : router.routes()) routes_.try_emplace(route.get());
}

void ServerMetrics::Make(const MetricLabels& labels, OfRoute& counts) {
  counts.seconds = &registry_.FindHistogram(
      "millpond_http_request_seconds",
      "Time from a request's first byte to its answer, without the sending of it.", labels);
  counts.request_bytes = &registry_.FindCounter("millpond_http_request_body_bytes_total",
                                                "Bytes of requests' bodies.", labels);
  counts.response_bytes = &registry_.FindCounter("millpond_http_response_body_bytes_total",
                                                 "Bytes of responses' bodies.", labels);
}

Counter& ServerMetrics::MakeRequests(MetricLabels labels, size_t status_class) {
  labels["status"] = std::to_string(status_class + 1) + "xx";
  return registry_.FindCounter("millpond_http_requests_total", "Requests answered.", labels);
}

void ServerMetrics::Count(const Route* route, int status, double seconds, int64_t request_bytes,
                          int64_t response_bytes) {
  auto found = routes_.find(route);
  OfRoute& counts = found->second;
  const auto labels = [&]() -> MetricLabels {
    if (route == nullptr) return {{"method", "none"}, {"route", "none"}};
    return {{"method", route->method}, {"route", route->pattern}};
  };
  std::call_once(counts.once, [&] { Make(labels(), counts); });
  const auto status_class = static_cast<size_t>(std::clamp(status / 100, 1, 5) - 1);
  Counter* requests = counts.requests[status_class].load(std::memory_order_acquire);
  if (requests == nullptr) {
    requests = &MakeRequests(labels(), status_class);
    counts.requests[status_class].store(requests, std::memory_order_release);
  }
  requests->Add();
  counts.seconds->Observe(seconds);
  if (request_bytes != 0) counts.request_bytes->Add(static_cast<double>(request_bytes));
  if (response_bytes != 0) counts.response_bytes->Add(static_cast<double>(response_bytes));
}

}  // namespace millpond
