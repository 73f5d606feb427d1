#include "data/sql/duckdb/lake_variants_internal.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <duckdb/common/multi_file/multi_file_reader.hpp>
#include <duckdb/execution/expression_executor_state.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/planner/expression/bound_function_expression.hpp>
#include <duckdb/planner/expression/bound_reference_expression.hpp>

#include "data/delta/rows/array_value.h"
#include "data/sql/duckdb/errors_internal.h"
#include "data/sql/duckdb/types_internal.h"

namespace millpond::data {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// Past those of lake_hidden.cc.
constexpr duckdb::column_t kFirst = duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILENAME + 0x20000;
constexpr duckdb::column_t kEnd = kFirst + 0x1000000;

struct VariantBind : public duckdb::FunctionData {
  VariantBind(std::shared_ptr<PlannedScan> scan_in, std::shared_ptr<VariantCursors> cursors_in,
              const VariantPlace& place_in)
      : scan(std::move(scan_in)), cursors(std::move(cursors_in)), place(place_in) {}
  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    return duckdb::make_uniq<VariantBind>(scan, cursors, place);
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    const auto& bind = other.Cast<VariantBind>();
    return bind.cursors == cursors && bind.place == place;
  }
  const DataType& type() const { return place.snapshot->schema().fields()[place.column].type; }

  std::shared_ptr<PlannedScan> scan;  // keeps the snapshot
  std::shared_ptr<VariantCursors> cursors;
  VariantPlace place;
};

duckdb::Value ValueAt(const arrow::Array& array, int64_t row, const DataType& type,
                      VariantForm form);

duckdb::Value NestedAt(const arrow::Array& array, int64_t row, const DataType& type,
                       VariantForm form) {
  if (type.kind() == TypeKind::kStruct) {
    duckdb::child_list_t<duckdb::Value> fields;
    const auto& node = static_cast<const arrow::StructArray&>(array);
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const StructField& field = type.fields()[i];
      fields.emplace_back(field.name,
                          ValueAt(*node.field(static_cast<int>(i)), row, field.type, form));
    }
    return duckdb::Value::STRUCT(std::move(fields));
  }
  const auto& list = static_cast<const arrow::ListArray&>(array);
  const int64_t begin = list.value_offset(row), end = begin + list.value_length(row);
  duckdb::vector<duckdb::Value> keys, values;
  if (type.kind() == TypeKind::kMap) {
    const auto& map = static_cast<const arrow::MapArray&>(array);
    for (int64_t i = begin; i < end; ++i) {
      keys.push_back(ValueAt(*map.keys(), i, type.key(), form));
      values.push_back(ValueAt(*map.items(), i, type.element(), form));
    }
    return duckdb::Value::MAP(ToLogicalType(type.key(), form), ToLogicalType(type.element(), form),
                              std::move(keys), std::move(values));
  }
  for (int64_t i = begin; i < end; ++i) {
    values.push_back(ValueAt(*list.values(), i, type.element(), form));
  }
  return duckdb::Value::LIST(ToLogicalType(type.element(), form), std::move(values));
}

duckdb::Value ValueAt(const arrow::Array& array, int64_t row, const DataType& type,
                      VariantForm form) {
  const duckdb::LogicalType logical = ToLogicalType(type, form);
  if (type.kind() == TypeKind::kVoid || array.IsNull(row)) return duckdb::Value(logical);
  if (type.is_primitive()) return ToValue(PrimitiveAt(array, row), type);
  if (type.kind() != TypeKind::kVariant) return NestedAt(array, row, type, form);
  const std::string bytes(static_cast<const arrow::BinaryArray&>(array).GetView(row));
  duckdb::Value value =
      form == VariantForm::kJson ? duckdb::Value(bytes) : duckdb::Value::BLOB_RAW(bytes);
  value.Reinterpret(logical);
  return value;
}

// Puts the values behind the first `at` of the result.
void Append(const arrow::Array& array, const DataType& type, VariantForm form, duckdb::idx_t at,
            duckdb::Vector& result) {
  if (type.kind() != TypeKind::kVariant) {
    for (int64_t i = 0; i < array.length(); ++i) {
      result.SetValue(at + i, ValueAt(array, i, type, form));
    }
    return;
  }
  auto* values = duckdb::FlatVector::GetData<duckdb::string_t>(result);
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      duckdb::FlatVector::SetNull(result, at + i, true);
      continue;
    }
    const std::string_view bytes = static_cast<const arrow::BinaryArray&>(array).GetView(i);
    values[at + i] = duckdb::StringVector::AddStringOrBlob(
        result, duckdb::string_t(bytes.data(), static_cast<uint32_t>(bytes.size())));
  }
}

void GiveVariants(duckdb::DataChunk& arguments, duckdb::ExpressionState& state,
                  duckdb::Vector& result) {
  const auto& call = state.expr.Cast<duckdb::BoundFunctionExpression>();
  const auto& bind = call.bind_info->Cast<VariantBind>();
  const duckdb::idx_t count = arguments.size();
  duckdb::UnifiedVectorFormat positions;
  arguments.data[0].ToUnifiedFormat(count, positions);
  const auto* numbers = duckdb::UnifiedVectorFormat::GetData<int64_t>(positions);
  std::vector<int64_t> rows(count);
  for (duckdb::idx_t i = 0; i < count; ++i) rows[i] = numbers[positions.sel->get_index(i)];
  const auto parts = bind.cursors->At(bind.place, rows);
  if (!parts) Throw(parts.error());
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  duckdb::idx_t at = 0;
  for (const ArrayPtr& part : *parts) {
    Append(*part, bind.type(), bind.cursors->form(), at, result);
    at += part->length();
  }
}

}  // namespace

bool IsVariantColumn(duckdb::column_t column) {
  return column >= kFirst && column < kEnd;
}

VariantScan::VariantScan(const Snapshot& snapshot, const duckdb::vector<duckdb::LogicalType>& types,
                         const duckdb::vector<duckdb::ColumnIndex>& column_ids,
                         const duckdb::virtual_column_map_t& virtual_columns)
    : column_ids_(column_ids), virtual_columns_(virtual_columns) {
  for (duckdb::ColumnIndex& column : column_ids_) {
    const duckdb::column_t index = column.GetPrimaryIndex();
    if (index >= types.size()) continue;  // a virtual column of another kind
    const StructField& field = snapshot.schema().fields()[index];
    if (!field.type.Holds(TypeKind::kVariant)) continue;
    column = duckdb::ColumnIndex(kFirst + index);
    // The type is that of what DuckDB reads for it.
    virtual_columns_.insert(
        {kFirst + index, duckdb::TableColumn(field.name, duckdb::LogicalType::BIGINT)});
  }
}

duckdb::unique_ptr<duckdb::Expression> VariantExpression(const VariantFile& file,
                                                         duckdb::idx_t& column,
                                                         duckdb::MultiFileLocalIndex local_index) {
  auto bind = duckdb::make_uniq<VariantBind>(
      file.scan, file.cursors, VariantPlace{&file.scan->snapshot(), file.file, column - kFirst});
  const duckdb::LogicalType type = ToLogicalType(bind->type(), file.cursors->form());
  column = duckdb::MultiFileReader::COLUMN_IDENTIFIER_FILE_ROW_NUMBER;
  duckdb::ScalarFunction function("lake_variant", {duckdb::LogicalType::BIGINT}, type,
                                  GiveVariants);
  function.SetFallible();  // not to be run over rows that nobody asked for
  duckdb::vector<duckdb::unique_ptr<duckdb::Expression>> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::BoundReferenceExpression>(
      duckdb::LogicalType::BIGINT, local_index.GetIndex()));
  return duckdb::make_uniq<duckdb::BoundFunctionExpression>(type, std::move(function),
                                                            std::move(arguments), std::move(bind));
}

}  // namespace millpond::data
