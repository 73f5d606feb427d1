#include <algorithm>
#include <cmath>

#include "model/scoring/forest_internal.h"

namespace millpond::model {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

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

}  // namespace

uint32_t Lanes::ForMissingOnly(size_t column) {
  auto it = std::find(missing_only_.begin(), missing_only_.end(), column);
  auto index = static_cast<size_t>(it - missing_only_.begin());
  if (it == missing_only_.end()) missing_only_.push_back(static_cast<uint32_t>(column));
  return static_cast<uint32_t>(1 + 2 * columns_ + index);
}

void Lanes::Spread(const float* row, float* out, size_t stride) const {
  out[0] = -kInfinity;
  float* lane = out + stride;
  for (size_t i = 0; i < columns_; ++i, lane += 2 * stride) {
    float value = row[i];
    bool missing = std::isnan(value);
    lane[0] = missing ? kInfinity : value;
    lane[stride] = missing ? -kInfinity : value;
  }
  for (uint32_t column : missing_only_) {
    *lane = std::isnan(row[column]) ? -kInfinity : kInfinity;
    lane += stride;
  }
}

template <typename Index>
bool WalkForest<Index>::Build(const TreeFile& file, Lanes& lanes) {
  constexpr size_t kMax = std::numeric_limits<Index>::max();
  for (const auto& tree : file.trees) {
    roots.push_back(static_cast<uint32_t>(nodes.size()));
    depths.push_back(Depth(tree));
    for (size_t i = 0; i < tree.size(); ++i) {
      const FileNode& from = tree[i];
      if (from.left == 0) {
        nodes.push_back({from.split, 0, 0});
        continue;
      }
      size_t lane = lanes.For(from.column, from.default_left);
      float split = from.split;
      if (std::isnan(split) || split == -kInfinity) {
        // Nobody but a missing value goes left, and that only by default.
        split = from.default_left ? 0.0F : -kInfinity;
        if (from.default_left) lane = lanes.ForMissingOnly(from.column);
      }
      if (lane > kMax || from.left - i > kMax) return false;
      nodes.push_back({split, static_cast<Index>(lane), static_cast<Index>(from.left - i)});
    }
    if (nodes.size() > std::numeric_limits<uint32_t>::max()) return false;
  }
  trees = roots.size();
  if (trees % kWalksInStep != 0) {  // fill the last group with walks that stand still
    nodes.push_back({0.0F, 0, 0});
    roots.resize((trees / kWalksInStep + 1) * kWalksInStep,
                 static_cast<uint32_t>(nodes.size() - 1));
  }
  for (size_t i = 0; i < trees; i += kWalksInStep) {
    step_depths.push_back(*std::max_element(
        depths.begin() + static_cast<ptrdiff_t>(i),
        depths.begin() + static_cast<ptrdiff_t>(std::min(i + kWalksInStep, trees))));
  }
  return true;
}

template <typename Index>
float WalkForest<Index>::One(const float* lanes, float margin) const {
  const Node* base = nodes.data();
  for (size_t tree = 0; tree < trees; tree += kWalksInStep) {
    const Node* at[kWalksInStep];
#pragma GCC unroll 8
    for (size_t j = 0; j < kWalksInStep; ++j) at[j] = base + roots[tree + j];
    for (uint32_t depth = step_depths[tree / kWalksInStep]; depth > 0; --depth) {
#pragma GCC unroll 8
      for (size_t j = 0; j < kWalksInStep; ++j) {
        at[j] += at[j]->left + static_cast<size_t>(!(lanes[at[j]->lane] < at[j]->split));
      }
    }
    if (tree + kWalksInStep <= trees) {
#pragma GCC unroll 8
      for (size_t j = 0; j < kWalksInStep; ++j) margin += at[j]->split;
    } else {
      for (size_t j = 0; tree + j < trees; ++j) margin += at[j]->split;
    }
  }
  return margin;
}

template <typename Index>
void WalkForest<Index>::Eight(const float* lanes, float* margins) const {
  const Node* base = nodes.data();
  for (size_t tree = 0; tree < trees; ++tree) {
    const Node* at[kWalksInStep];
#pragma GCC unroll 8
    for (size_t j = 0; j < kWalksInStep; ++j) at[j] = base + roots[tree];
    for (uint32_t depth = depths[tree]; depth > 0; --depth) {
#pragma GCC unroll 8
      for (size_t j = 0; j < kWalksInStep; ++j) {
        at[j] += at[j]->left +
                 static_cast<size_t>(!(lanes[at[j]->lane * kWalksInStep + j] < at[j]->split));
      }
    }
#pragma GCC unroll 8
    for (size_t j = 0; j < kWalksInStep; ++j) margins[j] += at[j]->split;
  }
}

template struct WalkForest<uint16_t>;
template struct WalkForest<uint32_t>;

}  // namespace millpond::model
