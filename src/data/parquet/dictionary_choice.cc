#include "data/parquet/dictionary_choice.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>

namespace millpond::data {
namespace {

constexpr int64_t kSampleRows = 64 * 1024;
constexpr int64_t kFewestRows = 2048;

// Distinct values by linear counting: each sets a bit, and the share of bits that stay empty tells
// how many there were.
class DistinctCounter {
 public:
  void Add(std::string_view bytes) {
    const size_t hash = std::hash<std::string_view>()(bytes);
    bits_[hash % bits_.size()] = true;
    ++values_;
  }
  bool MostlyDistinct() const {
    if (values_ < kFewestRows) return false;
    const auto size = static_cast<double>(bits_.size());
    const auto empty = static_cast<double>(std::ranges::count(bits_, false));
    return -size * std::log(empty / size) > static_cast<double>(values_) / 2;
  }

 private:
  std::vector<bool> bits_ = std::vector<bool>(4 * kSampleRows);
  int64_t values_ = 0;
};

bool MostlyDistinct(const arrow::Array& array) {
  const int64_t rows = std::min(array.length(), kSampleRows);
  DistinctCounter counter;
  if (arrow::is_base_binary_like(array.type_id()) &&
      !arrow::is_large_binary_like(array.type_id())) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(array);
    for (int64_t row = 0; row < rows; ++row) {
      if (texts.IsValid(row)) counter.Add(texts.GetView(row));
    }
  } else if (arrow::is_fixed_width(array.type_id()) && array.type()->byte_width() >= 4) {
    const auto width = static_cast<size_t>(array.type()->byte_width());
    const auto* values = reinterpret_cast<const char*>(array.data()->buffers[1]->data());
    for (int64_t row = 0; row < rows; ++row) {
      if (array.IsNull(row)) continue;
      counter.Add({values + static_cast<size_t>(array.offset() + row) * width, width});
    }
  }
  return counter.MostlyDistinct();
}

void Collect(const arrow::Array& array, std::vector<std::string> path,
             std::vector<std::vector<std::string>>& leaves) {
  if (array.type_id() == arrow::Type::STRUCT) {
    const auto& node = static_cast<const arrow::StructArray&>(array);
    for (int i = 0; i < node.num_fields(); ++i) {
      auto below = path;
      below.push_back(node.type()->field(i)->name());
      Collect(*node.field(i), std::move(below), leaves);
    }
  } else if (MostlyDistinct(array)) {
    leaves.push_back(std::move(path));
  }
}

}  // namespace

std::vector<std::vector<std::string>> LeavesWithoutDictionary(const arrow::RecordBatch& sample) {
  std::vector<std::vector<std::string>> leaves;
  if (sample.num_rows() < kFewestRows) return leaves;
  for (int i = 0; i < sample.num_columns(); ++i) {
    Collect(*sample.column(i), {sample.column_name(i)}, leaves);
  }
  return leaves;
}

}  // namespace millpond::data
