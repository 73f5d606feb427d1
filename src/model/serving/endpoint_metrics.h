// What an endpoint counts. Handles are found once; a request only adds.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/metrics/metrics.h"

namespace millpond::model {

// Requests of the last seconds, for a rate that a page can show. Lock-free; a request that meets
// the turn of a second may be counted in either.
class RequestRate {
 public:
  void Count(int64_t second);
  // Requests a second over the ten whole seconds before `second`.
  double PerSecond(int64_t second) const;

 private:
  static constexpr int64_t kSeconds = 16;
  static constexpr int64_t kWindow = 10;
  // The second in the upper bits, its requests in the lower 24.
  std::array<std::atomic<uint64_t>, kSeconds> slots_{};
};

enum class Degradation { kNone, kStaleFeatures, kDefaultFeatures, kFallbackModel };
inline constexpr int kDegradations = 4;
std::string_view ToString(Degradation degradation);  // "none", "stale_features", …

struct EndpointMetrics {
  EndpointMetrics(MetricsRegistry& metrics, const std::string& endpoint);

  Counter& requests;
  Counter& refused;  // 4xx: the request is at fault
  Counter& failed;   // 5xx
  Counter& rows;
  std::array<Counter*, kDegradations> answers;  // by Degradation
  Counter& swaps;
  Counter& refused_versions;
  Gauge& model_version;
  Histogram& latency_seconds;
  RequestRate rate;
};

}  // namespace millpond::model
