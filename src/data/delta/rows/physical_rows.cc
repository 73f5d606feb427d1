#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>

#include "data/delta/metadata/column_mapping.h"
#include "data/delta/rows/physical_rows_internal.h"

namespace millpond::data {
namespace {

// Where Arrow's Parquet writer looks for a column's field id.
constexpr const char* kFieldId = "PARQUET:field_id";

std::shared_ptr<arrow::Field> FieldOf(const StructField& field);

std::shared_ptr<arrow::DataType> TypeOf(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : type.fields()) {
        if (field.type.kind() != TypeKind::kVoid) fields.push_back(FieldOf(field));
      }
      return arrow::struct_(std::move(fields));
    }
    case TypeKind::kArray:
      return arrow::list(arrow::field("element", TypeOf(type.element()), type.contains_null()));
    case TypeKind::kMap:
      return arrow::map(TypeOf(type.key()),
                        arrow::field("value", TypeOf(type.element()), type.contains_null()));
    default:
      return ToArrowType(type);
  }
}

std::shared_ptr<arrow::Field> FieldOf(const StructField& field) {
  auto made = arrow::field(PhysicalName(field), TypeOf(field.type), field.nullable);
  const auto id = ColumnId(field);
  if (!id) return made;
  return made->WithMetadata(arrow::key_value_metadata({kFieldId}, {fmt::format("{}", *id)}));
}

// The same values under a type that differs in names only, and lacks void fields.
std::shared_ptr<arrow::ArrayData> Retyped(const arrow::ArrayData& data,
                                          const std::shared_ptr<arrow::DataType>& type) {
  auto copy = data.Copy();
  copy->type = type;
  std::erase_if(copy->child_data,
                [](const auto& child) { return child->type->id() == arrow::Type::NA; });
  for (size_t i = 0; i < copy->child_data.size(); ++i) {
    copy->child_data[i] = Retyped(*copy->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return copy;
}

bool IsVariant(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRUCT && type.Equals(*ToArrowType(TypeKind::kVariant));
}

bool HoldsVariant(const arrow::DataType& type) {
  return IsVariant(type) || std::ranges::any_of(type.fields(), [](const auto& field) {
           return HoldsVariant(*field->type());
         });
}

// A variant that is NULL may have parts that are; their columns say that no part is, and below a
// NULL nobody looks.
std::shared_ptr<arrow::ArrayData> WithRequiredParts(const arrow::ArrayData& data) {
  auto copy = data.Copy();
  const bool is_variant = IsVariant(*data.type);
  for (auto& child : copy->child_data) {
    child = WithRequiredParts(*child);
    if (!is_variant) continue;
    child->buffers[0] = nullptr;
    child->null_count = 0;
  }
  return copy;
}

}  // namespace

std::shared_ptr<arrow::Schema> PhysicalArrowSchema(const Schema& columns) {
  arrow::FieldVector fields;
  for (const StructField& field : columns.fields()) fields.push_back(FieldOf(field));
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::RecordBatch> AsPhysical(const arrow::RecordBatch& rows,
                                               std::shared_ptr<arrow::Schema> physical) {
  arrow::ArrayVector columns;
  for (int i = 0; i < rows.num_columns(); ++i) {
    const auto& type = physical->field(i)->type();
    const auto& column = rows.column(i);
    auto data = column->data();
    if (!type->Equals(*column->type())) data = Retyped(*data, type);
    if (HoldsVariant(*type)) data = WithRequiredParts(*data);
    columns.push_back(data == column->data() ? column : arrow::MakeArray(data));
  }
  return arrow::RecordBatch::Make(std::move(physical), rows.num_rows(), std::move(columns));
}

}  // namespace millpond::data
