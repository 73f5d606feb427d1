#include "platform/tracking/registry_watch.h"

#include <algorithm>
#include <chrono>

#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

namespace {

constexpr int64_t kLookEveryMs = 50;  // at what other processes wrote

}  // namespace

Result<int64_t> RegistryWatch::ChangeNumber() {
  return connection_->Read([](SqliteDatabase& db) -> Result<int64_t> {
    MP_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT coalesce(max(id), 0) FROM registry_audit"));
    return rows[0].Int(0);
  });
}

Result<int64_t> RegistryWatch::WaitForChange(int64_t seen, int64_t timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  int64_t calls = connection_->WaitForRegistry(-1, 0);
  while (true) {
    MP_ASSIGN_OR_RETURN(const int64_t now, ChangeNumber());
    if (now != seen) return now;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return seen;
    calls = connection_->WaitForRegistry(calls, std::min(left, kLookEveryMs));
  }
}

}  // namespace millpond::platform
