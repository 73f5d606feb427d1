// The layout the walker runs on, and the walk.
//
// Lanes. A row is first spread over lanes, so that a node needs one comparison and no branch: a
// column has a lane in which a missing value stands as +inf (so it goes right) and one in which it
// stands as -inf (so it goes left). A node names the lane by its default direction and goes left
// iff lane value < split. Lane 0 always holds -inf.
//
// Nodes. Eight bytes: split, lane, distance to the left child (the right one follows it). A leaf
// has distance 0 and lane 0 and its value as split; as -inf < value, it leads to itself. So every
// tree can be walked for the depth of the deepest of its group, without asking where it ends.
//
//   at += at->left + !(lanes[at->lane] < at->split)
//
// Eight walks go in step (eight trees for a single row, eight rows for a batch), for the processor
// to overlap their memory accesses. Leaves are then added in tree order, in float.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "model/scoring/tree_file_internal.h"

namespace millpond::model {

inline constexpr size_t kWalksInStep = 8;

template <typename Index>
struct WalkNode {
  float split;
  Index lane;
  Index left;
};

// Which lanes there are. A split that is -inf or NaN sends every value right and a missing one its
// default way: for these few a column gets a third lane, -inf if missing, else +inf.
class Lanes {
 public:
  explicit Lanes(size_t columns) : columns_(columns) {}

  uint32_t For(size_t column, bool default_left) const {
    return static_cast<uint32_t>(1 + 2 * column + (default_left ? 1 : 0));
  }
  uint32_t ForMissingOnly(size_t column);

  size_t size() const { return 1 + 2 * columns_ + missing_only_.size(); }

  // Lane i of the row goes to out[i * stride].
  void Spread(const float* row, float* out, size_t stride) const;

 private:
  size_t columns_;
  std::vector<uint32_t> missing_only_;  // columns of the third kind
};

template <typename Index>
struct WalkForest {
  using Node = WalkNode<Index>;
  std::vector<Node> nodes;
  std::vector<uint32_t> roots;        // index into nodes, a multiple of kWalksInStep of them
  std::vector<uint32_t> step_depths;  // of each group of kWalksInStep trees
  std::vector<uint32_t> depths;
  size_t trees = 0;

  // Fails (returns false) if the file does not fit Index.
  bool Build(const TreeFile& file, Lanes& lanes);

  float One(const float* lanes, float margin) const;
  // lanes[i * kWalksInStep + row]; adds to margins.
  void Eight(const float* lanes, float* margins) const;
};

}  // namespace millpond::model
