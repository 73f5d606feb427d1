#include <arrow/api.h>

#include "base/check.h"
#include "data/arrow/status.h"
#include "data/sql/rows.h"

namespace millpond::data {
namespace {

template <typename Builder, typename Value>
Result<std::shared_ptr<arrow::Array>> Build(std::shared_ptr<arrow::DataType> type,
                                            const std::vector<std::vector<Cell>>& rows,
                                            size_t column) {
  Builder builder(std::move(type), arrow::default_memory_pool());
  for (const std::vector<Cell>& row : rows) {
    const auto* value = std::get_if<Value>(&row[column]);
    MP_ARROW_RETURN_IF_ERROR(value == nullptr ? builder.AppendNull() : builder.Append(*value));
  }
  std::shared_ptr<arrow::Array> array;
  MP_ARROW_RETURN_IF_ERROR(builder.Finish(&array));
  return array;
}

Result<std::shared_ptr<arrow::Array>> Build(CellType type,
                                            const std::vector<std::vector<Cell>>& rows,
                                            size_t column) {
  switch (type) {
    case CellType::kInteger:
      return Build<arrow::Int64Builder, int64_t>(arrow::int64(), rows, column);
    case CellType::kBoolean:
      return Build<arrow::BooleanBuilder, bool>(arrow::boolean(), rows, column);
    case CellType::kTimestamp:
      return Build<arrow::TimestampBuilder, int64_t>(
          arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), rows, column);
    case CellType::kText:
      break;
  }
  return Build<arrow::StringBuilder, std::string>(arrow::utf8(), rows, column);
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> MakeRows(
    const std::vector<RowsColumn>& columns, const std::vector<std::vector<Cell>>& rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const std::vector<Cell>& row : rows) CHECK_EQ(row.size(), columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    MP_ASSIGN_OR_RETURN(auto array, Build(columns[i].type, rows, i));
    fields.push_back(arrow::field(columns[i].name, array->type()));
    arrays.push_back(std::move(array));
  }
  auto schema = arrow::schema(std::move(fields));
  auto batch =
      arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), std::move(arrays));
  return FromArrow(arrow::RecordBatchReader::Make({std::move(batch)}, std::move(schema)));
}

Status DrainRows(arrow::RecordBatchReader& rows) {
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    MP_ARROW_RETURN_IF_ERROR(rows.ReadNext(&batch));
  } while (batch != nullptr);
  return OkStatus();
}

}  // namespace millpond::data
