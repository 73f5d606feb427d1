#include "pipeline/flows/table_sink.h"

#include <arrow/record_batch.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "data/arrow/status.h"

namespace millpond::pipeline {
namespace {

constexpr size_t kQueuedBatches = 4;

}  // namespace

struct TableSink::Shared {
  Shared(data::DeltaTable t, std::shared_ptr<arrow::Schema> s) : table(std::move(t)), schema(s) {}

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<arrow::RecordBatch>> queue;
  bool ended = false;                                // no more rows: commit
  bool aborted = false;                              // no more rows: do not commit
  std::optional<Result<data::CommitResult>> result;  // set when the writer is done
  data::DeltaTable table;
  std::shared_ptr<arrow::Schema> schema;
  std::thread writer;
};

namespace {

class QueueReader : public arrow::RecordBatchReader {
 public:
  using Take = std::function<arrow::Status(std::shared_ptr<arrow::RecordBatch>*)>;
  QueueReader(std::shared_ptr<arrow::Schema> schema, Take take)
      : schema_(std::move(schema)), take_(std::move(take)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override { return take_(out); }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  Take take_;
};

}  // namespace

TableSink::TableSink(data::DeltaTable table, std::shared_ptr<arrow::Schema> schema,
                     data::WriteOptions options)
    : shared_(std::make_unique<Shared>(std::move(table), schema)) {
  Shared* shared = shared_.get();
  shared->writer = std::thread([shared, options = std::move(options)] {
    QueueReader reader(shared->schema, [shared](std::shared_ptr<arrow::RecordBatch>* out) {
      std::unique_lock lock(shared->mutex);
      shared->changed.wait(
          lock, [&] { return !shared->queue.empty() || shared->ended || shared->aborted; });
      *out = nullptr;
      if (shared->aborted) {
        return data::ToArrow(Error(ErrorKind::kCancelled, "the epoch was given up"));
      }
      if (shared->queue.empty()) return arrow::Status::OK();
      *out = std::move(shared->queue.front());
      shared->queue.pop_front();
      shared->changed.notify_all();
      return arrow::Status::OK();
    });
    auto result = data::WriteTable(shared->table, reader, options);
    std::lock_guard lock(shared->mutex);
    shared->result.emplace(std::move(result));
    shared->changed.notify_all();
  });
}

TableSink::~TableSink() {
  {
    std::lock_guard lock(shared_->mutex);
    if (!shared_->ended) shared_->aborted = true;
    shared_->changed.notify_all();
  }
  if (shared_->writer.joinable()) shared_->writer.join();
}

Status TableSink::Append(std::shared_ptr<arrow::RecordBatch> batch) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(
      lock, [&] { return shared_->queue.size() < kQueuedBatches || shared_->result.has_value(); });
  if (shared_->result.has_value()) {
    // A writer that is done before its rows has failed, or knew the txn already.
    if (shared_->result->has_value()) return OkStatus();
    return std::unexpected(shared_->result->error());
  }
  shared_->queue.push_back(std::move(batch));
  shared_->changed.notify_all();
  return OkStatus();
}

Result<data::CommitResult> TableSink::Commit() {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->ended = true;
    shared_->changed.notify_all();
  }
  shared_->writer.join();
  return std::move(*shared_->result);
}

}  // namespace millpond::pipeline
