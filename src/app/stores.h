// The file system of a project: local folders, and s3://bucket/key with the keys that the process's
// environment or the user's AWS files give. Nothing is looked up before the first such path.
#pragma once

#include <memory>

#include "base/cancellation.h"
#include "base/fs/filesystem.h"
#include "base/random.h"
#include "base/resources/arbiter.h"
#include "base/s3/request_counts.h"

namespace millpond::app {

// All must outlive the file system.
struct StoreParts {
  RandomSource& random;
  Arbiter& arbiter;
  RequestCounts& counts;
  CancellationToken cancellation;
};

std::unique_ptr<FileSystem> MakeProjectFileSystem(StoreParts parts);

}  // namespace millpond::app
