// "a BIGINT, b DECIMAL(10,2), c STRING": the columns of files that carry no types of their own, as
// Arrow types. Type names are Spark's and DuckDB's (docs of read_files list them); TIMESTAMP is an
// instant in UTC, as in Delta.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond::pipeline {

// kInvalidArgument names the column and the types that are known.
Result<std::shared_ptr<arrow::Schema>> ParseColumnList(std::string_view text);

// The reverse: a text that ParseColumnList reads back to an equal schema. kUnsupported for nested
// types.
Result<std::string> FormatColumnList(const arrow::Schema& schema);

}  // namespace millpond::pipeline
