#include <array>
#include <cstdint>

#include "data/delta/rows/base85_internal.h"

namespace millpond::data {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
static_assert(kAlphabet.size() == 85);

constexpr std::array<int8_t, 256> kValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}();

}  // namespace

std::string EncodeBase85(std::string_view bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 4) {
    uint32_t group = 0;
    for (size_t i = at; i < at + 4; ++i) {
      group = group << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
    }
    char digits[5];
    for (size_t i = 5; i-- > 0; group /= 85) digits[i] = kAlphabet[group % 85];
    text.append(digits, 5);
  }
  return text;
}

std::optional<std::string> DecodeBase85(std::string_view text) {
  if (text.size() % 5 != 0) return std::nullopt;
  std::string bytes;
  for (size_t at = 0; at < text.size(); at += 5) {
    uint64_t group = 0;
    for (size_t i = at; i < at + 5; ++i) {
      const int8_t value = kValues[static_cast<unsigned char>(text[i])];
      if (value < 0) return std::nullopt;
      group = group * 85 + static_cast<uint64_t>(value);
    }
    if (group > UINT32_MAX) return std::nullopt;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(group >> shift);
  }
  return bytes;
}

}  // namespace millpond::data
