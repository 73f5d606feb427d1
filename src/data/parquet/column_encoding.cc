#include "data/parquet/column_encoding.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <string_view>

namespace millpond::data {
namespace {

constexpr int64_t kSampleRows = 64 * 1024;
constexpr int64_t kFewestRows = 2048;
constexpr int64_t kTrialRows = 8 * 1024;  // that are compressed to see what it gives
constexpr double kWorthwhile = 0.9;

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

// The bytes that hold the values of some rows, nulls' too, as a plain page does, or nearly.
std::string_view PlainBytes(const arrow::Array& array, int64_t rows) {
  if (arrow::is_base_binary_like(array.type_id())) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(array);
    const int64_t begin = texts.value_offset(0);
    return {reinterpret_cast<const char*>(texts.value_data()->data()) + begin,
            static_cast<size_t>(texts.value_offset(rows) - begin)};
  }
  const auto width = static_cast<size_t>(array.type()->byte_width());
  return {reinterpret_cast<const char*>(array.data()->buffers[1]->data()) +
              static_cast<size_t>(array.offset()) * width,
          static_cast<size_t>(rows) * width};
}

int64_t CompressedBytes(std::string_view bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  const auto codec = arrow::util::Codec::Create(arrow::Compression::ZSTD);
  if (!codec.ok()) return size;
  const auto* input = reinterpret_cast<const uint8_t*>(bytes.data());
  std::vector<uint8_t> output(static_cast<size_t>((*codec)->MaxCompressedLen(size, input)));
  return (*codec)
      ->Compress(size, input, static_cast<int64_t>(output.size()), output.data())
      .ValueOr(size);
}

// As Parquet stores them in four or eight bytes; empty where the type is not stored like that.
std::vector<int64_t> StoredIntegers(const arrow::Array& array, int64_t rows) {
  std::vector<int64_t> values;
  const auto add = [&]<typename Value>(const Value* stored, int64_t stride) {
    for (int64_t row = 0; row < rows; ++row) {
      if (array.IsValid(row)) values.push_back(stored[(array.offset() + row) * stride]);
    }
  };
  const auto stored = [&]<typename Value>() {
    return reinterpret_cast<const Value*>(array.data()->buffers[1]->data());
  };
  switch (array.type_id()) {
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
      add(stored.operator()<int32_t>(), 1);
      break;
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
      add(stored.operator()<int64_t>(), 1);
      break;
    case arrow::Type::DECIMAL128:  // the lower half holds up to 18 digits (little-endian)
      if (static_cast<const arrow::DecimalType&>(*array.type()).precision() <= 18) {
        add(stored.operator()<int64_t>(), 2);
      }
      break;
    default:
      break;
  }
  return values;
}

// Of DELTA_BINARY_PACKED: blocks of 128 differences, each less the block's smallest, in four runs
// of 32 of one width.
int64_t DeltaPackedBytes(const std::vector<int64_t>& values) {
  constexpr size_t kBlock = 128, kRun = 32;
  int64_t bytes = 0;
  for (size_t first = 1; first < values.size(); first += kBlock) {
    std::vector<uint64_t> steps;
    for (size_t i = first; i < std::min(first + kBlock, values.size()); ++i) {
      steps.push_back(static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(values[i - 1]));
    }
    const auto smallest = static_cast<uint64_t>(*std::ranges::min_element(
        steps, {}, [](uint64_t step) { return static_cast<int64_t>(step); }));
    bytes += 4 + 4;  // the smallest, as it mostly is, and the widths
    for (size_t run = 0; run < steps.size(); run += kRun) {
      int width = 0;
      for (size_t i = run; i < std::min(run + kRun, steps.size()); ++i) {
        width = std::max(width, static_cast<int>(std::bit_width(steps[i] - smallest)));
      }
      bytes += width * static_cast<int64_t>(kRun) / 8;
    }
  }
  return bytes;
}

ColumnEncoding WithoutDictionary(const arrow::Array& array, std::vector<std::string> path) {
  ColumnEncoding encoding{std::move(path)};
  const int64_t rows = std::min(array.length(), kTrialRows);
  if (rows - array.Slice(0, rows)->null_count() < kFewestRows) return encoding;  // too few to tell
  const std::string_view plain = PlainBytes(array, rows);
  const int64_t compressed = CompressedBytes(plain);
  const std::vector<int64_t> integers = StoredIntegers(array, rows);
  encoding.delta = !integers.empty() && DeltaPackedBytes(integers) <= compressed;
  encoding.compress = !encoding.delta && static_cast<double>(compressed) <
                                             kWorthwhile * static_cast<double>(plain.size());
  return encoding;
}

void Collect(const arrow::Array& array, std::vector<std::string> path,
             std::vector<ColumnEncoding>& leaves) {
  if (array.type_id() == arrow::Type::STRUCT) {
    const auto& node = static_cast<const arrow::StructArray&>(array);
    for (int i = 0; i < node.num_fields(); ++i) {
      auto below = path;
      below.push_back(node.type()->field(i)->name());
      Collect(*node.field(i), std::move(below), leaves);
    }
  } else if (MostlyDistinct(array)) {
    leaves.push_back(WithoutDictionary(array, std::move(path)));
  }
}

}  // namespace

std::vector<ColumnEncoding> LeavesWithoutDictionary(const arrow::RecordBatch& sample) {
  std::vector<ColumnEncoding> leaves;
  if (sample.num_rows() < kFewestRows) return leaves;
  for (int i = 0; i < sample.num_columns(); ++i) {
    Collect(*sample.column(i), {sample.column_name(i)}, leaves);
  }
  return leaves;
}

}  // namespace millpond::data
