// Where a command's result goes: standard output, or the file of -o (written beside and renamed, so
// that a failed command leaves no half file).
#pragma once

#include <arrow/type_fwd.h>

#include "app/command.h"

namespace millpond::app {

// Writes the rows in the common --format and returns how many there were.
Result<int64_t> WriteResult(arrow::RecordBatchReader& rows, const CommonOptions& common,
                            FileSystem& fs);

}  // namespace millpond::app
