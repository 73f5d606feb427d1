// The statistics of a checkpoint that keeps them as a typed struct only (`stats_parsed`;
// PROTOCOL.md, "Checkpoint Schema"), as the JSON text that everything else works with.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace millpond::data {

// `array` is the struct column; "" where the row has none.
std::string StatsJsonOf(const arrow::Array& array, int64_t row);

}  // namespace millpond::data
