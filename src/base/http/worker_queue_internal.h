// Threads that run jobs in the order in which they came, with a bound on those that wait: a full
// queue refuses at once, so that a client learns it while it still cares.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics/metrics.h"

namespace millpond {

class WorkerQueue {
 public:
  using Job = std::move_only_function<void()>;

  // `waiting` follows the number of jobs in the queue.
  WorkerQueue(int threads, size_t max_waiting, Gauge& waiting);
  ~WorkerQueue();  // stops
  WorkerQueue(const WorkerQueue&) = delete;
  WorkerQueue& operator=(const WorkerQueue&) = delete;

  // False: full, or stopping; then the job has not been touched.
  bool TrySubmit(Job& job);
  // Drops what waits, and returns when what runs has ended.
  void Stop();

 private:
  void Work();

  const size_t max_waiting_;
  Gauge& waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace millpond
