// RFC 1321. Delta's checksum of `_last_checkpoint` is an MD5, which finds torn and flipped bytes;
// nothing here relies on it against an adversary.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "data/delta/log/last_checkpoint.h"

namespace millpond::data {
namespace {

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

std::array<uint32_t, 64> MakeSines() {
  std::array<uint32_t, 64> sines;
  for (int i = 0; i < 64; ++i) {
    sines[i] = static_cast<uint32_t>(std::floor(std::fabs(std::sin(i + 1.0)) * 4294967296.0));
  }
  return sines;
}

void Mix(const char* block, std::array<uint32_t, 4>& state) {
  static const auto sines = MakeSines();
  std::array<uint32_t, 16> words;
  std::memcpy(words.data(), block, 64);
  auto [a, b, c, d] = state;
  for (uint32_t i = 0; i < 64; ++i) {
    uint32_t mixed = 0, word = 0;
    switch (i / 16) {
      case 0:
        mixed = (b & c) | (~b & d), word = i;
        break;
      case 1:
        mixed = (d & b) | (~d & c), word = (5 * i + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d, word = (3 * i + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d), word = (7 * i) % 16;
        break;
    }
    const uint32_t sum = a + mixed + sines[i] + words[word];
    a = d, d = c, c = b;
    b += std::rotl(sum, kShifts[i / 16][i % 4]);
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::string Md5Hex(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::string padded(bytes);
  padded += static_cast<char>(0x80);
  while (padded.size() % 64 != 56) padded += '\0';
  const uint64_t bits = bytes.size() * 8;
  padded.append(reinterpret_cast<const char*>(&bits), 8);
  for (size_t at = 0; at < padded.size(); at += 64) Mix(padded.data() + at, state);
  std::string hex;
  for (uint32_t word : state) {
    for (int byte = 0; byte < 4; ++byte) hex += fmt::format("{:02x}", (word >> (8 * byte)) & 0xff);
  }
  return hex;
}

}  // namespace millpond::data
