#include "data/sql/duckdb/results_internal.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <chrono>
#include <duckdb/common/arrow/arrow_converter.hpp>
#include <duckdb/main/client_context.hpp>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"

namespace millpond::data {
namespace {

constexpr auto kPause = std::chrono::microseconds(100);
constexpr int kTurnsWithoutPause = 32;

class ResultReader : public arrow::RecordBatchReader, public Interruptible {
 public:
  ResultReader(std::shared_ptr<void> owner, std::function<void()> interrupt,
               duckdb::unique_ptr<duckdb::PendingQueryResult> query,
               std::shared_ptr<CollectedResult> result)
      : owner_(std::move(owner)),
        interrupt_(std::move(interrupt)),
        query_(std::move(query)),
        result_(std::move(result)) {}
  ~ResultReader() override { Finish(); }

  std::shared_ptr<arrow::Schema> schema() const override { return result_->schema; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    try {
      *batch = Next();
      return arrow::Status::OK();
    } catch (const std::exception& exception) {
      Finish();
      return ToArrow(result_->values->ErrorOf(duckdb::ErrorData(exception)));
    }
  }

  void Interrupt() override {
    interrupt_();
    result_->queue.Wake();
  }

  // A reader that is not read to its end stops the query.
  arrow::Status Close() override {
    Finish();
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatch> Next() {
    for (int turn = 0;; ++turn) {
      if (auto batch = result_->queue.Take()) return batch;
      if (query_ == nullptr) return nullptr;
      const duckdb::PendingExecutionResult state = query_->ExecuteTask();
      if (state == duckdb::PendingExecutionResult::EXECUTION_ERROR) {
        query_->GetErrorObject().Throw();
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
    }
  }

  void Finish() {
    query_.reset();
    owner_.reset();
  }

  std::shared_ptr<void> owner_;  // goes after the query
  std::function<void()> interrupt_;
  duckdb::unique_ptr<duckdb::PendingQueryResult> query_;  // null: it is over
  std::shared_ptr<CollectedResult> result_;
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
    std::shared_ptr<void> owner, std::function<void()> interrupt,
    duckdb::unique_ptr<duckdb::PendingQueryResult> query, std::shared_ptr<CollectedResult> result) {
  return std::make_shared<ResultReader>(std::move(owner), std::move(interrupt), std::move(query),
                                        std::move(result));
}

}  // namespace millpond::data
