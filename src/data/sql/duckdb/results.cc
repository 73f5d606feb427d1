#include "data/sql/duckdb/results_internal.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <chrono>
#include <duckdb/common/arrow/arrow_converter.hpp>
#include <duckdb/main/client_context.hpp>

#include "base/progress.h"
#include "data/arrow/batch_bytes.h"
#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"

namespace millpond::data {
namespace {

constexpr auto kPause = std::chrono::microseconds(100);
constexpr int kTurnsWithoutPause = 32;
// Batches with less are joined.
constexpr int64_t kFewRows = 8 * 1024;
constexpr int64_t kFewBytes = int64_t{1} << 20;

class ResultReader : public arrow::RecordBatchReader, public Interruptible {
 public:
  ResultReader(RunningQuery running, std::shared_ptr<CollectedResult> result)
      : running_(std::move(running)), result_(std::move(result)) {}
  ~ResultReader() override { Stop(); }

  std::shared_ptr<arrow::Schema> schema() const override { return result_->schema; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    try {
      return Joined(batch);
    } catch (const std::exception& exception) {
      const duckdb::ErrorData error(exception);
      Stop();
      return ToArrow(result_->values->ErrorOf(error));
    }
  }

  void Interrupt() override { running_.interrupt(); }

  // A reader that is not read to its end stops the query.
  arrow::Status Close() override {
    Stop();
    return arrow::Status::OK();
  }

 private:
  // The next batch, or the next small ones as one.
  arrow::Status Joined(std::shared_ptr<arrow::RecordBatch>* batch) {
    batch->reset();
    arrow::RecordBatchVector few;
    int64_t rows = 0, bytes = 0;
    while (rows < kFewRows && bytes < kFewBytes) {
      auto next = Next();
      if (next == nullptr) break;
      rows += next->num_rows();
      bytes += BytesOf(*next);
      few.push_back(std::move(next));
    }
    if (few.empty()) return arrow::Status::OK();
    any_ = true;
    if (few.size() == 1) *batch = std::move(few.front());
    return few.size() == 1 ? arrow::Status::OK()
                           : arrow::ConcatenateRecordBatches(few).Value(batch);
  }

  std::shared_ptr<arrow::RecordBatch> Next() {
    for (int turn = 0;; ++turn) {
      if (stopped_) return nullptr;
      if (auto batch = result_->queue.Take()) return batch;
      if (running_.query == nullptr) return nullptr;
      const duckdb::PendingExecutionResult state = running_.query->ExecuteTask();
      if (state == duckdb::PendingExecutionResult::EXECUTION_ERROR) {
        running_.query->GetErrorObject().Throw();
      }
      if (state == duckdb::PendingExecutionResult::EXECUTION_FINISHED) {
        Finish();
        result_->queue.End();
      } else if (state != duckdb::PendingExecutionResult::RESULT_NOT_READY &&
                 turn >= kTurnsWithoutPause) {
        // Other threads have all there is to do, and DuckDB has no signal for a task that comes. A
        // short query is over by then, and beside a part of a long one a pause is nothing.
        result_->queue.Await(kPause);
      }
      Tell();
    }
  }

  void Tell() {
    Progress* progress = result_->values->options().progress;
    if (progress == nullptr || any_ || running_.query == nullptr) return;
    const auto percent = static_cast<int64_t>(running_.percent());
    if (percent > 0) progress->Report({"query", "", percent, 100, "%"});
  }

  // Whatever the query is at.
  void Stop() {
    stopped_ = true;
    if (running_.query != nullptr) running_.interrupt();
    Finish();
  }

  void Finish() {
    running_.query.reset();
    running_.owner.reset();
  }

  RunningQuery running_;  // without a query: it is over
  std::shared_ptr<CollectedResult> result_;
  bool any_ = false;  // rows were given
  bool stopped_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::Schema>> ResultSchema(const std::vector<std::string>& names,
                                                    duckdb::vector<duckdb::LogicalType> types,
                                                    duckdb::ClientProperties properties) {
  try {
    ArrowSchema c_schema;
    duckdb::vector<duckdb::string> column_names(names.begin(), names.end());
    duckdb::ArrowConverter::ToArrowSchema(&c_schema, types, column_names, properties);
    return FromArrow(arrow::ImportSchema(&c_schema));
  } catch (const std::exception& exception) {
    return std::unexpected(ToError(duckdb::ErrorData(exception)));
  }
}

std::shared_ptr<arrow::RecordBatchReader> MakeResultReader(
    RunningQuery query, std::shared_ptr<CollectedResult> result) {
  return std::make_shared<ResultReader>(std::move(query), std::move(result));
}

}  // namespace millpond::data
