#include "base/task_pool.h"

#include <atomic>
#include <set>

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

TEST(TaskPoolTest, RunsEachIndexOnce) {
  TaskPool pool(4);
  std::vector<std::atomic<int>> runs(1000);
  MP_ASSERT_OK(pool.ParallelFor(runs.size(), [&](size_t i) {
    ++runs[i];
    return OkStatus();
  }));
  for (auto& count : runs) EXPECT_EQ(count, 1);
}

TEST(TaskPoolTest, NestedLoopsFinishWithOneThread) {
  TaskPool pool(1);
  std::atomic<int> runs = 0;
  MP_ASSERT_OK(pool.ParallelFor(3, [&](size_t) {
    return pool.ParallelFor(3, [&](size_t) {
      ++runs;
      return OkStatus();
    });
  }));
  EXPECT_EQ(runs, 9);
}

TEST(TaskPoolTest, ReportsTheFailure) {
  TaskPool pool(4);
  Status status = pool.ParallelFor(100, [&](size_t i) -> Status {
    if (i == 17) return Fail(ErrorKind::kCorrupt, "index {}", i);
    return OkStatus();
  });
  EXPECT_THAT(status, testing::FailsWith(ErrorKind::kCorrupt, ::testing::HasSubstr("index 17")));
}

TEST(TaskPoolTest, NothingToDo) {
  TaskPool pool(2);
  MP_EXPECT_OK(pool.ParallelFor(0, [](size_t) { return OkStatus(); }));
}

TEST(TaskPoolTest, AnExceptionIsAnErrorAndTheLowestIndexWins) {
  TaskPool pool(4);
  const Status failed = pool.ParallelFor(64, [](size_t i) -> Status {
    if (i == 3) std::vector<int>().at(7) = 1;
    if (i == 50) return Fail(ErrorKind::kNotFound, "fifty");
    return OkStatus();
  });
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind(), ErrorKind::kInternal);
}

}  // namespace
}  // namespace millpond
