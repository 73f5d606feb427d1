// The body of a push as rows that fit their table: checked against the source's schema before
// anything is kept, and written anew as lines of JSON that read back as exactly these values.
//
//   rows are JSON objects; a missing field and null are NULL; a field that the schema lacks, one
//   that stands twice, and a value of another type are errors that name row and field
//   TINYINT … BIGINT   a whole number in the type's range
//   FLOAT, DOUBLE      a number
//   DECIMAL(p, s)      a number or a text of one, with at most s digits after the point that count
//   BOOLEAN            true or false
//   DATE, TIMESTAMP    a text: 2026-01-31, 2026-01-31T08:00:00Z (UTC where no zone is named)
//   STRING             a text
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::pipeline {

enum class PushForm {
  kJson,  // [{…}, {…}] or {"rows": [{…}, {…}]}
  kLines  // an object a line; empty lines are passed over
};

// One row may have this many bytes as a line: what the reader of segments takes in one piece.
inline constexpr size_t kMaxRowBytes = size_t{512} << 10;

// kInvalidArgument names the row (from 1; for lines the line) and the field.
Result<std::vector<std::string>> ReadPushedRows(std::string_view body, PushForm form,
                                                const arrow::Schema& schema);

}  // namespace millpond::pipeline
