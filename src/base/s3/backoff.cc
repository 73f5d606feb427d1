#include "base/s3/backoff.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace millpond {

Status WaitOnThisThread(int64_t ms, const CancellationToken& cancellation) {
  static constexpr int64_t kLookEveryMs = 50;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < until) {
    MP_RETURN_IF_ERROR(cancellation.Check());
    const auto look = std::chrono::steady_clock::now() + std::chrono::milliseconds(kLookEveryMs);
    never.wait_until(lock, std::min(until, look));
  }
  return cancellation.Check();
}

Result<bool> Backoff::Next(const CancellationToken& cancellation) {
  ++tries_;
  if (tries_ >= limits_.max_tries) return false;
  int64_t bound = limits_.first_wait_ms;
  for (int i = 1; i < tries_ && bound < limits_.longest_wait_ms; ++i) bound *= 2;
  bound = std::min(bound, limits_.longest_wait_ms);
  const auto wait_ms =
      static_cast<int64_t>(NextBelow(random_, static_cast<uint64_t>(std::max<int64_t>(bound, 1))));
  if (elapsed_ms() + wait_ms >= limits_.max_ms) return false;
  MP_RETURN_IF_ERROR(wait_(wait_ms, cancellation));
  return true;
}

}  // namespace millpond
