// Tells whoever waits for a statement how many rows its query has given.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/progress.h"

namespace millpond::data {

// The same rows; `progress` may be null, and outlives the reader.
std::shared_ptr<arrow::RecordBatchReader> WithProgress(
    std::shared_ptr<arrow::RecordBatchReader> rows, Progress* progress);

}  // namespace millpond::data
