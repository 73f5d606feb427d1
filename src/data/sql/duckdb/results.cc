#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <duckdb/common/arrow/arrow_appender.hpp>
#include <duckdb/common/arrow/arrow_converter.hpp>
#include <duckdb/common/exception/conversion_exception.hpp>
#include <duckdb/common/vector_operations/vector_operations.hpp>
#include <duckdb/main/client_context.hpp>

#include "data/arrow/status.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/lake_file_system.h"
#include "data/sql/duckdb/results_internal.h"

namespace millpond::data {
namespace {

constexpr duckdb::idx_t kBatchRows = 32 * 1024;

Error RunError(const duckdb::ErrorData& error) {
  const Error plain = ToError(error);
  return Error(plain.kind(), WithoutLakePrefix(plain.message()));
}

class ResultReader : public arrow::RecordBatchReader {
 public:
  ResultReader(std::shared_ptr<void> owner, duckdb::unique_ptr<duckdb::QueryResult> result,
               duckdb::vector<duckdb::LogicalType> types, std::shared_ptr<arrow::Schema> schema)
      : owner_(std::move(owner)),
        result_(std::move(result)),
        types_(std::move(types)),
        schema_(std::move(schema)) {}
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
      return ToArrow(RunError(duckdb::ErrorData(exception)));
    }
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
      if (!result_->TryFetch(chunk, error)) {
        (error.HasError() ? error : result_->GetErrorObject()).Throw();
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

  void Append(duckdb::DataChunk& chunk, duckdb::ArrowAppender& appender) {
    if (chunk.GetTypes() == types_) {
      appender.Append(chunk, 0, chunk.size(), chunk.size());
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
    cast.SetCardinality(chunk.size());
    appender.Append(cast, 0, cast.size(), cast.size());
  }

  void CastColumn(duckdb::DataChunk& from, duckdb::DataChunk& to, duckdb::idx_t i) {
    duckdb::string message;
    auto& context = *result_->client_properties.client_context;
    if (duckdb::VectorOperations::TryCast(context, from.data[i], to.data[i], from.size(),
                                          &message)) {
      return;
    }
    throw duckdb::ConversionException("column %s: %s", schema_->field(static_cast<int>(i))->name(),
                                      message);
  }

  void Finish() {
    result_.reset();
    owner_.reset();
  }

  std::shared_ptr<void> owner_;  // goes after the result
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::shared_ptr<arrow::Schema> schema_;
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
    std::shared_ptr<void> owner, duckdb::unique_ptr<duckdb::QueryResult> result,
    duckdb::vector<duckdb::LogicalType> types) {
  MP_ASSIGN_OR_RETURN(auto schema, ResultSchema({result->names.begin(), result->names.end()}, types,
                                                result->client_properties));
  return std::make_shared<ResultReader>(std::move(owner), std::move(result), std::move(types),
                                        std::move(schema));
}

}  // namespace millpond::data
