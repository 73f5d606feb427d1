#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <duckdb/common/arrow/arrow_appender.hpp>
#include <duckdb/common/arrow/arrow_converter.hpp>
#include <duckdb/common/exception/conversion_exception.hpp>
#include <duckdb/common/vector_operations/vector_operations.hpp>
#include <duckdb/execution/executor.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/main/stream_query_result.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/exact_cast_internal.h"
#include "data/sql/duckdb/results_internal.h"
#include "data/sql/duckdb/types_internal.h"
#include "data/sql/duckdb/variant_functions_internal.h"

namespace millpond::data {
namespace {

constexpr duckdb::idx_t kBatchRows = 32 * 1024;
constexpr auto kPause = std::chrono::microseconds(100);
constexpr int kTurnsWithoutPause = 32;

class ResultReader : public arrow::RecordBatchReader, public Interruptible {
 public:
  ResultReader(std::shared_ptr<void> owner, std::function<void()> interrupt,
               duckdb::unique_ptr<duckdb::QueryResult> result,
               duckdb::vector<duckdb::LogicalType> types, std::shared_ptr<arrow::Schema> schema,
               const QueryText& query, const RunOptions& options)
      : owner_(std::move(owner)),
        interrupt_(std::move(interrupt)),
        result_(std::move(result)),
        types_(std::move(types)),
        schema_(std::move(schema)),
        source_(query.source),
        rewritten_(query.rewritten),
        options_(options) {}
  ~ResultReader() override { result_.reset(); }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    try {
      ArrowArray array;
      if (!Fill(array)) {
        batch->reset();
        return arrow::Status::OK();
      }
      return arrow::ImportRecordBatch(&array, schema_).Value(batch);
    } catch (const std::exception& exception) {
      Finish();
      return ToArrow(ToRunError(duckdb::ErrorData(exception), {source_, rewritten_, 0, &options_}));
    }
  }

  void Interrupt() override {
    interrupt_();
    interrupted_.notify_all();
  }

  // A reader that is not read to its end stops the query.
  arrow::Status Close() override {
    Finish();
    return arrow::Status::OK();
  }

 private:
  // Chunks are small (2,048 rows); a batch takes several.
  bool Fill(ArrowArray& array) {
    if (!result_) return false;
    if (ended_) {
      Finish();
      return false;
    }
    duckdb::ArrowAppender appender(types_, kBatchRows, result_->client_properties, {});
    while (static_cast<duckdb::idx_t>(appender.RowCount()) < kBatchRows) {
      duckdb::unique_ptr<duckdb::DataChunk> chunk;
      duckdb::ErrorData error;
      AwaitChunk();
      if (!result_->TryFetch(chunk, error)) {
        // The query's own; a fetch after it only says that the query is over.
        (result_->HasError() ? result_->GetErrorObject() : error).Throw();
      }
      ended_ = !chunk || chunk->size() == 0;
      if (ended_) break;
      Append(*chunk, appender);
    }
    if (appender.RowCount() == 0) {
      Finish();
      return false;
    }
    array = appender.Finalize();
    return true;
  }

  // Until there is a chunk, or an end; this thread takes its part in the work. DuckDB waits too,
  // but asks again at once, all the time, while other threads have all there is to do; it has no
  // signal for that.
  void AwaitChunk() {
    if (result_->type != duckdb::QueryResultType::STREAM_RESULT) return;
    auto& stream = result_->Cast<duckdb::StreamQueryResult>();
    for (int turn = 0; stream.IsOpen(); ++turn) {
      const duckdb::StreamExecutionResult state = ExecuteTask(stream);
      if (duckdb::StreamQueryResult::IsChunkReady(state)) return;
      // A short query is over by then, and beside a part of a long one a pause is nothing.
      if (state != duckdb::StreamExecutionResult::BLOCKED && turn < kTurnsWithoutPause) continue;
      std::unique_lock lock(mutex_);
      interrupted_.wait_for(lock, kPause);
    }
  }

  // A thread that fails interrupts the others, and this one may hear of that before the error.
  static duckdb::StreamExecutionResult ExecuteTask(duckdb::StreamQueryResult& stream) {
    try {
      return stream.ExecuteTask();
    } catch (const duckdb::InterruptException&) {
      auto& executor = duckdb::Executor::Get(*stream.context);
      if (executor.HasError()) executor.GetError().Throw();
      throw;
    }
  }

  void Append(duckdb::DataChunk& chunk, duckdb::ArrowAppender& appender) {
    if (chunk.GetTypes() == types_) {
      appender.Append(chunk, 0, chunk.size(), chunk.size());
      rows_ += chunk.size();
      return;
    }
    duckdb::DataChunk cast;
    cast.Initialize(duckdb::Allocator::DefaultAllocator(), types_, chunk.size());
    for (duckdb::idx_t i = 0; i < types_.size(); ++i) {
      if (chunk.data[i].GetType() == types_[i]) {
        cast.data[i].Reference(chunk.data[i]);
      } else {
        CastColumn(chunk, cast, i);
      }
    }
    rows_ += chunk.size();
    cast.SetCardinality(chunk.size());
    appender.Append(cast, 0, cast.size(), cast.size());
  }

  void CastColumn(duckdb::DataChunk& from, duckdb::DataChunk& to, duckdb::idx_t i) {
    duckdb::string message;
    auto& context = *result_->client_properties.client_context;
    if (types_[i].id() == duckdb::LogicalTypeId::SQLNULL || IsVoidType(types_[i])) {
      return CheckVoid(from, to, i);
    }
    if (from.data[i].GetType().id() == duckdb::LogicalTypeId::VARIANT &&
        types_[i].id() == duckdb::LogicalTypeId::VARCHAR) {
      return DuckVariantsAsText(context, from.data[i], to.data[i], from.size());
    }
    if (!duckdb::VectorOperations::TryCast(context, from.data[i], to.data[i], from.size(),
                                           &message)) {
      duckdb::idx_t row = 0;  // the first that had a value and has none now
      const auto lost = [&] { return to.data[i].GetValue(row).IsNull(); };
      while (row + 1 < from.size() && (from.data[i].GetValue(row).IsNull() || !lost())) ++row;
      Refuse(i, row, message);
    }
    if (options_.columns.empty()) return;
    const auto changed = FirstChanged(context, from.data[i], to.data[i], from.size());
    if (!changed) return;
    Refuse(i, *changed,
           ChangedText(from.data[i].GetValue(*changed), to.data[i].GetValue(*changed), types_[i]));
  }

  // A void column, or what a query made of one.
  void CheckVoid(duckdb::DataChunk& from, duckdb::DataChunk& to, duckdb::idx_t i) {
    for (duckdb::idx_t row = 0; row < from.size(); ++row) {
      if (from.data[i].GetValue(row).IsNull()) continue;
      Refuse(i, row, "void holds nothing but NULL: write NULL, or cast to the type that is meant");
    }
    to.data[i].SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
    duckdb::ConstantVector::SetNull(to.data[i], true);
  }

  [[noreturn]] void Refuse(duckdb::idx_t column, duckdb::idx_t row, const std::string& why) const {
    const auto& places = options_.places;
    const std::string name = options_.columns.empty()
                                 ? schema_->field(static_cast<int>(column))->name()
                                 : options_.columns[column].name;
    size_t offset = rewritten_.SourceOffset(0);
    if (places.size() == 1) offset = places[0][column];
    if (places.size() > 1 && rows_ + row < places.size()) offset = places[rows_ + row][column];
    Throw(Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: column {}: {}", source_.Place(offset), name, why)));
  }

  void Finish() {
    result_.reset();
    owner_.reset();
  }

  std::shared_ptr<void> owner_;  // goes after the result
  std::function<void()> interrupt_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::shared_ptr<arrow::Schema> schema_;
  SourceText source_;
  RewrittenSql rewritten_;
  RunOptions options_;
  duckdb::idx_t rows_ = 0;  // appended so far
  std::mutex mutex_;
  std::condition_variable interrupted_;
  bool ended_ = false;  // a stream result cannot be asked once more after its end
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

Result<std::shared_ptr<arrow::RecordBatchReader>> MakeResultReader(
    std::shared_ptr<void> owner, std::function<void()> interrupt,
    duckdb::unique_ptr<duckdb::QueryResult> result, const QueryText& query,
    const RunOptions& options) {
  duckdb::vector<duckdb::LogicalType> types;
  for (const auto& column : options.columns) types.push_back(ToLogicalType(column.type));
  if (types.empty()) {
    for (const auto& type : result->types) types.push_back(ResultType(type));
  }
  MP_ASSIGN_OR_RETURN(auto schema, ResultSchema({result->names.begin(), result->names.end()}, types,
                                                result->client_properties));
  return std::make_shared<ResultReader>(std::move(owner), std::move(interrupt), std::move(result),
                                        std::move(types), std::move(schema), query, options);
}

}  // namespace millpond::data
