#include "data/arrow/batch_queue.h"

#include <arrow/record_batch.h>

#include <limits>
#include <utility>

#include "data/arrow/batch_bytes.h"

namespace millpond::data {

bool BatchQueue::IsFull(uint64_t part) const {
  return part <= lowest_ ? ready_bytes_ >= max_bytes_ / 2 : later_bytes_ >= max_bytes_ / 2;
}

void BatchQueue::Push(uint64_t part, std::shared_ptr<arrow::RecordBatch> batch) {
  const int64_t bytes = BytesOf(*batch);
  std::lock_guard lock(mutex_);
  if (part > lowest_) {
    later_[part].push_back({std::move(batch), bytes});
    later_bytes_ += bytes;
    return;
  }
  ready_.push_back({std::move(batch), bytes});
  ready_bytes_ += bytes;
  changed_.notify_all();
}

void BatchQueue::SetLowest(uint64_t part) {
  std::vector<Waiting> resumable;
  {
    std::lock_guard lock(mutex_);
    if (part <= lowest_) return;
    lowest_ = part;
    MoveReady();
    resumable = TakeResumable();
    changed_.notify_all();
  }
  for (const Waiting& waiting : resumable) waiting.resume();
}

void BatchQueue::End() {
  SetLowest(std::numeric_limits<uint64_t>::max());
}

void BatchQueue::MoveReady() {
  while (!later_.empty() && later_.begin()->first <= lowest_) {
    for (Item& item : later_.begin()->second) {
      later_bytes_ -= item.bytes;
      ready_bytes_ += item.bytes;
      ready_.push_back(std::move(item));
    }
    later_.erase(later_.begin());
  }
}

std::vector<BatchQueue::Waiting> BatchQueue::TakeResumable() {
  std::vector<Waiting> resumable;
  std::erase_if(waiting_, [&](Waiting& waiting) {
    if (IsFull(waiting.part)) return false;
    resumable.push_back(std::move(waiting));
    return true;
  });
  return resumable;
}

std::shared_ptr<arrow::RecordBatch> BatchQueue::Take() {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::vector<Waiting> resumable;
  {
    std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      batch = std::move(ready_.front().batch);
      ready_bytes_ -= ready_.front().bytes;
      ready_.pop_front();
    }
    resumable = TakeResumable();
  }
  for (const Waiting& waiting : resumable) waiting.resume();
  return batch;
}

void BatchQueue::Await(std::chrono::microseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return !ready_.empty(); });
}

}  // namespace millpond::data
