// What a column may hold so that every reader of the table can read it back. Rows that would leave
// a table that nobody can open are refused before anything is written.
#pragma once

#include <arrow/type_fwd.h>

#include <string>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

// kInvalidArgument names `column`: a date or timestamp outside the years 1 to 9999 (infinity too),
// which the protocol's texts cannot spell, or a string that is not UTF-8. Nested parts included.
Status CheckValues(const arrow::Array& array, const DataType& type, const std::string& column);

}  // namespace millpond::data
