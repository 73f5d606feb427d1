#include <algorithm>
#include <cmath>
#include <limits>

#include "model/scoring/forest_internal.h"

namespace millpond::model {
namespace {

constexpr uint32_t kLowest = 0;
constexpr uint32_t kHighest = 0xffffffffU;

uint32_t Depth(const std::vector<FileNode>& nodes) {
  std::vector<uint32_t> depth(nodes.size(), 0);
  uint32_t deepest = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {  // parents come first
    deepest = std::max(deepest, depth[i]);
    if (nodes[i].left == 0) continue;
    depth[nodes[i].left] = depth[nodes[i].left + 1] = depth[i] + 1;
  }
  return deepest;
}

// The file has pairs (left, right) at (1, 2), (3, 4), …; the walk has each pair the other way.
size_t Swapped(size_t i) {
  return i == 0 ? 0 : (i % 2 == 1 ? i + 1 : i - 1);
}

}  // namespace

void SpreadOverLanes(const float* row, size_t columns, uint32_t* out, size_t stride) {
  out[0] = kHighest;
  uint32_t* lane = out + stride;
  for (size_t i = 0; i < columns; ++i, lane += 2 * stride) {
    float value = row[i] + 0.0F;  // -0 becomes +0
    bool missing = std::isnan(value);
    uint32_t key = ToKey(value);
    lane[0] = missing ? kHighest : key;
    lane[stride] = missing ? kLowest : key;
  }
}

template <typename Index>
bool WalkForest<Index>::Build(const TreeFile& file) {
  constexpr size_t kMax = std::numeric_limits<Index>::max();
  if (LaneCount(file.columns) > kMax) return false;
  for (const auto& tree : file.trees) {
    roots.push_back(static_cast<uint32_t>(nodes.size()));
    depths.push_back(Depth(tree));
    for (size_t i = 0; i < tree.size(); ++i) {
      const FileNode& from = tree[Swapped(i)];
      if (from.left == 0) {
        nodes.push_back({ToKey(from.split), 0, 0});
        continue;
      }
      uint32_t split = std::isnan(from.split) ? kLowest + 1 : ToKey(from.split + 0.0F);
      size_t lane = 1 + 2 * static_cast<size_t>(from.column) + (from.default_left ? 1 : 0);
      if (from.left - i > kMax) return false;
      nodes.push_back({split, static_cast<Index>(lane), static_cast<Index>(from.left - i)});
    }
    if (nodes.size() >= std::numeric_limits<uint32_t>::max()) return false;
  }
  trees = roots.size();
  if (trees % kWalksInStep != 0) {  // fill the last group with walks that stand still
    nodes.push_back({ToKey(0.0F), 0, 0});
    roots.resize((trees / kWalksInStep + 1) * kWalksInStep,
                 static_cast<uint32_t>(nodes.size() - 1));
  }
  for (size_t i = 0; i < trees; i += kWalksInStep) {
    auto begin = depths.begin() + static_cast<ptrdiff_t>(i);
    auto count = static_cast<ptrdiff_t>(std::min(kWalksInStep, trees - i));
    step_depths.push_back(*std::max_element(begin, begin + count));
  }
  return true;
}

template <typename Index>
float WalkForest<Index>::One(const uint32_t* lanes, float margin) const {
  const Node* base = nodes.data();
  for (size_t tree = 0; tree < trees; tree += kWalksInStep) {
    const Node* at[kWalksInStep];
#pragma GCC unroll 8
    for (size_t j = 0; j < kWalksInStep; ++j) at[j] = base + roots[tree + j];
    for (uint32_t depth = step_depths[tree / kWalksInStep]; depth > 0; --depth) {
#pragma GCC unroll 8
      for (size_t j = 0; j < kWalksInStep; ++j) {
        at[j] += at[j]->right + static_cast<size_t>(lanes[at[j]->lane] < at[j]->split);
      }
    }
    if (tree + kWalksInStep <= trees) {
#pragma GCC unroll 8
      for (size_t j = 0; j < kWalksInStep; ++j) margin += FromKey(at[j]->split);
    } else {
      for (size_t j = 0; tree + j < trees; ++j) margin += FromKey(at[j]->split);
    }
  }
  return margin;
}

template <typename Index>
void WalkForest<Index>::Eight(const uint32_t* lanes, float* margins) const {
  const Node* base = nodes.data();
  for (size_t tree = 0; tree < trees; ++tree) {
    const Node* at[kWalksInStep];
#pragma GCC unroll 8
    for (size_t j = 0; j < kWalksInStep; ++j) at[j] = base + roots[tree];
    for (uint32_t depth = depths[tree]; depth > 0; --depth) {
#pragma GCC unroll 8
      for (size_t j = 0; j < kWalksInStep; ++j) {
        const uint32_t* lane = lanes + at[j]->lane * kWalksInStep;
        at[j] += at[j]->right + static_cast<size_t>(lane[j] < at[j]->split);
      }
    }
#pragma GCC unroll 8
    for (size_t j = 0; j < kWalksInStep; ++j) margins[j] += FromKey(at[j]->split);
  }
}

template struct WalkForest<uint16_t>;
template struct WalkForest<uint32_t>;

}  // namespace millpond::model
