#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/arrow/status.h"
#include "data/delta/metadata/value_check.h"
#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/row_mapper.h"

namespace millpond::data {

Result<RowMapper> RowMapper::Make(const Schema& table, const arrow::Schema& rows,
                                  const std::string& table_path, const std::vector<bool>& filled) {
  RowMapper mapper;
  mapper.schema_ = table;
  mapper.source_.assign(table.size(), -1);
  mapper.arrow_schema_ = table.ToArrow();
  for (int i = 0; i < rows.num_fields(); ++i) {
    const std::string& name = rows.field(i)->name();
    int column = table.IndexOf(name);
    if (column < 0) {
      return Fail(ErrorKind::kInvalidArgument,
                  "table {} has no column '{}': leave it out or add it to the table", table_path,
                  name);
    }
    if (mapper.source_[column] >= 0) {
      return Fail(ErrorKind::kInvalidArgument, "the rows have the column '{}' twice", name);
    }
    mapper.source_[column] = i;
  }
  for (size_t i = 0; i < table.size(); ++i) {
    if (mapper.source_[i] >= 0 || table.fields()[i].nullable) continue;
    if (!filled.empty() && filled[i]) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "the rows lack the column '{}', which is NOT NULL in table {}",
                table.fields()[i].name, table_path);
  }
  return mapper;
}

Result<std::shared_ptr<arrow::RecordBatch>> RowMapper::Map(const arrow::RecordBatch& rows) const {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t i = 0; i < schema_.size(); ++i) {
    const StructField& field = schema_.fields()[i];
    std::shared_ptr<arrow::Array> column;
    if (source_[i] < 0) {
      MP_ARROW_ASSIGN_OR_RETURN(column,
                                arrow::MakeArrayOfNull(ToArrowType(field.type), rows.num_rows()));
    } else {
      MP_ASSIGN_OR_RETURN(
          column, CastColumn(rows.column(source_[i]), field.type, CastRule::kWrite, field.name));
      MP_RETURN_IF_ERROR(CheckNullability(*column, field, field.name));
      MP_RETURN_IF_ERROR(CheckValues(*column, field.type, field.name));
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(arrow_schema_, rows.num_rows(), std::move(columns));
}

}  // namespace millpond::data
