#include "data/sql/row_progress.h"

#include <arrow/record_batch.h>

#include "data/arrow/read_ahead.h"

namespace millpond::data {
namespace {

class CountedRows : public arrow::RecordBatchReader, public Interruptible {
 public:
  CountedRows(std::shared_ptr<arrow::RecordBatchReader> rows, Progress& progress)
      : rows_(std::move(rows)), progress_(progress) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    count_ += (*batch)->num_rows();
    progress_.Report({"query", "", count_, 0, "rows"});
    return arrow::Status::OK();
  }
  arrow::Status Close() override { return rows_->Close(); }
  void Interrupt() override { InterruptReader(*rows_); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  Progress& progress_;
  int64_t count_ = 0;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> WithProgress(
    std::shared_ptr<arrow::RecordBatchReader> rows, Progress* progress) {
  if (progress == nullptr) return rows;
  return std::make_shared<CountedRows>(std::move(rows), *progress);
}

}  // namespace millpond::data
