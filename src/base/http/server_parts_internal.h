// What all connections of one server share.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/http/access_log_internal.h"
#include "base/http/http_server.h"
#include "base/http/server_metrics_internal.h"
#include "base/http/worker_queue_internal.h"

namespace millpond {

// How many connections there are, and the wait for none.
class ConnectionCount {
 public:
  ConnectionCount(int max, Gauge& gauge) : max_(max), gauge_(gauge) {}

  bool Enter() {  // false: there are max already
    std::lock_guard lock(mutex_);
    if (count_ >= max_) return false;
    gauge_.Set(++count_);
    return true;
  }
  void Leave() {
    std::lock_guard lock(mutex_);
    gauge_.Set(--count_);
    if (count_ == 0) none_.notify_all();
  }
  void AwaitNone(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, at_most, [this] { return count_ == 0; });
  }

 private:
  const int max_;
  Gauge& gauge_;
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;
};

struct ServerParts {
  HttpServerOptions options;
  Environment env;
  const Router& router;
  Authenticator* authenticator;
  ServerMetrics metrics;
  ConnectionCount connections{options.max_connections, metrics.connections};
  MemoryReservation memory = {};  // of the connections' buffers
  std::unique_ptr<AccessLog> log = {};
  std::unique_ptr<WorkerQueue> workers = {};  // for blocking handlers
  std::unique_ptr<WorkerQueue> files = {};    // for bodies to and from files, piece by piece
  std::atomic<bool> is_stopping = false;

  // Only loopback names in Host and Origin: nobody is asked who he is.
  bool checks_host() const { return authenticator == nullptr || !authenticator->required(); }
};

}  // namespace millpond
