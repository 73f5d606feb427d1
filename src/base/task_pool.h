// A fixed set of threads that run tasks from one queue. ParallelFor is what callers want: it runs
// fn(0) … fn(count-1), the calling thread helping, and returns the error of the lowest index that
// failed (so that a message does not depend on timing). After a failure no further index starts.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"

namespace millpond {

class TaskPool {
 public:
  // threads = 0: as many as the machine has cores.
  explicit TaskPool(int threads = 0);
  ~TaskPool();  // finishes what was submitted
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }  // with the caller's

  // May be called from inside a task: the caller works through the indices itself if no thread is
  // free, so nesting cannot deadlock.
  Status ParallelFor(size_t count, const std::function<Status(size_t)>& fn);

 private:
  void Work();
  void Submit(std::function<void()> task);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace millpond
