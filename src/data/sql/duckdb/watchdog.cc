#include <chrono>

#include "data/sql/duckdb/watchdog_internal.h"

namespace millpond::data {

Watchdog::Watchdog(CancellationToken token)
    : token_(std::move(token)), thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

uint64_t Watchdog::Watch(std::function<void()> interrupt) {
  const std::lock_guard lock(mutex_);
  watched_.emplace(next_, std::move(interrupt));
  wake_.notify_all();
  return next_++;
}

void Watchdog::Forget(uint64_t id) {
  const std::lock_guard lock(mutex_);
  watched_.erase(id);
}

void Watchdog::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (watched_.empty()) {
      wake_.wait(lock);
      continue;
    }
    if (token_.cancelled()) {
      for (const auto& [id, interrupt] : watched_) interrupt();
    }
    wake_.wait_for(lock, std::chrono::milliseconds(20));
  }
}

}  // namespace millpond::data
