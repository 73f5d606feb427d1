// Where a project's state lies, as the layers above see it. Owned by app (or a test).
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"

namespace millpond::data {

struct Workspace {
  Environment env;
  std::string name;
  std::string project_dir;
  std::string state_dir;                    // .millpond: meta.db and what else is kept
  std::string warehouse_dir;                // <state_dir>/warehouse, or on an object store
  std::vector<std::string> readable_roots;  // folders that SQL may read files from
};

}  // namespace millpond::data
