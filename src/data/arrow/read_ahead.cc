#include "data/arrow/read_ahead.h"

#include <arrow/record_batch.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "data/arrow/batch_bytes.h"

namespace millpond::data {
namespace {

// What waits: at least one batch, and not more than this.
constexpr size_t kBatches = 16;
constexpr int64_t kBytes = int64_t{32} << 20;

class AheadReader : public arrow::RecordBatchReader {
 public:
  explicit AheadReader(arrow::RecordBatchReader& source) : source_(source) {}
  ~AheadReader() override { Stop(); }

  std::shared_ptr<arrow::Schema> schema() const override { return source_.schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  arrow::Status Close() override;

 private:
  struct Ready {
    std::shared_ptr<arrow::RecordBatch> batch;
    int64_t bytes = 0;
  };

  arrow::Status ReadSource(std::shared_ptr<arrow::RecordBatch>* batch);
  bool StartThread();
  void Read();  // the thread's work
  void Stop();
  bool IsFull() const { return ready_.size() >= kBatches || bytes_ >= kBytes; }

  arrow::RecordBatchReader& source_;
  int taken_ = 0;  // batches before the thread started
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Ready> ready_;
  int64_t bytes_ = 0;  // of what is ready
  arrow::Status end_;  // what came instead of a batch
  bool ended_ = false, stopping_ = false;
};

arrow::Status AheadReader::ReadSource(std::shared_ptr<arrow::RecordBatch>* batch) {
  ARROW_RETURN_NOT_OK(source_.ReadNext(batch));
  ended_ = *batch == nullptr;
  return arrow::Status::OK();
}

// Not where the machine has no more threads: then the caller reads.
bool AheadReader::StartThread() {
  try {
    thread_ = std::thread([this] { Read(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

arrow::Status AheadReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  if (!thread_.joinable() && !ended_ && (taken_++ < 2 || !StartThread())) return ReadSource(batch);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
  batch->reset();
  if (ready_.empty()) return end_;
  *batch = std::move(ready_.front().batch);
  bytes_ -= ready_.front().bytes;
  ready_.pop_front();
  changed_.notify_all();
  return arrow::Status::OK();
}

void AheadReader::Read() {
  while (true) {
    Ready next;
    arrow::Status status;
    try {
      status = source_.ReadNext(&next.batch);
      if (status.ok() && next.batch != nullptr) {
        next.bytes = BytesOf(*next.batch);
      }
    } catch (const std::exception& exception) {  // on a thread nobody else would catch it
      status = arrow::Status::UnknownError(exception.what());
    }
    std::unique_lock lock(mutex_);
    if (next.batch == nullptr || !status.ok()) {
      end_ = std::move(status);
      ended_ = true;
      changed_.notify_all();
      return;
    }
    bytes_ += next.bytes;
    ready_.push_back(std::move(next));
    changed_.notify_all();
    changed_.wait(lock, [this] { return !IsFull() || stopping_; });
    if (stopping_) return;
  }
}

void AheadReader::Stop() {
  bool reads = thread_.joinable();
  {
    std::lock_guard lock(mutex_);
    reads = reads && !ended_;
    stopping_ = true;
    ended_ = true;
  }
  changed_.notify_all();
  if (reads) InterruptReader(source_);
  if (thread_.joinable()) thread_.join();
}

arrow::Status AheadReader::Close() {
  Stop();
  return source_.Close();
}

}  // namespace

void InterruptReader(arrow::RecordBatchReader& reader) {
  if (auto* interruptible = dynamic_cast<Interruptible*>(&reader)) interruptible->Interrupt();
}

std::unique_ptr<arrow::RecordBatchReader> ReadAhead(arrow::RecordBatchReader& source) {
  return std::make_unique<AheadReader>(source);
}

}  // namespace millpond::data
