#include "model/serving/endpoint_metrics.h"

namespace millpond::model {

namespace {

constexpr int kCountBits = 24;
constexpr uint64_t kCountMask = (uint64_t{1} << kCountBits) - 1;

}  // namespace

void RequestRate::Count(int64_t second) {
  auto& slot = slots_[static_cast<size_t>(second % kSeconds)];
  uint64_t seen = slot.load(std::memory_order_relaxed);
  while (true) {
    const bool same = static_cast<int64_t>(seen >> kCountBits) == second;
    if (same && (seen & kCountMask) == kCountMask) return;
    const uint64_t next = same ? seen + 1 : (static_cast<uint64_t>(second) << kCountBits) + 1;
    if (slot.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return;
  }
}

double RequestRate::PerSecond(int64_t second) const {
  uint64_t requests = 0;
  for (const auto& slot : slots_) {
    const uint64_t seen = slot.load(std::memory_order_relaxed);
    const auto at = static_cast<int64_t>(seen >> kCountBits);
    if (at < second && at >= second - kWindow) requests += seen & kCountMask;
  }
  return static_cast<double>(requests) / static_cast<double>(kWindow);
}

std::string_view ToString(Degradation degradation) {
  switch (degradation) {
    case Degradation::kNone:
      return "none";
    case Degradation::kStaleFeatures:
      return "stale_features";
    case Degradation::kDefaultFeatures:
      return "default_features";
    case Degradation::kFallbackModel:
      return "fallback_model";
  }
  return "none";
}

EndpointMetrics::EndpointMetrics(MetricsRegistry& metrics, const std::string& endpoint)
    : requests(metrics.FindCounter("millpond_endpoint_requests_total", "Requests to an endpoint.",
                                   {{"endpoint", endpoint}})),
      refused(metrics.FindCounter("millpond_endpoint_errors_total",
                                  "Requests that were not answered, by whose fault it was.",
                                  {{"endpoint", endpoint}, {"fault", "request"}})),
      failed(metrics.FindCounter("millpond_endpoint_errors_total",
                                 "Requests that were not answered, by whose fault it was.",
                                 {{"endpoint", endpoint}, {"fault", "server"}})),
      rows(metrics.FindCounter("millpond_endpoint_rows_total", "Rows scored by an endpoint.",
                               {{"endpoint", endpoint}})),
      answers{},
      swaps(metrics.FindCounter("millpond_endpoint_swaps_total",
                                "Times another model version took over.",
                                {{"endpoint", endpoint}})),
      refused_versions(metrics.FindCounter("millpond_endpoint_refused_versions_total",
                                           "Model versions that were not taken.",
                                           {{"endpoint", endpoint}})),
      model_version(metrics.FindGauge("millpond_endpoint_model_version",
                                      "The model version that answers; 0: none.",
                                      {{"endpoint", endpoint}})),
      latency_seconds(metrics.FindHistogram(
          "millpond_endpoint_latency_seconds", "From the whole request to the answer's text.",
          {{"endpoint", endpoint}},
          {2e-5, 3e-5, 5e-5, 7e-5, 1e-4, 1.5e-4, 2e-4, 3e-4, 5e-4, 7e-4, 1e-3, 2e-3,
           3e-3, 5e-3, 7e-3, 1e-2, 2e-2, 5e-2,   0.1,  0.25, 0.5,  1,    2.5,  10})) {
  for (int i = 0; i < kDegradations; ++i) {
    answers[static_cast<size_t>(i)] = &metrics.FindCounter(
        "millpond_endpoint_answers_total", "Answers of an endpoint, by how they were degraded.",
        {{"endpoint", endpoint}, {"degraded", std::string(ToString(static_cast<Degradation>(i)))}});
  }
}

}  // namespace millpond::model
