// Space-filling curves: a point's place on one keeps points that are near in every dimension near
// each other, so that files cut from it have narrow bounds in each column. Pure.
#pragma once

#include <cstdint>
#include <span>

namespace millpond::data {

// As files are tagged (ZCUBE_ZORDER_CURVE).
enum class Curve { kHilbert, kZOrder };

// Bits of a coordinate, so that `dimensions` of them make 64 at most.
int CurveBits(size_t dimensions);

// The place of a point with coordinates below 2^bits. The Hilbert curve after J. Skilling,
// "Programming the Hilbert curve" (2004).
uint64_t CurveIndex(Curve curve, std::span<const uint32_t> point, int bits);

}  // namespace millpond::data
