#include "data/arrow/read_ahead.h"

#include <arrow/record_batch.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace millpond::data {
namespace {

constexpr size_t kAhead = 4;  // batches that wait

class AheadReader : public arrow::RecordBatchReader {
 public:
  explicit AheadReader(arrow::RecordBatchReader& source) : source_(source) {}
  ~AheadReader() override { Stop(); }

  std::shared_ptr<arrow::Schema> schema() const override { return source_.schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;
  arrow::Status Close() override;

 private:
  void Read();  // the thread's work
  void Stop();

  arrow::RecordBatchReader& source_;
  int taken_ = 0;  // batches before the thread started
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<arrow::RecordBatch>> ready_;
  arrow::Status end_;  // what came instead of a batch
  bool ended_ = false, stopping_ = false;
};

arrow::Status AheadReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  if (taken_ < 2 && !ended_) {
    ++taken_;
    ARROW_RETURN_NOT_OK(source_.ReadNext(batch));
    ended_ = *batch == nullptr;
    return arrow::Status::OK();
  }
  if (!thread_.joinable() && !ended_) thread_ = std::thread([this] { Read(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || ended_; });
  batch->reset();
  if (ready_.empty()) return end_;
  *batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return arrow::Status::OK();
}

void AheadReader::Read() {
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    arrow::Status status = source_.ReadNext(&batch);
    std::unique_lock lock(mutex_);
    if (batch == nullptr || !status.ok()) {
      end_ = std::move(status);
      ended_ = true;
      changed_.notify_all();
      return;
    }
    ready_.push_back(std::move(batch));
    changed_.notify_all();
    changed_.wait(lock, [this] { return ready_.size() < kAhead || stopping_; });
    if (stopping_) return;
  }
}

void AheadReader::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

arrow::Status AheadReader::Close() {
  Stop();
  return source_.Close();
}

}  // namespace

std::unique_ptr<arrow::RecordBatchReader> ReadAhead(arrow::RecordBatchReader& source) {
  return std::make_unique<AheadReader>(source);
}

}  // namespace millpond::data
