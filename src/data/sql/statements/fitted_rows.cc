#include "data/sql/statements/fitted_rows_internal.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/delta/metadata/text_limits.h"
#include "data/delta/rows/text_fit.h"

namespace millpond::data {
namespace {

struct FittedColumn {
  int place = 0;
  StructField field;  // of the table
  TextLimits limits;
};

class FittedRows : public arrow::RecordBatchReader, public Interruptible {
 public:
  FittedRows(std::shared_ptr<arrow::RecordBatchReader> inner, std::vector<FittedColumn> columns)
      : inner_(std::move(inner)), columns_(std::move(columns)) {
    arrow::FieldVector fields = inner_->schema()->fields();
    for (const FittedColumn& column : columns_) {
      fields[column.place] = fields[column.place]->WithType(ToArrowType(column.field.type));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
    if (*batch == nullptr) return arrow::Status::OK();
    arrow::ArrayVector values = (*batch)->columns();
    for (const FittedColumn& column : columns_) {
      auto fitted = CastAndFit(std::move(values[column.place]), column.field, column.limits);
      if (!fitted.has_value()) return ToArrow(fitted.error());
      values[column.place] = *std::move(fitted);
    }
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(values));
    return arrow::Status::OK();
  }
  void Interrupt() override { InterruptReader(*inner_); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> inner_;
  std::vector<FittedColumn> columns_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> WithTextsFitted(
    std::shared_ptr<arrow::RecordBatchReader> rows, const Schema& table) {
  std::vector<FittedColumn> columns;
  for (int i = 0; i < rows->schema()->num_fields(); ++i) {
    const auto& given = rows->schema()->field(i);
    const StructField* field = table.Find(given->name());
    if (field == nullptr) continue;  // whoever writes the rows says so
    MP_ASSIGN_OR_RETURN(auto limits, TextLimitsOf(*field));
    if (limits.empty()) continue;
    FittedColumn column{i, *field, std::move(limits)};
    MP_ARROW_ASSIGN_OR_RETURN(auto none, arrow::MakeEmptyArray(given->type()));
    // Numbers become texts, without spaces, on their way to the table.
    if (!CastAndFit(std::move(none), column.field, column.limits).has_value()) continue;
    columns.push_back(std::move(column));
  }
  if (columns.empty()) return rows;
  return std::make_shared<FittedRows>(std::move(rows), std::move(columns));
}

}  // namespace millpond::data
