// An Environment for tests: the local file system (or one given), a fixed clock that can be moved,
// seeded randomness, a generous arbiter, two threads.
#pragma once

#include <memory>

#include "base/environment.h"
#include "base/fs/local_filesystem.h"

namespace millpond::testing {

class SettableClock : public Clock {
 public:
  explicit SettableClock(Micros at) : at_(at) {}
  Micros Now() const override { return at_; }
  void Set(Micros at) { at_ = at; }
  void Advance(Micros by) { at_ += by; }

 private:
  std::atomic<Micros> at_;
};

struct TestEnvironment {
  std::unique_ptr<FileSystem> local = MakeLocalFileSystem();
  SettableClock clock{1'700'000'000 * kMicrosPerSecond};  // 2023-11-14T22:13:20Z
  SeededRandom random{1};
  Arbiter arbiter{{.memory_bytes = int64_t{2} << 30, .threads = 2}};
  TaskPool pool{2};
  Environment env{*local, clock, random, arbiter, pool, {}};

  // The same machine behind another file system (a FaultyFileSystem, say).
  Environment With(FileSystem& fs) { return {fs, clock, random, arbiter, pool, {}}; }
};

}  // namespace millpond::testing
