// What the server counts. Labels are route patterns and statuses' classes, never what a client
// wrote, so that no client can make the number of series grow.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/http/router.h"
#include "base/metrics/metrics.h"

namespace millpond {

class ServerMetrics {
 public:
  ServerMetrics(const Router& router, MetricsRegistry& registry);

  // `route` null: none was found, or the request could not be read that far.
  void Count(const Route* route, int status, double seconds, int64_t request_bytes,
             int64_t response_bytes);

  Gauge& connections;
  Gauge& in_flight;
  Gauge& waiting_for_worker;
  Gauge& waiting_for_files;
  Counter& refused_connections;  // over max_connections
  Counter& access_log_lost;

 private:
  // Made when a route is first asked for: most of a hundred routes never are.
  struct OfRoute {
    std::once_flag once = {};
    std::array<std::atomic<Counter*>, 5> requests = {};  // 1xx … 5xx
    Histogram* seconds = nullptr;
    Counter* request_bytes = nullptr;
    Counter* response_bytes = nullptr;
  };
  void Make(const MetricLabels& labels, OfRoute& counts);
  Counter& MakeRequests(MetricLabels labels, size_t status_class);

  MetricsRegistry& registry_;
  std::unordered_map<const Route*, OfRoute> routes_;  // fixed from the constructor on
};

}  // namespace millpond
