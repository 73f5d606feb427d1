// The outgoing half of arrow_c.h. Each exported array owns its buffers through private_data; a
// receiver may move children away and release them apart, as the interface allows.
#include <cstring>
#include <limits>
#include <memory>

#include "base/check.h"
#include "kernel/arrow_c.h"

namespace millpond::kernel {
namespace {

struct OwnedArray {
  std::vector<std::vector<uint8_t>> buffers;
  std::vector<const void*> pointers;
  std::vector<std::unique_ptr<ArrowArray>> children;
  std::vector<ArrowArray*> child_pointers;
};

struct OwnedSchema {
  std::string format;
  std::string name;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> child_pointers;
};

void ReleaseArray(ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != nullptr) array->children[i]->release(array->children[i]);
  }
  delete static_cast<OwnedArray*>(array->private_data);
  array->release = nullptr;
}

void ReleaseSchema(ArrowSchema* schema) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != nullptr) schema->children[i]->release(schema->children[i]);
  }
  delete static_cast<OwnedSchema*>(schema->private_data);
  schema->release = nullptr;
}

void FinishArray(std::unique_ptr<OwnedArray> owned, int64_t length, int64_t null_count,
                 bool has_validity, ArrowArray* array) {
  if (has_validity) owned->pointers.push_back(nullptr);
  for (auto& buffer : owned->buffers) owned->pointers.push_back(buffer.data());
  // The validity bitmap, when there is one, is the first of `buffers`.
  if (has_validity && null_count > 0) owned->pointers.erase(owned->pointers.begin());
  for (auto& child : owned->children) owned->child_pointers.push_back(child.get());
  *array = {};
  array->length = length;
  array->null_count = null_count;
  array->n_buffers = static_cast<int64_t>(owned->pointers.size());
  array->buffers = owned->pointers.data();
  array->n_children = static_cast<int64_t>(owned->children.size());
  array->children = owned->child_pointers.data();
  array->release = ReleaseArray;
  array->private_data = owned.release();
}

void FinishSchema(std::unique_ptr<OwnedSchema> owned, ArrowSchema* schema) {
  for (auto& child : owned->children) owned->child_pointers.push_back(child.get());
  *schema = {};
  schema->format = owned->format.c_str();
  schema->name = owned->name.c_str();
  schema->flags = ARROW_FLAG_NULLABLE;
  schema->n_children = static_cast<int64_t>(owned->children.size());
  schema->children = owned->child_pointers.data();
  schema->release = ReleaseSchema;
  schema->private_data = owned.release();
}

std::vector<uint8_t> Pack(std::span<const uint8_t> bits) {
  std::vector<uint8_t> packed((bits.size() + 7) / 8 + 1, 0);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] != 0) packed[i / 8] = static_cast<uint8_t>(packed[i / 8] | 1 << (i % 8));
  }
  return packed;
}

// Never empty, so that data() is a pointer even without rows.
template <typename To, typename From>
std::vector<uint8_t> Bytes(std::span<const From> values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(To) + sizeof(To));
  for (size_t i = 0; i < values.size(); ++i) {
    To value = static_cast<To>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(To), &value, sizeof(To));
  }
  return bytes;
}

size_t TextBytes(const Column& column) {
  size_t bytes = 0;
  for (int64_t row = 0; row < column.size(); ++row) bytes += column.text(row).size();
  return bytes;
}

template <typename Offset>
void AppendTexts(const Column& column, OwnedArray* owned) {
  std::vector<Offset> offsets(column.size() + 1, 0);
  std::vector<uint8_t> bytes;
  for (int64_t row = 0; row < column.size(); ++row) {
    std::string_view text = column.text(row);
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets[row + 1] = static_cast<Offset>(bytes.size());
  }
  bytes.push_back(0);
  owned->buffers.push_back(Bytes<Offset>(std::span<const Offset>(offsets)));
  owned->buffers.push_back(std::move(bytes));
}

bool IsLarge(const Column& column) {
  return column.type().id == TypeId::kVarchar &&
         TextBytes(column) > size_t{std::numeric_limits<int32_t>::max()};
}

std::string FormatOf(const Column& column) {
  switch (column.type().id) {
    case TypeId::kNull:
      return "n";
    case TypeId::kBoolean:
      return "b";
    case TypeId::kBigint:
      return "l";
    case TypeId::kDouble:
      return "g";
    case TypeId::kDecimal:
      return fmt::format("d:{},{}", column.type().precision, column.type().scale);
    case TypeId::kVarchar:
      return IsLarge(column) ? "U" : "u";
    case TypeId::kDate:
      return "tdD";
    case TypeId::kTimestamp:
      return "tsu:UTC";
    case TypeId::kInterval:
      return "tDu";
  }
  return "n";
}

void ExportColumn(const Column& column, ArrowArray* array) {
  auto owned = std::make_unique<OwnedArray>();
  int64_t nulls = 0;
  for (uint8_t valid : column.valid()) nulls += valid == 0 ? 1 : 0;
  if (column.type().id == TypeId::kNull) {
    FinishArray(std::move(owned), column.size(), column.size(), false, array);
    return;
  }
  if (nulls > 0) owned->buffers.push_back(Pack(column.valid()));
  switch (column.type().id) {
    case TypeId::kBoolean:
      owned->buffers.push_back(Pack(column.booleans()));
      break;
    case TypeId::kDouble:
      owned->buffers.push_back(Bytes<double>(column.doubles()));
      break;
    case TypeId::kDecimal:
      owned->buffers.push_back(Bytes<Int128>(column.decimals()));
      break;
    case TypeId::kVarchar:
      IsLarge(column) ? AppendTexts<int64_t>(column, owned.get())
                      : AppendTexts<int32_t>(column, owned.get());
      break;
    case TypeId::kDate:
      owned->buffers.push_back(Bytes<int32_t>(column.int64s()));
      break;
    default:
      owned->buffers.push_back(Bytes<int64_t>(column.int64s()));
  }
  FinishArray(std::move(owned), column.size(), nulls, true, array);
}

}  // namespace

void ExportBatch(Batch batch, ArrowSchema* schema, ArrowArray* array) {
  CHECK_EQ(batch.names.size(), batch.columns.size());
  auto owned_schema = std::make_unique<OwnedSchema>();
  auto owned_array = std::make_unique<OwnedArray>();
  owned_schema->format = "+s";
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    auto child_schema = std::make_unique<OwnedSchema>();
    child_schema->format = FormatOf(batch.columns[i]);
    child_schema->name = batch.names[i];
    owned_schema->children.push_back(std::make_unique<ArrowSchema>());
    FinishSchema(std::move(child_schema), owned_schema->children.back().get());
    owned_array->children.push_back(std::make_unique<ArrowArray>());
    ExportColumn(batch.columns[i], owned_array->children.back().get());
  }
  FinishSchema(std::move(owned_schema), schema);
  FinishArray(std::move(owned_array), batch.rows, 0, true, array);
}

}  // namespace millpond::kernel
