// A commit under injected faults, and two writers at every interleaving point. After each run the
// table is opened again on a healthy file system: every acknowledged row is there once, versions
// are contiguous, and the table can be written.
#include <filesystem>
#include <set>
#include <thread>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/log/log_segment.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using ::testing::HasSubstr;
using testing::IsOk;
using namespace testing_rows;  // NOLINT: short names in tests
using Mode = FaultyFileSystem::Mode;
using Lines = std::vector<std::string>;

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

Result<CommitResult> AppendValue(DeltaTable& table, int v, const WriteOptions& options = {}) {
  return Append(table, kV, fmt::format(R"([{{"v":{}}}])", v), options);
}

class FaultTest : public ::testing::Test {
 protected:
  // A table at version 9 with the rows 1 … 9, so that the next commit also writes a checkpoint.
  void SetUp() override {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    options.properties = {{"delta.enableRowTracking", "true"},
                          {"delta.enableInCommitTimestamps", "true"}};
    auto table = DeltaTable::Create(machine_.env, dir_ / "template", options);
    ASSERT_THAT(table, IsOk());
    for (int v = 1; v <= 9; ++v) ASSERT_THAT(AppendValue(*table, v), IsOk());
  }

  std::string Fresh() {
    stdfs::remove_all(dir_ / "t");
    stdfs::copy(dir_ / "template", dir_ / "t", stdfs::copy_options::recursive);
    return dir_ / "t";
  }

  // What must hold whatever happened: the log is contiguous, the rows 1 … 9 are there once,
  // each acknowledged row once, the others at most once, and the table takes another commit.
  void CheckTable(const std::string& path, const std::set<int>& acknowledged,
                  const std::set<int>& attempted) {
    auto table = DeltaTable::Open(machine_.env, path);
    ASSERT_THAT(table, IsOk());
    ASSERT_THAT(AppendValue(*table, 1000), IsOk());
    auto reopened = DeltaTable::Open(machine_.env, path);
    ASSERT_THAT(reopened, IsOk());
    auto lines = ReadLatest(*reopened);
    ASSERT_THAT(lines, IsOk());
    std::multiset<std::string> rows(lines->begin(), lines->end());
    std::set<std::string> expected = {"v=1000"};
    for (int v = 1; v <= 9; ++v) expected.insert(fmt::format("v={}", v));
    for (int v : acknowledged) expected.insert(fmt::format("v={}", v));
    for (const auto& row : expected) EXPECT_EQ(rows.count(row), 1u) << row;
    for (int v : attempted) {
      std::string row = fmt::format("v={}", v);
      EXPECT_LE(rows.count(row), 1u);
      expected.insert(row);
    }
    for (const auto& row : rows) EXPECT_TRUE(expected.contains(row)) << row;
    CheckLog(*reopened);
  }

  void CheckLog(DeltaTable& table) {
    auto files = machine_.local->List(table.path() + "/_delta_log");
    ASSERT_THAT(files, IsOk());
    auto listing = MakeLogListing(*files);
    EXPECT_EQ(static_cast<int64_t>(listing.commits.size()), listing.latest() + 1);
    // Without any checkpoint the commits alone give the same rows.
    auto with = ReadLatest(table);
    for (const auto& [version, checkpoints] : listing.checkpoints) {
      for (const auto& paths : checkpoints) {
        for (const auto& path : paths) stdfs::remove(path);
      }
    }
    auto replayed = DeltaTable::Open(machine_.env, table.path());
    ASSERT_THAT(replayed, IsOk());
    EXPECT_EQ(*ReadLatest(*replayed), *with);
  }

  // Runs `work` with step n failing for n = 1, 2, … until a run has no n-th step.
  void Sweep(Mode mode, bool afterwards, const WriteOptions& options) {
    for (int n = 1;; ++n) {
      ASSERT_LT(n, 1000);
      SCOPED_TRACE(fmt::format("step {} of mode {} {}", n, static_cast<int>(mode), afterwards));
      std::string path = Fresh();
      FaultyFileSystem faulty(*machine_.local);
      faulty.FailAfterwards(afterwards);
      faulty.FailAt(n, mode);
      std::set<int> acknowledged;
      {
        auto table = DeltaTable::Open(machine_.With(faulty), path);
        auto written = table.has_value() ? AppendValue(*table, 100, options)
                                         : Result<CommitResult>(std::unexpected(table.error()));
        if (written.has_value()) acknowledged = {100};
      }
      bool failed = faulty.failed();
      faulty.FailAt(0, mode);
      CheckTable(path, acknowledged, {100});
      if (HasFailure()) return;
      if (!failed) {
        EXPECT_EQ(acknowledged.size(), 1u);
        EXPECT_GT(n, 20);
        return;
      }
    }
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(FaultTest, AppendWithOneFailure) {
  Sweep(Mode::kOnce, false, {});
}

TEST_F(FaultTest, AppendWithOneLostAnswer) {
  Sweep(Mode::kOnce, true, {});
}

TEST_F(FaultTest, AppendKilledAtEveryStep) {
  Sweep(Mode::kFromThenOn, false, {});
}

// The disk takes the first bytes of data file, commit, checksum, checkpoint or hint, and no more.
TEST_F(FaultTest, AppendOnADiskThatGetsFull) {
  for (int64_t space = 0;; space += 97) {
    SCOPED_TRACE(space);
    const std::string path = Fresh();
    FaultyFileSystem faulty(*machine_.local);
    auto table = DeltaTable::Open(machine_.With(faulty), path);
    ASSERT_THAT(table, IsOk());
    faulty.LeaveSpace(space);
    const auto written = AppendValue(*table, 100);
    const bool full = faulty.failed();
    if (!written.has_value()) {
      EXPECT_THAT(written, testing::FailsWith(ErrorKind::kResourceExhausted,
                                              HasSubstr("no space left on device")));
    }
    CheckTable(path, written.has_value() ? std::set{100} : std::set<int>(), {100});
    if (HasFailure()) return;
    if (!full) {
      EXPECT_GT(space, 5000);
      return;
    }
  }
}

// A writer that repeats what was not acknowledged, under a txn, has its rows once.
TEST_F(FaultTest, RepeatedUnderATxnRowsAreThereOnce) {
  WriteOptions options;
  options.txn = Txn{"app", 1, {}};
  for (int n = 1;; ++n) {
    std::string path = Fresh();
    FaultyFileSystem faulty(*machine_.local);
    faulty.FailAfterwards(n % 2 == 0);
    faulty.FailAt((n + 1) / 2, Mode::kOnce);
    auto table = DeltaTable::Open(machine_.With(faulty), path);
    if (table.has_value()) (void)AppendValue(*table, 100, options);
    bool failed = faulty.failed();
    auto again = DeltaTable::Open(machine_.env, path);
    ASSERT_THAT(again, IsOk());
    ASSERT_THAT(AppendValue(*again, 100, options), IsOk());
    CheckTable(path, {100}, {100});
    if (!failed || HasFailure()) return;
  }
}

TEST_F(FaultTest, CreateUnderFaults) {
  CreateOptions options;
  options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
  for (bool afterwards : {false, true}) {
    for (int n = 1;; ++n) {
      stdfs::remove_all(dir_ / "new");
      FaultyFileSystem faulty(*machine_.local);
      faulty.FailAfterwards(afterwards);
      faulty.FailAt(n, Mode::kOnce);
      auto created = DeltaTable::Create(machine_.With(faulty), dir_ / "new", options);
      auto opened = DeltaTable::Open(machine_.env, dir_ / "new");
      if (created.has_value()) {
        EXPECT_THAT(opened, IsOk());
      }
      if (!opened.has_value()) {
        EXPECT_EQ(opened.error().kind(), ErrorKind::kNotFound);
        EXPECT_THAT(DeltaTable::Create(machine_.env, dir_ / "new", options), IsOk());
      }
      if (!faulty.failed() || HasFailure()) break;
    }
  }
}

// Writer A stops before its k-th step while writer B commits; for every k.
class RaceTest : public FaultTest {
 protected:
  struct Outcome {
    Result<CommitResult> a = Fail(ErrorKind::kInternal, "not run");
    Result<CommitResult> b = Fail(ErrorKind::kInternal, "not run");
    bool interleaved = false;
    std::string path;
  };

  Outcome Race(int k, const WriteOptions& a_options, const WriteOptions& b_options) {
    Outcome outcome;
    outcome.path = Fresh();
    auto other = DeltaTable::Open(machine_.env, outcome.path);
    FaultyFileSystem stepping(*machine_.local);
    int step = 0;
    stepping.OnStep([&](std::string_view, const std::string&) {
      if (++step != k) return;
      outcome.interleaved = true;
      outcome.b = AppendValue(*other, 200, b_options);
    });
    auto table = DeltaTable::Open(machine_.With(stepping), outcome.path);
    if (table.has_value()) outcome.a = AppendValue(*table, 100, a_options);
    return outcome;
  }
};

TEST_F(RaceTest, TwoAppendsAtEveryInterleaving) {
  for (int k = 1;; ++k) {
    SCOPED_TRACE(k);
    auto outcome = Race(k, {}, {});
    EXPECT_THAT(outcome.a, IsOk());
    if (!outcome.interleaved) return;
    EXPECT_THAT(outcome.b, IsOk());
    EXPECT_NE(outcome.a->version, outcome.b->version);
    CheckTable(outcome.path, {100, 200}, {100, 200});
    if (HasFailure()) return;
  }
}

TEST_F(RaceTest, OneTxnIsCommittedOnce) {
  WriteOptions options;
  options.txn = Txn{"app", 1, {}};
  for (int k = 1;; ++k) {
    SCOPED_TRACE(k);
    auto outcome = Race(k, options, options);
    EXPECT_THAT(outcome.a, IsOk());
    if (!outcome.interleaved) return;
    EXPECT_THAT(outcome.b, IsOk());
    EXPECT_NE(outcome.a->skipped_by_txn, outcome.b->skipped_by_txn);
    CheckTable(outcome.path, {outcome.a->skipped_by_txn ? 200 : 100}, {});
    if (HasFailure()) return;
  }
}

TEST_F(RaceTest, AnOverwriteNeverSwallowsARowItDidNotSee) {
  for (int k = 1;; ++k) {
    SCOPED_TRACE(k);
    auto outcome = Race(k, {.mode = WriteMode::kOverwrite}, {});
    if (!outcome.interleaved) return;
    ASSERT_THAT(outcome.b, IsOk());
    auto table = DeltaTable::Open(machine_.env, outcome.path);
    MP_ASSERT_OK_AND_ASSIGN(auto lines, ReadLatest(*table));
    if (outcome.a.has_value()) {
      bool b_came_later = outcome.b->version > outcome.a->version;
      EXPECT_EQ(lines, b_came_later ? Lines({"v=100", "v=200"}) : Lines({"v=100"}));
    } else {
      EXPECT_THAT(outcome.a, testing::FailsWith(ErrorKind::kConflict, HasSubstr("added the file")));
      EXPECT_EQ(lines.size(), 10u);
    }
    if (HasFailure()) return;
  }
}

TEST_F(RaceTest, ThreadsOnOneHandleAndOnSeveral) {
  std::string path = Fresh();
  auto shared = *DeltaTable::Open(machine_.env, path);
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int writer = 0; writer < 4; ++writer) {
    threads.emplace_back([&, writer] {
      DeltaTable table = writer < 2 ? shared : *DeltaTable::Open(machine_.env, path);
      for (int i = 0; i < 15; ++i) {
        if (!AppendValue(table, 10'000 + writer * 100 + i).has_value()) ++failures;
        if (!ReadLatest(table).has_value()) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  std::set<int> all;
  for (int writer = 0; writer < 4; ++writer) {
    for (int i = 0; i < 15; ++i) all.insert(10'000 + writer * 100 + i);
  }
  CheckTable(path, all, {});
}

// Whoever follows the table counts on stamps that are young when the commit appears.
TEST_F(FaultTest, AWriterThatStallsStampsAgain) {
  for (const int stalls : {0, 1, 3, 1000}) {
    FaultyFileSystem slow(*machine_.local);
    int syncs = 0;
    Micros linked_at = 0;
    slow.OnStep([&](std::string_view operation, const std::string& path) {
      // Before the commit has its name (a checkpoint follows).
      if (path.find("_delta_log") == std::string::npos || linked_at > 0) return;
      if (operation == "sync" && syncs++ < stalls) machine_.clock.Advance(150 * kMicrosPerMilli);
      if (operation == "link") linked_at = machine_.clock.Now();
    });
    auto table = DeltaTable::Open(machine_.With(slow), Fresh());
    ASSERT_THAT(table, IsOk());
    auto result = AppendValue(*table, 10);
    ASSERT_THAT(result, IsOk());
    const Micros age = linked_at - result->commit_time;
    if (stalls < 1000) {
      EXPECT_EQ(syncs, stalls + 1);
      EXPECT_LE(age, 100 * kMicrosPerMilli);
    } else {
      EXPECT_EQ(syncs, 6);  // bounded: the commit goes out with an old stamp
      EXPECT_EQ(age, 150 * kMicrosPerMilli);
    }
    auto reopened = DeltaTable::Open(machine_.env, dir_ / "t");
    ASSERT_THAT(reopened, IsOk());
    EXPECT_EQ((*reopened->Latest())->commit_time(), result->commit_time);
    CheckTable(dir_ / "t", {10}, {10});
  }
}

}  // namespace
}  // namespace millpond::data
