// Rows between Arrow and the kernel, by the Arrow C data interface.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "base/result.h"
#include "kernel/column.h"

namespace millpond::platform {

Result<kernel::Batch> ToKernel(const arrow::RecordBatch& batch);
Result<std::shared_ptr<arrow::RecordBatch>> ToArrowBatch(kernel::Batch batch);

// The parts of one column, one after the other. All have the type.
kernel::Column Concatenate(kernel::Type type, const std::vector<const kernel::Column*>& parts);

// Puts the rows of `from` at rows `at` of `into`; other rows may be written at the same time.
void Scatter(const kernel::Column& from, std::span<const int64_t> at, kernel::Column& into);

// What the column holds in memory, for reservations.
int64_t MemoryBytes(const kernel::Column& column);

}  // namespace millpond::platform
