// A reader that takes the next batches of another one on a thread of its own, while its caller
// works on those before: a query goes on while its rows are encoded. Order, errors and end are the
// source's. The thread starts with the third batch, so a short result costs none; it holds a
// few batches. Destroying or closing the reader waits for the batch that is being read.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

namespace millpond::data {

// The source outlives the reader, and nobody else reads it meanwhile.
std::unique_ptr<arrow::RecordBatchReader> ReadAhead(arrow::RecordBatchReader& source);

}  // namespace millpond::data
