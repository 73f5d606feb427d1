// Where Arrow's errors become ours. Arrow's types are vocabulary from data upwards, but
// arrow::Status and arrow::Result never leave a .cc file: it includes this header and turns them
// into millpond::Error at the call.
//
//   MP_ARROW_RETURN_IF_ERROR(batch->ValidateFull());
//   MP_ARROW_ASSIGN_OR_RETURN(auto table, arrow::Table::FromRecordBatches(batches));
//
// Readers and streams of Arrow can only answer arrow::Status; ToArrow carries one of our errors
// through such a call without losing its kind, and FromArrow gives it back.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include "base/result.h"

namespace millpond::data {

Error FromArrow(const arrow::Status& status);
arrow::Status ToArrow(const Error& error);

inline arrow::Status ToArrow(const Status& status) {
  return status.has_value() ? arrow::Status::OK() : ToArrow(status.error());
}

template <typename T>
Result<T> FromArrow(arrow::Result<T> result) {
  if (!result.ok()) return std::unexpected<Error>(FromArrow(result.status()));
  return std::move(result).ValueUnsafe();
}

}  // namespace millpond::data

#define MP_ARROW_RETURN_IF_ERROR(expression)                                            \
  do {                                                                                  \
    if (::arrow::Status mp_arrow = (expression); !mp_arrow.ok()) {                      \
      return std::unexpected<::millpond::Error>(::millpond::data::FromArrow(mp_arrow)); \
    }                                                                                   \
  } while (false)

#define MP_ARROW_ASSIGN_OR_RETURN_IMPL(result, declaration, expression)                      \
  auto result = (expression);                                                                \
  if (!result.ok()) {                                                                        \
    return std::unexpected<::millpond::Error>(::millpond::data::FromArrow(result.status())); \
  }                                                                                          \
  declaration = std::move(result).ValueUnsafe()

#define MP_ARROW_ASSIGN_OR_RETURN(declaration, ...) \
  MP_ARROW_ASSIGN_OR_RETURN_IMPL(MP_CONCAT(mp_arrow_result_, __LINE__), declaration, (__VA_ARGS__))
