// The CRC-32 of zlib and gzip, as deletion vector files use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace millpond::data {

uint32_t Crc32(std::string_view bytes);

}  // namespace millpond::data
