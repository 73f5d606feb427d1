// How much memory the rows of a batch take: what lies in its slice of the buffers, by the lengths
// of its columns alone. Buffers that columns share count for each.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

namespace millpond::data {

int64_t BytesOf(const arrow::RecordBatch& batch);

}  // namespace millpond::data
