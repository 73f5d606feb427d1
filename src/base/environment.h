// The machine as the layers above see it: everything that is not a pure function of its arguments
// comes in through here, so that the same code runs for real, under faults and on a fixed clock.
// Owned by app (or a test); everybody else borrows it. All members are thread-safe.
#pragma once

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/fs/filesystem.h"
#include "base/random.h"
#include "base/resources/arbiter.h"
#include "base/task_pool.h"

namespace millpond {

struct Environment {
  FileSystem& fs;
  const Clock& clock;  // the project's clock: T, commit timestamps, ages
  RandomSource& random;
  Arbiter& arbiter;
  TaskPool& pool;
  CancellationToken cancellation;
};

}  // namespace millpond
