#include "base/task_pool.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <optional>

namespace millpond {

TaskPool::TaskPool(int threads) {
  if (threads <= 0) threads = std::max(1u, std::thread::hardware_concurrency());
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { Work(); });
}

TaskPool::~TaskPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void TaskPool::Work() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

void TaskPool::Submit(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

namespace {

// What the threads of one ParallelFor share. A queued helper that starts after the loop has ended
// finds no index left and touches nothing of the caller's.
struct Loop {
  size_t count;
  const std::function<Status(size_t)>* fn;
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::condition_variable finished;
  size_t running = 0;
  size_t failed_index = 0;
  std::optional<Error> error;

  void Run() {
    {
      std::lock_guard lock(mutex);
      if (next.load() >= count) return;
      ++running;
    }
    for (size_t i; !failed.load() && (i = next.fetch_add(1)) < count;) {
      Status status = Call(i);
      if (!status.has_value()) Record(i, std::move(status).error());
    }
    std::lock_guard lock(mutex);
    if (--running == 0) finished.notify_all();
  }

  // What a library threw past its adapter (bad_alloc, above all) must not leave while helpers run.
  Status Call(size_t i) const {
    try {
      return (*fn)(i);
    } catch (const std::bad_alloc&) {
      return Fail(ErrorKind::kResourceExhausted,
                  "out of memory; lower memory_limit in millpond.yml or run less at once");
    } catch (const std::exception& e) {
      return Fail(ErrorKind::kInternal, "an exception in a task: {}", e.what());
    }
  }

  void Record(size_t index, Error failure) {
    std::lock_guard lock(mutex);
    failed.store(true);
    if (!error || index < failed_index) {
      failed_index = index;
      error = std::move(failure);
    }
  }
};

}  // namespace

Status TaskPool::ParallelFor(size_t count, const std::function<Status(size_t)>& fn) {
  auto loop = std::make_shared<Loop>();
  loop->count = count;
  loop->fn = &fn;
  size_t helpers = std::min(workers_.size(), count > 0 ? count - 1 : 0);
  for (size_t i = 0; i < helpers; ++i) Submit([loop] { loop->Run(); });
  loop->Run();
  std::unique_lock lock(loop->mutex);
  loop->next.store(count);  // helpers that have not started must not start
  loop->finished.wait(lock, [&] { return loop->running == 0; });
  if (loop->error) return std::unexpected<Error>(*std::move(loop->error));
  return OkStatus();
}

}  // namespace millpond
