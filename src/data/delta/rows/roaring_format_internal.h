// The portable form of a 32-bit Roaring bitmap (RoaringFormatSpec, "Format Shared by All
// Implementations"), looked at before the library reads it: the library checks that bytes are there
// and believes the rest, so that a value out of order would give a set that contradicts itself.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace millpond::data {

// How many of the bytes are the bitmap. kCorrupt says what is wrong with them.
Result<size_t> RoaringSize(std::string_view bytes);

}  // namespace millpond::data
