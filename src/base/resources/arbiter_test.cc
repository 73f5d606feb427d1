#include "base/resources/arbiter.h"

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

TEST(ArbiterTest, RefusesOverTheBudgetAndNamesTheLargestHolder) {
  Arbiter arbiter({.memory_bytes = 1000, .threads = 1});
  MP_ASSERT_OK_AND_ASSIGN(auto sort, arbiter.Reserve(ResourceClass::kServing, 900, "sort"));
  EXPECT_THAT(arbiter.Reserve(ResourceClass::kServing, 200, "join"),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("most by sort: 900")));
  EXPECT_EQ(arbiter.reserved_bytes(), 900);
}

TEST(ArbiterTest, GivesBackOnDestructionAndMove) {
  Arbiter arbiter({.memory_bytes = 1000, .threads = 1});
  {
    MP_ASSERT_OK_AND_ASSIGN(auto a, arbiter.Reserve(ResourceClass::kBatch, 300, "a"));
    MemoryReservation b = std::move(a);
    EXPECT_EQ(arbiter.reserved_bytes(ResourceClass::kBatch), 300);
    MP_ASSERT_OK(b.Resize(100));
    EXPECT_EQ(arbiter.reserved_bytes(), 100);
  }
  EXPECT_EQ(arbiter.reserved_bytes(), 0);
}

TEST(ArbiterTest, FailedGrowthLeavesTheReservation) {
  Arbiter arbiter({.memory_bytes = 1000, .threads = 1});
  MP_ASSERT_OK_AND_ASSIGN(auto a, arbiter.Reserve(ResourceClass::kServing, 300, "a"));
  EXPECT_THAT(a.Resize(2000), FailsWith(ErrorKind::kResourceExhausted, HasSubstr("a needs")));
  EXPECT_EQ(a.bytes(), 300);
}

TEST(ArbiterTest, LowerClassesLeaveRoomForHigher) {
  Arbiter arbiter({.memory_bytes = 1000, .threads = 1});
  EXPECT_THAT(arbiter.Reserve(ResourceClass::kBatch, 900, "batch"),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("batch")));
  MP_ASSERT_OK_AND_ASSIGN(auto batch, arbiter.Reserve(ResourceClass::kBatch, 850, "batch"));
  MP_EXPECT_OK(arbiter.Reserve(ResourceClass::kServing, 150, "request"));
}

TEST(ArbiterTest, RefusesWhatNoSumCanHold) {
  Arbiter arbiter({.memory_bytes = 1000, .threads = 1});
  MP_ASSERT_OK_AND_ASSIGN(auto a, arbiter.Reserve(ResourceClass::kServing, 10, "a"));
  EXPECT_THAT(arbiter.Reserve(ResourceClass::kServing, INT64_MAX, "b"),
              FailsWith(ErrorKind::kResourceExhausted, HasSubstr("b needs")));
  EXPECT_THAT(arbiter.Reserve(ResourceClass::kServing, -5, "c"),
              FailsWith(ErrorKind::kInternal, HasSubstr("-5")));
  MemoryReservation empty;
  MP_EXPECT_OK(empty.Resize(0));
  EXPECT_EQ(arbiter.reserved_bytes(), 10);
}

}  // namespace
}  // namespace millpond
