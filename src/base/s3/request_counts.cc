#include "base/s3/request_counts.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>

#include "base/metrics/metrics.h"

namespace millpond {

std::string_view ToString(StoreRequest kind) {
  static constexpr std::string_view kNames[] = {"GET", "HEAD", "PUT", "LIST", "POST", "DELETE"};
  return kNames[static_cast<int>(kind)];
}

int64_t RequestCounts::Totals::all() const {
  int64_t sum = 0;
  for (const int64_t count : requests) sum += count;
  return sum;
}

std::string RequestCounts::Totals::ToString() const {
  std::string kinds;
  for (int i = 0; i < kStoreRequestKinds; ++i) {
    if (requests[i] == 0) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", requests[i],
                         millpond::ToString(static_cast<StoreRequest>(i)));
  }
  if (retries > 0) kinds += fmt::format("; {} retried", retries);
  return fmt::format("{} request{} ({}), {} bytes in, {} out", all(), all() == 1 ? "" : "s", kinds,
                     bytes_received, bytes_sent);
}

void RequestCounts::Add(StoreRequest kind, int64_t bytes_sent, int64_t bytes_received,
                        bool is_retry) {
  requests_[static_cast<int>(kind)].fetch_add(1, std::memory_order_relaxed);
  if (is_retry) retries_.fetch_add(1, std::memory_order_relaxed);
  bytes_sent_.fetch_add(bytes_sent, std::memory_order_relaxed);
  bytes_received_.fetch_add(bytes_received, std::memory_order_relaxed);
}

RequestCounts::Totals RequestCounts::totals() const {
  Totals totals;
  for (int i = 0; i < kStoreRequestKinds; ++i) totals.requests[i] = requests_[i];
  totals.retries = retries_;
  totals.bytes_sent = bytes_sent_;
  totals.bytes_received = bytes_received_;
  return totals;
}

void ShowRequestCounts(MetricsRegistry& registry, const RequestCounts& counts) {
  // A counter of the registry only grows by what came since it was last shown.
  const auto raise = [](Counter& counter, int64_t to) {
    counter.Add(static_cast<double>(to) - counter.value());
  };
  auto mutex = std::make_shared<std::mutex>();  // two may render at once
  registry.OnRender([&registry, &counts, raise, mutex] {
    const std::lock_guard lock(*mutex);
    const auto totals = counts.totals();
    for (int i = 0; i < kStoreRequestKinds; ++i) {
      const std::string kind(ToString(static_cast<StoreRequest>(i)));
      raise(registry.FindCounter("millpond_store_requests_total",
                                 "Requests to object stores, every try", {{"kind", kind}}),
            totals.requests[i]);
    }
    raise(registry.FindCounter("millpond_store_retries_total",
                               "Requests to object stores that repeated one"),
          totals.retries);
    static constexpr char kBytes[] = "millpond_store_bytes_total";
    static constexpr char kBytesHelp[] = "Bytes of bodies to and from object stores";
    raise(registry.FindCounter(kBytes, kBytesHelp, {{"direction", "out"}}), totals.bytes_sent);
    raise(registry.FindCounter(kBytes, kBytesHelp, {{"direction", "in"}}), totals.bytes_received);
  });
}

}  // namespace millpond
