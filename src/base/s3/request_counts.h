// How many requests an object store was asked, by kind, and how many bytes went: stores charge by
// request, and a slow query is mostly too many of them. Every try counts; `retries` are those after
// the first. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace millpond {

enum class StoreRequest { kGet, kHead, kPut, kList, kPost, kDelete };
inline constexpr int kStoreRequestKinds = 6;

std::string_view ToString(StoreRequest kind);  // "GET"

class RequestCounts {
 public:
  struct Totals {
    std::array<int64_t, kStoreRequestKinds> requests = {};
    int64_t retries = 0;
    int64_t bytes_sent = 0, bytes_received = 0;  // of bodies

    int64_t all() const;
    // "12 requests (8 GET, 1 LIST, 3 PUT; 1 retried), 3145728 bytes in, 812 out"
    std::string ToString() const;
  };

  void Add(StoreRequest kind, int64_t bytes_sent, int64_t bytes_received, bool is_retry);
  Totals totals() const;

 private:
  std::array<std::atomic<int64_t>, kStoreRequestKinds> requests_ = {};
  std::atomic<int64_t> retries_{0}, bytes_sent_{0}, bytes_received_{0};
};

class MetricsRegistry;

// Shows them as millpond_store_requests_total{kind}, millpond_store_retries_total and
// millpond_store_bytes_total{direction}. `counts` must outlive the registry.
void ShowRequestCounts(MetricsRegistry& registry, const RequestCounts& counts);

}  // namespace millpond
