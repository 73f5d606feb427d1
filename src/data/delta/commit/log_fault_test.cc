// Faults in the log's side files: every step of a checkpoint and of a clean-up failed or killed,
// every byte region of each kind of file flipped, lines cut and repeated, a full disk. After each
// the table is opened again: every acknowledged row is there once, and it takes another commit.
#include <filesystem>
#include <set>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/log/checkpoint_writer.h"
#include "data/delta/log/log_cleanup.h"
#include "data/delta/log/log_compaction.h"
#include "data/delta/log/log_segment.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using testing::IsOk;
using testing::IsOkAnd;
using namespace testing_rows;  // NOLINT: short names in tests
using Mode = FaultyFileSystem::Mode;
using Lines = std::vector<std::string>;

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});
constexpr int kRows = 12;

// A table of 12 commits: checkpoints at 5 and 10 (V1 or V2), compacted files, checksums.
class LogFaultTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    options.properties = {{"delta.checkpointPolicy", GetParam()},
                          {"delta.checkpointInterval", "5"},
                          {kLogCompactionInterval, "3"}};
    auto table = DeltaTable::Create(machine_.env, dir_ / "template", options);
    ASSERT_THAT(table, IsOk());
    for (int v = 1; v <= kRows; ++v) {
      ASSERT_THAT(Append(*table, kV, fmt::format(R"([{{"v":{}}}])", v)), IsOk());
      machine_.clock.Advance(kMicrosPerDay);
    }
    for (int v = 1; v <= kRows; ++v) rows_.push_back(fmt::format("v={}", v));
    std::ranges::sort(rows_);
  }

  std::string Fresh() {
    stdfs::remove_all(dir_ / "t");
    stdfs::copy(dir_ / "template", dir_ / "t", stdfs::copy_options::recursive);
    // A copy has new times; those of the commits decide what has expired.
    for (int v = 0; v <= kRows; ++v) {
      const std::string name = "/_delta_log/" + CommitFileName(v);
      stdfs::last_write_time(dir_ / ("t" + name),
                             stdfs::last_write_time(dir_ / ("template" + name)));
    }
    return dir_ / "t";
  }

  Result<Lines> RowsOf(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(machine_.env, path));
    return ReadLatest(table);
  }

  // Whatever happened to the side files: the rows are there, and the table takes a commit.
  void CheckTable(const std::string& path) {
    EXPECT_THAT(RowsOf(path), IsOkAnd(rows_));
    auto table = DeltaTable::Open(machine_.env, path);
    ASSERT_THAT(table, IsOk());
    ASSERT_THAT(Append(*table, kV, R"([{"v":1000}])"), IsOk());
    Lines with = rows_;
    with.push_back("v=1000");
    std::ranges::sort(with);
    EXPECT_THAT(RowsOf(path), IsOkAnd(with));
  }

  // Runs `work` with its n-th step failing for n = 1, 2, … until a run has no n-th step.
  void Sweep(const std::function<void(const Environment&, const Snapshot&)>& work) {
    for (const Mode mode : {Mode::kOnce, Mode::kFromThenOn}) {
      for (int n = 1;; ++n) {
        ASSERT_LT(n, 500);
        SCOPED_TRACE(fmt::format("step {} of mode {}", n, static_cast<int>(mode)));
        const std::string path = Fresh();
        auto table = DeltaTable::Open(machine_.env, path);
        ASSERT_THAT(table, IsOk());
        MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table->Latest());
        FaultyFileSystem faulty(*machine_.local);
        faulty.FailAt(n, mode, ErrorKind::kResourceExhausted);  // a full disk
        work(machine_.With(faulty), *snapshot);
        if (!faulty.failed()) {
          EXPECT_GT(n, 3);
          break;
        }
        CheckTable(path);
        if (HasFailure()) return;
      }
    }
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  Lines rows_;
};

TEST_P(LogFaultTest, ACheckpointFailedOrKilledAtEveryStep) {
  Sweep([](const Environment& env, const Snapshot& snapshot) {
    (void)WriteCheckpoint(env, snapshot, 5);
  });
}

TEST_P(LogFaultTest, ACleanUpFailedOrKilledAtEveryStep) {
  machine_.clock.Advance(28 * kMicrosPerDay);  // up to version 7 or so has expired
  Sweep([](const Environment& env, const Snapshot& snapshot) { (void)CleanUpLog(env, snapshot); });
  const std::string path = Fresh();
  auto table = DeltaTable::Open(machine_.env, path);
  ASSERT_THAT(table, IsOk());
  EXPECT_THAT(CleanUpLog(machine_.env, **table->Latest()), IsOk());
  EXPECT_FALSE(stdfs::exists(path + "/_delta_log/" + CommitFileName(0)));
  CheckTable(path);
}

TEST_P(LogFaultTest, ALogCompactionFailedOrKilledAtEveryStep) {
  Sweep([&](const Environment& env, const Snapshot& snapshot) {
    (void)WriteCompacted(env, snapshot.path(), 7, 11);
  });
}

// A flipped byte in a file that only helps changes nothing; in a commit it is an error, another
// value, or nothing, never a crash and never a row twice.
TEST_P(LogFaultTest, FlippedBytesInEveryKindOfLogFile) {
  const std::string path = Fresh();
  std::vector<std::string> files;
  for (const auto& entry : stdfs::recursive_directory_iterator(path + "/_delta_log")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::set<std::string> kinds;
  for (const std::string& file : files) {
    const std::string name(FileName(file));
    const auto parsed = ParseLogFileName(name);
    const bool is_commit = parsed && parsed->kind == LogFileName::Kind::kCommit;
    // Enough of each kind, and what the latest version is made of.
    if (is_commit && parsed->version != 11) continue;
    kinds.insert(parsed ? fmt::format("{}", static_cast<int>(parsed->kind)) : name);
    const std::string bytes = *machine_.local->ReadFile(file);
    const size_t step = std::max<size_t>(1, bytes.size() / 60);
    for (size_t at = 0; at < bytes.size(); at += step) {
      SCOPED_TRACE(fmt::format("{} at {}", name, at));
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(~flipped[at]);
      MP_ASSERT_OK(machine_.local->ReplaceFile(file, flipped));
      const auto rows = RowsOf(path);
      if (!is_commit) {
        EXPECT_THAT(rows, IsOkAnd(rows_));
      } else if (rows.has_value()) {
        EXPECT_EQ(std::set<std::string>(rows->begin(), rows->end()).size(), rows->size());
      } else {
        EXPECT_THAT(rows.error().ToString(), ::testing::HasSubstr(path));
      }
      if (HasFailure()) return;
    }
    MP_ASSERT_OK(machine_.local->ReplaceFile(file, bytes));
  }
  EXPECT_GE(kinds.size(), 5u);
  CheckTable(path);
}

TEST_P(LogFaultTest, CutAndRepeatedLines) {
  const std::string path = Fresh();
  const std::string commit = path + "/_delta_log/" + CommitFileName(11);
  const std::string bytes = *machine_.local->ReadFile(commit);
  for (size_t length = 0; length < bytes.size(); length += 7) {
    MP_ASSERT_OK(machine_.local->ReplaceFile(commit, bytes.substr(0, length)));
    EXPECT_FALSE(RowsOf(path).has_value()) << "cut at " << length;
  }
  // The add line once more: one file still.
  const size_t add = bytes.find("{\"add\"");
  const std::string line = bytes.substr(add, bytes.find('\n', add) + 1 - add);
  MP_ASSERT_OK(machine_.local->ReplaceFile(commit, bytes + line));
  auto rows = RowsOf(path);
  if (rows.has_value()) {
    EXPECT_EQ(*rows, rows_);
  }
  MP_ASSERT_OK(machine_.local->ReplaceFile(commit, bytes));
  CheckTable(path);
}

TEST_P(LogFaultTest, WithoutAnyOneOfTheSideFiles) {
  const std::string path = Fresh();
  std::vector<std::string> files;
  for (const auto& entry : stdfs::recursive_directory_iterator(path + "/_delta_log")) {
    const auto parsed = ParseLogFileName(std::string(FileName(entry.path().string())));
    const bool is_commit = parsed && parsed->kind == LogFileName::Kind::kCommit;
    if (entry.is_regular_file() && !is_commit) files.push_back(entry.path());
  }
  EXPECT_GT(files.size(), 15u);
  for (const std::string& file : files) {
    stdfs::rename(file, dir_ / "aside");
    EXPECT_THAT(RowsOf(path), IsOkAnd(rows_)) << file;
    stdfs::rename(dir_ / "aside", file);
  }
  CheckTable(path);
}

INSTANTIATE_TEST_SUITE_P(Policies, LogFaultTest, ::testing::Values("classic", "v2"));

}  // namespace
}  // namespace millpond::data
