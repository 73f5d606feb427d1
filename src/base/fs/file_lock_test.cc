#include "base/fs/file_lock.h"

#include <unistd.h>

#include <optional>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond {
namespace {

TEST(FileLockTest, OneHolderAtATime) {
  testing::TempDir dir;
  {
    MP_ASSERT_OK_AND_ASSIGN(auto lock, FileLock::TryAcquire(dir / "lock", "test"));
    EXPECT_THAT(FileLock::TryAcquire(dir / "lock", "test"),
                testing::FailsWith(ErrorKind::kConflict,
                                   ::testing::HasSubstr(fmt::format("process {}", ::getpid()))));
  }
  MP_EXPECT_OK(FileLock::TryAcquire(dir / "lock", "test"));
}

TEST(FileLockTest, WaitsForTheHolder) {
  testing::TempDir dir;
  std::optional<FileLock> held = *FileLock::TryAcquire(dir / "lock", "test");
  std::string heard;
  auto let_go = [&](const std::string& message) {
    heard = message;
    held.reset();
  };
  MP_EXPECT_OK(FileLock::Acquire(dir / "lock", "test", {.on_wait = let_go}));
  EXPECT_THAT(heard, ::testing::HasSubstr("another test is at work"));

  held = *FileLock::TryAcquire(dir / "lock", "test");
  CancellationToken stop;
  stop.Cancel();
  EXPECT_THAT(FileLock::Acquire(dir / "lock", "test", {.cancellation = stop}),
              testing::FailsWith(ErrorKind::kCancelled, ::testing::_));
  EXPECT_THAT(FileLock::Acquire(dir / "lock", "test", {.max_ms = 30}),
              testing::FailsWith(ErrorKind::kConflict, ::testing::HasSubstr("another test")));
}

}  // namespace
}  // namespace millpond
