#include "base/http/worker_queue_internal.h"

#include <exception>

#include "base/log.h"

namespace millpond {

WorkerQueue::WorkerQueue(int threads, size_t max_waiting, Gauge& waiting)
    : max_waiting_(max_waiting), waiting_(waiting) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerQueue::~WorkerQueue() {
  Stop();
}

bool WorkerQueue::TrySubmit(Job& job) {
  {
    std::lock_guard lock(mutex_);
    // A job that an idle thread will take at once does not wait.
    if (stopping_ || queue_.size() >= max_waiting_ + idle_) return false;
    queue_.push_back(std::move(job));
    waiting_.Set(static_cast<double>(queue_.size()));
  }
  wake_.notify_one();
  return true;
}

void WorkerQueue::Stop() {
  std::deque<Job> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
    waiting_.Set(0);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerQueue::Work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      ++idle_;
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
      waiting_.Set(static_cast<double>(queue_.size()));
    }
    // The last catch of a thread: one bad job must not end the server.
    try {
      job();
    } catch (const std::exception& e) {
      Log(LogLevel::kError, "http", fmt::format("a job met an exception: {}", e.what()));
    }
  }
}

}  // namespace millpond
