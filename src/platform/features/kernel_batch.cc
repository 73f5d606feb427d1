#include "platform/features/kernel_batch.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "kernel/arrow_c.h"

namespace millpond::platform {
namespace {

using kernel::Column;
using kernel::TypeId;

// Calls f(rows of column) with the span that fits the column's type; VARCHAR is the caller's.
template <typename F>
void WithSpans(const Column& from, Column& into, F&& f) {
  switch (from.type().id) {
    case TypeId::kBoolean:
      return f(from.booleans(), into.mutable_booleans());
    case TypeId::kDouble:
      return f(from.doubles(), into.mutable_doubles());
    case TypeId::kDecimal:
      return f(from.decimals(), into.mutable_decimals());
    case TypeId::kNull:
    case TypeId::kVarchar:
      return;
    default:
      return f(from.int64s(), into.mutable_int64s());
  }
}

struct CSchema : ArrowSchema {
  CSchema() : ArrowSchema{} {}
  ~CSchema() {
    if (release != nullptr) release(this);
  }
};
struct CArray : ArrowArray {
  CArray() : ArrowArray{} {}
  ~CArray() {
    if (release != nullptr) release(this);
  }
};

}  // namespace

Result<kernel::Batch> ToKernel(const arrow::RecordBatch& batch) {
  CSchema schema;
  CArray array;
  MP_ARROW_RETURN_IF_ERROR(arrow::ExportRecordBatch(batch, &array, &schema));
  return kernel::ImportBatch(schema, array);
}

Result<std::shared_ptr<arrow::RecordBatch>> ToArrowBatch(kernel::Batch batch) {
  CSchema schema;
  CArray array;
  kernel::ExportBatch(std::move(batch), &schema, &array);
  MP_ARROW_ASSIGN_OR_RETURN(auto result, arrow::ImportRecordBatch(&array, &schema));
  return result;
}

Column Concatenate(kernel::Type type, const std::vector<const Column*>& parts) {
  int64_t rows = 0;
  for (const Column* part : parts) rows += part->size();
  Column result(type, rows);
  int64_t at = 0;
  for (const Column* part : parts) {
    std::ranges::copy(part->valid(), result.mutable_valid().begin() + at);
    WithSpans(*part, result,
              [at](auto from, auto into) { std::ranges::copy(from, into.begin() + at); });
    if (type.id == TypeId::kVarchar) {
      for (int64_t i = 0; i < part->size(); ++i) {
        if (!part->IsNull(i)) result.SetText(at + i, std::string(part->text(i)));
      }
    }
    at += part->size();
  }
  return result;
}

void Scatter(const Column& from, std::span<const int64_t> at, Column& into) {
  auto valid = into.mutable_valid();
  for (size_t i = 0; i < at.size(); ++i) valid[at[i]] = from.valid()[i];
  WithSpans(from, into, [at](auto source, auto target) {
    for (size_t i = 0; i < at.size(); ++i) target[at[i]] = source[i];
  });
  if (from.type().id == TypeId::kVarchar) {
    for (size_t i = 0; i < at.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      if (!from.IsNull(row)) into.SetText(at[i], std::string(from.text(row)));
    }
  }
}

int64_t MemoryBytes(const Column& column) {
  switch (column.type().id) {
    case TypeId::kNull:
      return column.size();
    case TypeId::kBoolean:
      return 2 * column.size();
    case TypeId::kDecimal:
      return 17 * column.size();
    case TypeId::kVarchar: {
      int64_t bytes = column.size() * static_cast<int64_t>(1 + sizeof(std::string));
      for (int64_t i = 0; i < column.size(); ++i) {
        const size_t length = column.text(i).size();
        if (length > 15) bytes += static_cast<int64_t>(length) + 1;  // past the inline form
      }
      return bytes;
    }
    default:
      return 9 * column.size();
  }
}

}  // namespace millpond::platform
