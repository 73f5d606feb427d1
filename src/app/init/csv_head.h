// The first lines of a CSV file: what separates its fields and what they are called. Pure text; the
// rows are read by read_files, as the pipelines read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::app {

struct CsvHead {
  char delimiter = ',';
  std::vector<std::string> columns;  // as the file calls them
};

// Of the header and some rows after it. kInvalidArgument, naming `file`: there is no header line,
// no row, fewer than two columns, a name twice, an empty one or one over several lines.
Result<CsvHead> ReadCsvHead(const std::vector<std::string>& lines, std::string_view file);

// The fields of one line; quotes as in RFC 4180.
std::vector<std::string> SplitCsvLine(std::string_view line, char delimiter);

// "Machine ID" -> "machine_id": letters, digits and _, no word that SQL keeps for itself, all
// different.
std::vector<std::string> SqlNames(const std::vector<std::string>& columns);

}  // namespace millpond::app
