// The body of a request to an endpoint, in MLflow's scoring forms, as typed rows. Exactly one of
//   {"dataframe_split": {"columns": [name, …], "data": [[value, …], …]}}   (an "index" is ignored)
//   {"dataframe_records": [{name: value, …}, …]}
//   {"instances": [{name: value, …}, …]}
//   {"inputs": {name: [value, …], …}}
// and, beside it, {"params": {"reasons": 3, "margins": true}}; other params are ignored, by name.
//
// Every row has every column of the schema, and no other: what is not known is null, and never an
// entity. Values are coerced without loss only (1400.0 is the BIGINT 1400, 1400.5 is refused):
//   BIGINT whole number · DOUBLE number · DECIMAL number or text, rounded half away from zero to
//   the scale · BOOLEAN true, false · VARCHAR text · DATE, TIMESTAMP ISO 8601 text (no zone: UTC)
//
// By simdjson; this is one of its adapters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/column.h"
#include "model/serving/request_schema.h"

namespace millpond::model {

struct RequestRows {
  kernel::Batch rows;  // the schema's columns, in its order
  int reasons = 0;     // params.reasons: contributions wanted for each row
  bool margins = false;
  std::vector<std::string> ignored_params;
};

struct RequestReading {
  int64_t max_rows = 1000;
  bool ignore_unknown = false;  // columns: those of another model's request
};

inline constexpr int kMaxReasons = 100;

// kInvalidArgument names row and column and what is wanted. kResourceExhausted: more than max_rows.
Result<RequestRows> ReadRequest(std::string_view body, const RequestSchema& schema,
                                const RequestReading& reading);

}  // namespace millpond::model
