// Which files a run of clustering orders together. Pure. The rule, for each partition (ZORDER BY)
// or the whole table (CLUSTER BY):
//
// - A cube is what one run ordered together. Files of a cube with other keys, files that were never
//   ordered, and files that lost more than a twentieth of their rows are loose.
// - No loose file: nothing to do. Otherwise the loose files become a new cube, and it takes up the
//   smallest cube with the same keys as long as that is at most twice as large as what it has.
//   So each row is ordered again only when its cube at least grows by half, and a table has few
//   cubes: their number grows with the logarithm of its size.
// - A cube of 64 GiB is full and stays.
// - A full run (OPTIMIZE t FULL) makes one cube of all files, unless they are one already.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/delta/rows/clustering.h"

namespace millpond::data {

struct CubeRules {
  std::string columns;  // as Cube::columns
  Curve curve = Curve::kHilbert;
  std::function<bool(size_t file)> wanted = nullptr;  // null: all files
  bool full = false;
};

struct NewCube {
  std::vector<size_t> files;  // of the snapshot, in its order
  int64_t bytes = 0;
};

std::vector<NewCube> PlanCubes(const Snapshot& snapshot, const CubeRules& rules);

}  // namespace millpond::data
