// One cell of an Arrow array as text: the same value in the same words in every output format.
// Doubles are the shortest text that reads back to the same bits, decimals exact, timestamps
// ISO 8601 ("1998-07-01T00:00:00Z", six digits of fraction if there is one), binary as hex.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace millpond::data {

// The value must not be null.
std::string CellText(const arrow::Array& array, int64_t row);
// As JSON: numbers bare (not-a-number and infinities as texts), texts quoted, lists and structs.
std::string CellJson(const arrow::Array& array, int64_t row);  // "null" for a null

}  // namespace millpond::data
