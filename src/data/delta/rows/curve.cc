#include "data/delta/rows/curve.h"

#include <algorithm>
#include <vector>

namespace millpond::data {
namespace {

// Turns coordinates into the bits of the Hilbert index, spread over them.
void ToHilbert(std::vector<uint32_t>& x, int bits) {
  const size_t n = x.size();
  const uint32_t top = uint32_t{1} << (bits - 1);
  for (uint32_t bit = top; bit > 1; bit >>= 1) {
    const uint32_t below = bit - 1;
    for (size_t i = 0; i < n; ++i) {
      if (x[i] & bit) {
        x[0] ^= below;
      } else {
        const uint32_t swapped = (x[0] ^ x[i]) & below;
        x[0] ^= swapped;
        x[i] ^= swapped;
      }
    }
  }
  for (size_t i = 1; i < n; ++i) x[i] ^= x[i - 1];
  uint32_t flips = 0;
  for (uint32_t bit = top; bit > 1; bit >>= 1) {
    if (x[n - 1] & bit) flips ^= bit - 1;
  }
  for (uint32_t& one : x) one ^= flips;
}

}  // namespace

int CurveBits(size_t dimensions) {
  return std::min(16, static_cast<int>(64 / std::max<size_t>(dimensions, 1)));
}

uint64_t CurveIndex(Curve curve, std::span<const uint32_t> point, int bits) {
  if (point.size() == 1) return point[0];
  std::vector<uint32_t> x(point.begin(), point.end());
  if (curve == Curve::kHilbert) ToHilbert(x, bits);
  uint64_t index = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    for (const uint32_t one : x) index = index << 1 | (one >> bit & 1);
  }
  return index;
}

}  // namespace millpond::data
