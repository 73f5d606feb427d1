// Looks at a cancellation token while statements run, and interrupts them all once it is cancelled.
// The token is a flag without a signal, so somebody has to look: one thread, 50 times a second,
// only while there is something to watch.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/cancellation.h"

namespace millpond::data {

class Watchdog {
 public:
  explicit Watchdog(CancellationToken token);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  uint64_t Watch(std::function<void()> interrupt);
  // After it returned, the function is not called any more.
  void Forget(uint64_t id);

 private:
  void Run();

  CancellationToken token_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<uint64_t, std::function<void()>> watched_;
  uint64_t next_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millpond::data
