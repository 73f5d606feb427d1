// Where a command's result goes: standard output, or the file of -o (written beside and renamed, so
// that a failed command leaves no half file).
#pragma once

#include <arrow/type_fwd.h>

#include <cstdio>

#include "app/command.h"

namespace millpond::app {

// Writes the rows in the common --format and returns how many there were.
Result<int64_t> WriteResult(arrow::RecordBatchReader& rows, const CommonOptions& common,
                            FileSystem& fs);

// A table for people to read, and an empty line, wherever the result itself goes.
Status WriteTable(arrow::RecordBatchReader& rows, std::FILE* out);

}  // namespace millpond::app
