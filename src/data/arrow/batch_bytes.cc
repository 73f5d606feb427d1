#include "data/arrow/batch_bytes.h"

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace millpond::data {
namespace {

int64_t BytesOf(const arrow::ArrayData& array, int64_t first, int64_t count);

// Of the values between two offsets, and of the offsets.
template <typename Offset>
int64_t BytesBetween(const arrow::ArrayData& array, int64_t first, int64_t count) {
  if (array.buffers[1] == nullptr || array.buffers[1]->size() == 0) return 0;  // no rows
  const auto* offsets = reinterpret_cast<const Offset*>(array.buffers[1]->data());
  const int64_t begin = offsets[first], end = offsets[first + count];
  const int64_t bytes = count * static_cast<int64_t>(sizeof(Offset));
  if (array.child_data.empty()) return bytes + end - begin;
  const arrow::ArrayData& child = *array.child_data[0];
  return bytes + BytesOf(child, child.offset + begin, end - begin);
}

int64_t BytesOfBuffers(const arrow::ArrayData& array) {
  int64_t bytes = 0;
  for (const auto& buffer : array.buffers) {
    if (buffer != nullptr) bytes += buffer->size();
  }
  for (const auto& child : array.child_data) bytes += BytesOfBuffers(*child);
  return bytes;
}

// Of `count` rows from `first` on, where 0 is that of the buffers.
int64_t BytesOf(const arrow::ArrayData& array, int64_t first, int64_t count) {
  const int64_t nulls = array.buffers[0] != nullptr ? count / 8 : 0;
  const int bits = array.type->bit_width();
  if (bits > 0) return nulls + count * bits / 8;
  switch (array.type->id()) {
    case arrow::Type::NA:
      return 0;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return nulls + BytesBetween<int32_t>(array, first, count);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::LARGE_LIST:
      return nulls + BytesBetween<int64_t>(array, first, count);
    case arrow::Type::STRUCT: {
      int64_t bytes = nulls;
      for (const auto& child : array.child_data) {
        bytes += BytesOf(*child, child->offset + first, count);
      }
      return bytes;
    }
    default:
      return BytesOfBuffers(array);
  }
}

}  // namespace

int64_t BytesOf(const arrow::RecordBatch& batch) {
  int64_t bytes = 0;
  for (const auto& column : batch.column_data()) {
    bytes += BytesOf(*column, column->offset, column->length);
  }
  return bytes;
}

}  // namespace millpond::data
