#include "data/sql/duckdb/result_collector_internal.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <duckdb/common/arrow/arrow_appender.hpp>
#include <duckdb/execution/operator/helper/physical_result_collector.hpp>
#include <duckdb/execution/physical_plan_generator.hpp>
#include <duckdb/main/client_context.hpp>
#include <duckdb/main/prepared_statement_data.hpp>
#include <duckdb/parallel/task_scheduler.hpp>
#include <utility>

#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/results_internal.h"

namespace millpond::data {
namespace {

// A batch ends with either.
constexpr int64_t kBatchRows = 60 * 1024;  // half of a row group of DuckDB's
constexpr int64_t kMaxBatchBytes = int64_t{8} << 20, kMinBatchBytes = int64_t{256} << 10;

// As PhysicalResultCollector::GetResultCollector tells them apart.
enum class RowOrder { kAny, kOneThread, kByPart };

RowOrder OrderOf(duckdb::ClientContext& context, duckdb::PreparedStatementData& data,
                 const RunOptions& options) {
  if (options.places.size() > 1) return RowOrder::kOneThread;  // rows are told by their numbers
  duckdb::PhysicalOperator& root = data.physical_plan->Root();
  if (!duckdb::PhysicalPlanGenerator::PreserveInsertionOrder(context, root)) return RowOrder::kAny;
  const bool parts = duckdb::PhysicalPlanGenerator::UseBatchIndex(context, root);
  return parts ? RowOrder::kByPart : RowOrder::kOneThread;
}

int64_t BytesOf(duckdb::Vector& values, duckdb::idx_t count) {
  const duckdb::PhysicalType type = values.GetType().InternalType();
  switch (type) {
    case duckdb::PhysicalType::VARCHAR: {
      duckdb::UnifiedVectorFormat format;
      values.ToUnifiedFormat(count, format);
      const auto* texts = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
      auto bytes = static_cast<int64_t>(count * sizeof(int32_t));
      for (duckdb::idx_t row = 0; row < count; ++row) {
        const duckdb::idx_t at = format.sel->get_index(row);
        if (format.validity.RowIsValid(at)) bytes += texts[at].GetSize();
      }
      return bytes;
    }
    case duckdb::PhysicalType::LIST:
      return BytesOf(duckdb::ListVector::GetEntry(values), duckdb::ListVector::GetListSize(values));
    case duckdb::PhysicalType::STRUCT: {
      int64_t bytes = 0;
      for (auto& child : duckdb::StructVector::GetEntries(values)) bytes += BytesOf(*child, count);
      return bytes;
    }
    default:
      return static_cast<int64_t>(count * duckdb::GetTypeIdSize(type));
  }
}

int64_t BytesOf(duckdb::DataChunk& chunk) {
  int64_t bytes = 0;
  for (auto& column : chunk.data) bytes += BytesOf(column, chunk.size());
  return bytes;
}

// The rows of one thread that are not in the queue yet.
class OpenBatch : public duckdb::LocalSinkState {
 public:
  uint64_t part = 0;
  duckdb::unique_ptr<duckdb::ArrowAppender> appender;
  int64_t bytes = 0;       // about, in the appender
  duckdb::idx_t rows = 0;  // of this thread, in the queue or not
};

class Collector : public duckdb::PhysicalResultCollector {
 public:
  Collector(duckdb::ClientContext& context, duckdb::PreparedStatementData& data,
            std::shared_ptr<CollectedResult> result, RowOrder order)
      : PhysicalResultCollector(*data.physical_plan, data),
        properties_(context.GetClientProperties()),
        result_(std::move(result)),
        order_(order) {
    // Each thread has one, and one more waits.
    const int64_t threads = duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads();
    batch_bytes_ = std::clamp(result_->max_bytes / (2 * threads), kMinBatchBytes, kMaxBatchBytes);
  }

  bool ParallelSink() const override { return order_ != RowOrder::kOneThread; }
  // The parts of a UNION ALL come one after the other, as in DuckDB's own collectors.
  bool SinkOrderDependent() const override { return true; }
  duckdb::OperatorPartitionInfo RequiredPartitionInfo() const override {
    return order_ == RowOrder::kByPart ? duckdb::OperatorPartitionInfo::BatchIndex()
                                       : duckdb::OperatorPartitionInfo::NoPartitionInfo();
  }
  duckdb::unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(
      duckdb::ExecutionContext&) const override {
    return duckdb::make_uniq<OpenBatch>();
  }
  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext&) const override {
    return duckdb::make_uniq<duckdb::GlobalSinkState>();
  }

  duckdb::SinkResultType Sink(duckdb::ExecutionContext& context, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override {
    auto& open = input.local_state.Cast<OpenBatch>();
    TakePart(open);
    const bool waits =
        result_->queue.WaitIfFull(open.part, [state = input.interrupt_state] { state.Callback(); });
    if (waits) return duckdb::SinkResultType::BLOCKED;
    if (chunk.GetTypes() == result_->values->types()) {
      Append(chunk, open);
    } else {
      duckdb::DataChunk cast;
      result_->values->Cast(context.client, chunk, open.rows, cast);
      Append(cast, open);
    }
    open.rows += chunk.size();
    return duckdb::SinkResultType::NEED_MORE_INPUT;
  }

  duckdb::SinkNextBatchType NextBatch(duckdb::ExecutionContext&,
                                      duckdb::OperatorSinkNextBatchInput& input) const override {
    auto& open = input.local_state.Cast<OpenBatch>();
    PushBatch(open);
    TakePart(open);
    return duckdb::SinkNextBatchType::READY;
  }

  duckdb::SinkCombineResultType Combine(duckdb::ExecutionContext&,
                                        duckdb::OperatorSinkCombineInput& input) const override {
    auto& open = input.local_state.Cast<OpenBatch>();
    PushBatch(open);
    if (order_ == RowOrder::kByPart) TakePart(open);
    return duckdb::SinkCombineResultType::FINISHED;
  }

  duckdb::unique_ptr<duckdb::QueryResult> GetResult(duckdb::GlobalSinkState&) const override {
    Throw(Error(ErrorKind::kInternal, "the rows of a query are in its queue"));
  }

 private:
  // The part that the thread works on from now on, and what it knows of the others.
  void TakePart(OpenBatch& open) const {
    if (order_ != RowOrder::kByPart) return;
    open.part = open.partition_info.batch_index.GetIndex();
    result_->queue.SetLowest(open.partition_info.min_batch_index.GetIndex());
  }

  // In pieces where the rows are so wide that their texts would not fit into one batch.
  void Append(duckdb::DataChunk& chunk, OpenBatch& open) const {
    const int64_t bytes = BytesOf(chunk);
    const auto pieces = std::min<duckdb::idx_t>(bytes / batch_bytes_ + 1, chunk.size());
    const duckdb::idx_t step = (chunk.size() + pieces - 1) / pieces;
    for (duckdb::idx_t from = 0; from < chunk.size(); from += step) {
      if (open.appender == nullptr) StartBatch(open, chunk.size() == STANDARD_VECTOR_SIZE);
      const duckdb::idx_t to = std::min(from + step, chunk.size());
      open.appender->Append(chunk, from, to, chunk.size());
      open.bytes += bytes / static_cast<int64_t>(pieces);
      const bool enough = static_cast<int64_t>(open.appender->RowCount()) >= kBatchRows ||
                          open.bytes >= batch_bytes_;
      if (enough) PushBatch(open);
    }
  }

  void StartBatch(OpenBatch& open, bool more_follow) const {
    open.bytes = 0;
    open.appender = duckdb::make_uniq<duckdb::ArrowAppender>(
        result_->values->types(), more_follow ? kBatchRows : STANDARD_VECTOR_SIZE, properties_,
        duckdb::unordered_map<duckdb::idx_t,
                              const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>());
  }

  void PushBatch(OpenBatch& open) const {
    if (open.appender == nullptr) return;
    ArrowArray array = open.appender->Finalize();
    open.appender.reset();
    auto batch = arrow::ImportRecordBatch(&array, result_->schema);
    if (!batch.ok()) Throw(FromArrow(batch.status()));
    result_->queue.Push(open.part, *std::move(batch));
  }

  duckdb::ClientProperties properties_;
  std::shared_ptr<CollectedResult> result_;
  RowOrder order_;
  int64_t batch_bytes_ = 0;
};

}  // namespace

duckdb::get_result_collector_t CollectInto(std::shared_ptr<CollectedResult> result,
                                           const QueryText& query, const RunOptions& options) {
  return [result = std::move(result), &query, &options](
             duckdb::ClientContext& context,
             duckdb::PreparedStatementData& data) -> duckdb::unique_ptr<duckdb::PhysicalOperator> {
    const size_t needed = options.columns.size();
    if (needed != 0 && needed != data.types.size()) {
      Throw(Error(
          ErrorKind::kInvalidArgument,
          fmt::format("the query gives {} columns, {} are needed", data.types.size(), needed)));
    }
    result->values = std::make_shared<const ResultValues>(query, options, data.types, data.names);
    auto schema = ResultSchema(result->values->names(), result->values->types(),
                               context.GetClientProperties());
    if (!schema.has_value()) Throw(schema.error());
    result->schema = *std::move(schema);
    return duckdb::make_uniq_base<duckdb::PhysicalOperator, Collector>(
        context, data, result, OrderOf(context, data, options));
  };
}

}  // namespace millpond::data
