// A reader that takes the next batches of another one on a thread of its own, while its caller
// works on those before: a query goes on while its rows are encoded. Order, errors and end are the
// source's. The thread starts with the third batch, so a short result costs none; what waits is
// bounded in batches and bytes. Closing or destroying the reader interrupts the source if it can
// be, and waits for it.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

namespace millpond::data {

// A reader whose work another thread can end early: it then fails, soon.
class Interruptible {
 public:
  virtual ~Interruptible() = default;
  virtual void Interrupt() = 0;  // thread-safe
};

// Passes it on, where `reader` is one.
void InterruptReader(arrow::RecordBatchReader& reader);

// The source outlives the reader, and nobody else reads it meanwhile.
std::unique_ptr<arrow::RecordBatchReader> ReadAhead(arrow::RecordBatchReader& source);

}  // namespace millpond::data
