#include "base/fs/file_lock.h"

#include <unistd.h>

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

}  // namespace
}  // namespace millpond
