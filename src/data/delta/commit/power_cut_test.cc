// A table on a disk that forgets what was not synced: whatever operation the power is cut before,
// every acknowledged row is there afterwards, once, and the table takes another commit.
#include <set>

#include "base/testing/power_cut_filesystem.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"

namespace millpond::data {
namespace {

using namespace testing_rows;  // NOLINT: short names in tests

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

Result<CommitResult> AppendValue(DeltaTable& table, int v) {
  return Append(table, kV, fmt::format(R"([{{"v":{}}}])", v));
}

// Creates the table and appends 1 … 5, with a checkpoint on the way. Gives what was acknowledged.
std::set<int> Work(const Environment& env, bool& created) {
  CreateOptions options;
  options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
  options.properties = {{"delta.checkpointInterval", "3"},
                        {"delta.enableInCommitTimestamps", "true"}};
  std::set<int> acknowledged;
  auto table = DeltaTable::Create(env, "/w/main/t", options);
  created = table.has_value();
  for (int v = 1; created && v <= 5; ++v) {
    if (AppendValue(*table, v).has_value()) acknowledged.insert(v);
  }
  return acknowledged;
}

TEST(PowerCutTableTest, AcknowledgedRowsSurvive) {
  testing::TestEnvironment machine;
  for (int64_t cut = 1;; ++cut) {
    ASSERT_LT(cut, 2000);
    SCOPED_TRACE(cut);
    testing::PowerCutFileSystem disk;
    const Environment env = machine.With(disk);
    disk.CutBefore(cut);
    bool created = false;
    const std::set<int> acknowledged = Work(env, created);
    const bool through = !disk.off();
    disk.PowerOn();
    auto table = DeltaTable::Open(env, "/w/main/t");
    if (created) {
      ASSERT_THAT(table, testing::IsOk());
    }
    if (table.has_value()) {
      ASSERT_THAT(AppendValue(*table, 100), testing::IsOk());
      auto lines = ReadLatest(*table);
      ASSERT_THAT(lines, testing::IsOk());
      const std::multiset<std::string> rows(lines->begin(), lines->end());
      for (int v : acknowledged) EXPECT_EQ(rows.count(fmt::format("v={}", v)), 1u) << v;
      for (const auto& row : rows) EXPECT_EQ(rows.count(row), 1u) << row;
    }
    if (through) {
      EXPECT_EQ(acknowledged.size(), 5u);
      EXPECT_GT(cut, 50);
      return;
    }
    if (HasFailure()) return;
  }
}

// With no memory to be had a write still goes through, one file at a time.
TEST(PowerCutTableTest, AWriteWithoutMemoryToSpareGoesThrough) {
  testing::TestEnvironment machine;
  testing::PowerCutFileSystem disk;
  const Environment env = machine.With(disk);
  bool created = false;
  ASSERT_EQ(Work(env, created).size(), 5u);
  auto table = DeltaTable::Open(env, "/w/main/t");
  ASSERT_THAT(table, testing::IsOk());
  auto all =
      machine.arbiter.Reserve(ResourceClass::kServing, machine.arbiter.memory_bytes(), "all");
  ASSERT_THAT(all, testing::IsOk());
  EXPECT_THAT(AppendValue(*table, 100), testing::IsOk());
}

}  // namespace
}  // namespace millpond::data
