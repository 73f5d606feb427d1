// What a model file of XGBoost says, checked and reduced to what scoring needs. tree_model.cc lays
// it out for speed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::model {

// Nodes in breadth-first order from the root (index 0), so that the two children of a node are
// neighbours: left, left + 1. Every node is reached exactly once.
struct FileNode {
  float split = 0;     // a leaf's value if left == 0
  float expected = 0;  // mean margin of the training rows that came here, for contributions
  uint32_t column = 0;
  uint32_t left = 0;  // 0: a leaf
  bool default_left = false;
};

struct TreeFile {
  std::string objective;
  size_t columns = 0;
  float base_margin = 0;
  std::vector<std::string> feature_names;
  std::vector<std::vector<FileNode>> trees;
};

Result<TreeFile> ReadTreeFile(std::string_view bytes, std::string_view what);

}  // namespace millpond::model
