// A result as text or bytes: what `millpond sql --format F` writes, and nothing but the result.
//   table  aligned columns, NULL shown, the first max_rows rows and a line that says how many more
//   csv    RFC 4180 with a header line, "\n" line ends, NULL is empty, an empty string is ""
//   json   an array of objects, one a line; decimals and 64-bit integers exact as numbers
//   parquet, arrow (IPC stream)
// Streams: memory is one batch (table: the shown rows).
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

enum class OutputFormat { kTable, kCsv, kJson, kParquet, kArrow };
Result<OutputFormat> ParseOutputFormat(std::string_view name);

// Where bytes go; an error (a full disk, a closed pipe) ends the writing.
using ByteSink = std::function<Status(std::string_view bytes)>;

struct OutputOptions {
  int64_t max_rows = 1000;  // of kTable; 0: all
};

// Gives the number of rows of the result.
Result<int64_t> WriteOutput(arrow::RecordBatchReader& rows, OutputFormat format,
                            const ByteSink& sink, const OutputOptions& options = {});

}  // namespace millpond::data
