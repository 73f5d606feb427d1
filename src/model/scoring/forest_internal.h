// The layout the walker runs on, and the walk.
//
// Keys. Floats are compared as unsigned integers in the same order (-0 as +0), which is quicker
// and leaves room below -inf and above every number for what a comparison alone should decide.
//
// Lanes. A row is first spread over lanes of keys, so that a node needs one comparison and no
// branch: a column has a lane in which a missing value is the highest key (so it goes right) and
// one in which it is the lowest (so it goes left). A node names the lane by its default direction
// and goes left iff lane < split. A split that is NaN sends values right: its key is 1.
//
// Nodes. Eight bytes: split, lane, distance to the right child (the left one follows it). A leaf
// has distance 0 and its value's key as split, and watches lane 0, which holds the highest key: it
// leads to itself. So every tree can be walked for the depth of the deepest of its group, without
// asking where it ends.
//
//   at += at->right + (lanes[at->lane] < at->split)
//
// Eight walks go in step (eight trees for a single row, eight rows for a batch), for the processor
// to overlap their memory accesses. Leaves are then added in tree order, in float.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "model/scoring/tree_file_internal.h"

namespace millpond::model {

inline constexpr size_t kWalksInStep = 8;

// Ascends with the number; of a number at least 0x007fffff (-inf), at most 0xff800000 (+inf).
inline uint32_t ToKey(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  return bits ^ (static_cast<uint32_t>(-static_cast<int32_t>(bits >> 31)) | 0x80000000U);
}

inline float FromKey(uint32_t key) {
  uint32_t flip = (key >> 31) - 1;  // all ones for a negative number
  return std::bit_cast<float>(key ^ (flip | 0x80000000U));
}

template <typename Index>
struct WalkNode {
  uint32_t split;
  Index lane;
  Index right;
};

inline size_t LaneCount(size_t columns) {
  return 1 + 2 * columns;
}

// Lane i of the row goes to out[i * stride].
void SpreadOverLanes(const float* row, size_t columns, uint32_t* out, size_t stride);

template <typename Index>
struct WalkForest {
  using Node = WalkNode<Index>;
  std::vector<Node> nodes;
  std::vector<uint32_t> roots;        // index into nodes, a multiple of kWalksInStep of them
  std::vector<uint32_t> step_depths;  // of each group of kWalksInStep trees
  std::vector<uint32_t> depths;
  size_t trees = 0;

  // Fails (returns false) if the file does not fit Index.
  bool Build(const TreeFile& file);

  float One(const uint32_t* lanes, float margin) const;
  // lanes[i * kWalksInStep + row]; adds to margins.
  void Eight(const uint32_t* lanes, float* margins) const;
};

}  // namespace millpond::model
