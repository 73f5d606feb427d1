// Base85 as deletion vectors use it (PROTOCOL.md; the alphabet of ZeroMQ's RFC 32, Z85).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millpond::data {

// Bytes are padded with zeros to a multiple of four.
std::string EncodeBase85(std::string_view bytes);
// nullopt: a character outside the alphabet, a length that is no multiple of five, a group above
// 2^32.
std::optional<std::string> DecodeBase85(std::string_view text);

}  // namespace millpond::data
