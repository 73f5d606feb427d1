// A project: a folder with millpond.yml, and everything a command needs to work on it. Project owns
// the machine (file system, clock, arbiter, threads) and the parts of each layer wired together;
// nothing below app knows how they were put together.
//
//   millpond.yml (only `name` is needed):
//     name: churn
//     storage: .millpond          # state root, relative to the project
//     memory_limit: 4GB           # default: half of the machine's memory
//     threads: 2                  # default: the machine's cores
//     readable: [../shared-data]  # folders outside the project that SQL may read files from
//     mode: demo                  # demo allows a moved clock
//     clock: {kind: fixed, at: 1998-07-01T00:00:00Z}   # system | fixed | offset
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/catalog/catalog.h"
#include "data/catalog/workspace.h"
#include "data/sql/session.h"
#include "platform/features/feature_store.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::app {

struct ProjectConfig {
  enum class ClockKind { kSystem, kFixed, kOffset };

  std::string name;
  std::string project_dir;  // absolute
  std::string state_dir;    // absolute
  int64_t memory_limit_bytes = 0;  // 0: the arbiter's default
  int threads = 0;                 // 0: the machine's cores
  std::vector<std::string> readable_roots;  // absolute, the project itself included
  ClockKind clock_kind = ClockKind::kSystem;
  Micros clock_at = 0;
};

// Reads DIR/millpond.yml. Unknown keys and values of the wrong type are refused with their place.
Result<ProjectConfig> LoadProjectConfig(FileSystem& fs, const std::string& dir);

// "4GB", "512MiB", "1000": a size in bytes.
Result<int64_t> ParseSize(std::string_view text);

}  // namespace millpond::app
