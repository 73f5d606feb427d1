// What millpond.yml says, checked and with defaults filled in. Only `name` is needed:
//
//   name: churn
//   storage: .millpond          # state root, relative to the project
//   memory_limit: 4GB           # default: half of the machine's memory
//   threads: 2                  # default: the machine's cores
//   warehouse: s3://lake/churn  # where tables lie; default: in the state root
//   readable: [../shared-data]  # folders outside the project, or s3://bucket/prefix, that SQL may
//                               # read files from
//   mode: demo                  # demo allows a moved clock
//   clock: {kind: fixed, at: 1998-07-01T00:00:00Z}   # system | fixed | offset
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fs/filesystem.h"
#include "base/result.h"

namespace millpond::app {

enum class ClockKind { kSystem, kFixed, kOffset };

struct ProjectConfig {
  std::string name;
  std::string project_dir;                  // absolute
  std::string state_dir;                    // absolute
  std::string warehouse_dir;                // absolute, or s3://…; "": in the state root
  int64_t memory_limit_bytes = 0;           // 0: the arbiter's default
  int threads = 0;                          // 0: the machine's cores
  std::vector<std::string> readable_roots;  // absolute; the project itself comes first
  ClockKind clock_kind = ClockKind::kSystem;
  Micros clock_at = 0;
};

// Reads DIR/millpond.yml. Unknown keys and values of the wrong type are refused with their place.
Result<ProjectConfig> LoadProjectConfig(FileSystem& fs, const std::string& dir);

// "4GB", "512MiB", "1000": a size in bytes (units of 1000 or, with an i, 1024).
Result<int64_t> ParseSize(std::string_view text);

}  // namespace millpond::app
