// Rows on their way to a table, their texts already brought to the length of its CHAR(n) and
// VARCHAR(n) (data/delta/rows/text_fit.h): for a statement that looks at new rows as the table is
// going to have them.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

// The same reader where the table has no such column among the rows'. Reading fails as a write of
// the rows would: kInvalidArgument names the column and the text that is too long.
Result<std::shared_ptr<arrow::RecordBatchReader>> WithTextsFitted(
    std::shared_ptr<arrow::RecordBatchReader> rows, const Schema& table);

}  // namespace millpond::data
