// Batches that several threads make and one takes, in the order of the parts that they belong to:
// all of part 0 before any of part 1, those of one part as they were pushed. One thread at a time
// makes a part. What waits is bounded: a maker that is ahead of the reader is told to stop, and
// called when there is room. Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace millpond::data {

class BatchQueue {
 public:
  explicit BatchQueue(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // False: go on. True: there is no room for more of `part`; `resume` is called once there may be,
  // by another thread. The part that is read next has room of its own, so that the others cannot
  // hold it up.
  template <typename Resume>
  bool WaitIfFull(uint64_t part, const Resume& resume) {
    std::lock_guard lock(mutex_);
    if (!IsFull(part)) return false;
    waiting_.push_back({part, resume});
    return true;
  }
  void Push(uint64_t part, std::shared_ptr<arrow::RecordBatch> batch);
  // All parts below are complete. Smaller ones than before are ignored.
  void SetLowest(uint64_t part);
  // All parts are complete.
  void End();

  // The next batch; null: there is none yet, or, after End, none at all.
  std::shared_ptr<arrow::RecordBatch> Take();
  // Until there is a batch, or the time is over.
  void Await(std::chrono::microseconds timeout);

 private:
  struct Item {
    std::shared_ptr<arrow::RecordBatch> batch;
    int64_t bytes = 0;
  };
  struct Waiting {
    uint64_t part = 0;
    std::function<void()> resume;
  };

  bool IsFull(uint64_t part) const;
  void MoveReady();
  std::vector<Waiting> TakeResumable();

  const int64_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t lowest_ = 0;
  std::deque<Item> ready_;                       // of parts up to the lowest
  std::map<uint64_t, std::vector<Item>> later_;  // of the others
  int64_t ready_bytes_ = 0, later_bytes_ = 0;
  std::vector<Waiting> waiting_;
};

}  // namespace millpond::data
