// What a statement gives back: rows (a stream that may still be running), or a sentence about what
// was done, or both.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

namespace millpond::data {

struct QueryResult {
  std::shared_ptr<arrow::RecordBatchReader> rows;  // null if the statement has no rows
  std::string message;                             // "12 rows written to main.default.t, version 3"
};

}  // namespace millpond::data
