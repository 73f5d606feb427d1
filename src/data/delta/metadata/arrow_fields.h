// Values out of a checkpoint's Arrow arrays. A checkpoint's bytes may be anybody's: a column that
// is missing or of another type than the protocol says gives no values.
#pragma once

#include <arrow/array.h>

#include <optional>
#include <string>

#include "data/delta/metadata/actions.h"

namespace millpond::data {

// A field of a struct array; null if the file has no such column.
const arrow::Array* Child(const arrow::Array* parent, const char* name);

inline bool Has(const arrow::Array* array, int64_t row) {
  return array != nullptr && !array->IsNull(row);
}

std::optional<std::string_view> TextView(const arrow::Array* array, int64_t row);
std::optional<std::string> Text(const arrow::Array* array, int64_t row);
std::optional<int64_t> Number(const arrow::Array* array, int64_t row);
std::optional<bool> Flag(const arrow::Array* array, int64_t row);
StringMap TextMap(const arrow::Array* array, int64_t row);
PartitionValues PartitionMap(const arrow::Array* array, int64_t row);
std::vector<std::string> TextList(const arrow::Array* array, int64_t row);
std::optional<DeletionVector> Vector(const arrow::Array* array, int64_t row);

template <typename Visit>  // visit(key, optional value), both views into the array
void ForEachEntry(const arrow::Array* array, int64_t row, Visit visit) {
  if (!Has(array, row) || array->type_id() != arrow::Type::MAP) return;
  const auto& map = static_cast<const arrow::MapArray&>(*array);
  const int64_t begin = map.value_offset(row), end = begin + map.value_length(row);
  for (int64_t i = begin; i < end; ++i) {
    if (auto key = TextView(map.keys().get(), i)) visit(*key, TextView(map.items().get(), i));
  }
}

}  // namespace millpond::data
