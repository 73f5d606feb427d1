#include "data/delta/metadata/arrow_fields.h"

namespace millpond::data {

const arrow::Array* Child(const arrow::Array* parent, const char* name) {
  if (parent == nullptr || parent->type_id() != arrow::Type::STRUCT) return nullptr;
  const auto& node = static_cast<const arrow::StructArray&>(*parent);
  return node.GetFieldByName(name).get();
}

std::optional<std::string_view> TextView(const arrow::Array* array, int64_t row) {
  if (!Has(array, row)) return std::nullopt;
  if (array->type_id() != arrow::Type::STRING && array->type_id() != arrow::Type::BINARY) {
    return std::nullopt;
  }
  return static_cast<const arrow::BinaryArray&>(*array).GetView(row);
}

std::optional<std::string> Text(const arrow::Array* array, int64_t row) {
  const auto view = TextView(array, row);
  if (!view) return std::nullopt;
  return std::string(*view);
}

std::optional<int64_t> Number(const arrow::Array* array, int64_t row) {
  if (!Has(array, row)) return std::nullopt;
  if (array->type_id() == arrow::Type::INT64) {
    return static_cast<const arrow::Int64Array&>(*array).Value(row);
  }
  if (array->type_id() == arrow::Type::INT32) {
    return static_cast<const arrow::Int32Array&>(*array).Value(row);
  }
  return std::nullopt;
}

std::optional<bool> Flag(const arrow::Array* array, int64_t row) {
  if (!Has(array, row) || array->type_id() != arrow::Type::BOOL) return std::nullopt;
  return static_cast<const arrow::BooleanArray&>(*array).Value(row);
}

StringMap TextMap(const arrow::Array* array, int64_t row) {
  StringMap result;
  ForEachEntry(array, row, [&](std::string_view key, std::optional<std::string_view> value) {
    if (value) result[std::string(key)] = *value;
  });
  return result;
}

PartitionValues PartitionMap(const arrow::Array* array, int64_t row) {
  PartitionValues result;
  ForEachEntry(array, row, [&](std::string_view key, std::optional<std::string_view> value) {
    result[std::string(key)] = value;
  });
  return result;
}

std::vector<std::string> TextList(const arrow::Array* array, int64_t row) {
  std::vector<std::string> result;
  if (!Has(array, row) || array->type_id() != arrow::Type::LIST) return result;
  const auto& list = static_cast<const arrow::ListArray&>(*array);
  for (int64_t i = list.value_offset(row); i < list.value_offset(row) + list.value_length(row);
       ++i) {
    if (auto text = Text(list.values().get(), i)) result.push_back(std::move(*text));
  }
  return result;
}

std::optional<DeletionVector> Vector(const arrow::Array* array, int64_t row) {
  if (!Has(array, row)) return std::nullopt;
  DeletionVector vector;
  vector.storage_type = Text(Child(array, "storageType"), row).value_or("");
  vector.path_or_inline = Text(Child(array, "pathOrInlineDv"), row).value_or("");
  vector.offset = Number(Child(array, "offset"), row);
  vector.size_bytes = Number(Child(array, "sizeInBytes"), row).value_or(0);
  vector.cardinality = Number(Child(array, "cardinality"), row).value_or(0);
  if (vector.storage_type.empty()) return std::nullopt;
  return vector;
}

}  // namespace millpond::data
