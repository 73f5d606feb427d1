// Rows that go by their places: two writers at every interleaving point, and faults at every step.
// After each run the table is read again on a healthy file system: it is as before or as after.
#include "data/delta/change/row_change.h"

#include <arrow/api.h>

#include <filesystem>
#include <set>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using namespace testing_rows;  // NOLINT: short names in tests
using Mode = FaultyFileSystem::Mode;

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

std::shared_ptr<arrow::Array> Numbers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return *builder.Finish();
}

// What one writer does: rows of the first file go, others come.
struct Change {
  std::vector<int64_t> gone;
  std::vector<int64_t> written = {};
};

Result<CommitResult> Apply(DeltaTable table, const Change& change,
                           std::shared_ptr<ReadDependency> dependency = nullptr) {
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  MP_ASSIGN_OR_RETURN(auto rows, RowChange::Begin(table, snapshot));
  // A file that lost rows stands elsewhere in the list.
  int64_t first = 0;
  while (snapshot->files().num_records(first) != 50) ++first;
  const auto files = Numbers(std::vector<int64_t>(change.gone.size(), first));
  const auto positions = Numbers(change.gone);
  MP_RETURN_IF_ERROR(rows->Delete(static_cast<const arrow::Int64Array&>(*files),
                                  static_cast<const arrow::Int64Array&>(*positions)));
  const auto values = Numbers(change.written);
  MP_RETURN_IF_ERROR(
      rows->Write(*arrow::RecordBatch::Make(kV, values->length(), {values}), ChangeType::kInsert));
  return rows->Commit({"TEST", {}, {}, std::move(dependency)});
}

class Independent : public ReadDependency {
 public:
  explicit Independent(bool depends) : depends_(depends) {}
  Result<bool> DependsOn(const std::shared_ptr<const Snapshot>& now,
                         const std::vector<size_t>& added) override {
    for (size_t file : added) EXPECT_LT(file, now->files().size());
    return depends_;
  }

 private:
  bool depends_;
};

class RowChangeTest : public ::testing::Test {
 protected:
  // Rows 0 … 49 in the first file, 50 … 59 in the second; the next commit writes a checkpoint.
  void SetUp() override {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    auto table = DeltaTable::Create(machine_.env, dir_ / "template", options);
    ASSERT_THAT(table, IsOk());
    std::string first = "[", second = "[";
    for (int v = 0; v < 60; ++v) {
      std::string& rows = v < 50 ? first : second;
      rows += fmt::format(R"({}{{"v":{}}})", rows.size() > 1 ? "," : "", v);
    }
    ASSERT_THAT(Append(*table, kV, first + "]"), IsOk());
    ASSERT_THAT(Append(*table, kV, second + "]"), IsOk());
  }

  std::string Fresh() {
    stdfs::remove_all(dir_ / "t");
    stdfs::copy(dir_ / "template", dir_ / "t", stdfs::copy_options::recursive);
    return dir_ / "t";
  }

  static std::multiset<int64_t> Before() {
    std::multiset<int64_t> rows;
    for (int64_t v = 0; v < 60; ++v) rows.insert(v);
    return rows;
  }

  static std::multiset<int64_t> After(std::multiset<int64_t> rows, const Change& change) {
    for (int64_t v : change.gone) rows.erase(v);
    rows.insert(change.written.begin(), change.written.end());
    return rows;
  }

  std::multiset<int64_t> Read(const std::string& path) {
    std::multiset<int64_t> rows;
    auto table = DeltaTable::Open(machine_.env, path);
    EXPECT_THAT(table, IsOk());
    if (!table.has_value()) return rows;
    auto lines = ReadLatest(*table);
    EXPECT_THAT(lines, IsOk());
    if (!lines.has_value()) return rows;
    for (const auto& line : *lines) rows.insert(std::stoll(line.substr(2)));
    return rows;
  }

  struct Outcome {
    Result<CommitResult> a = Fail(ErrorKind::kInternal, "not run");
    Result<CommitResult> b = Fail(ErrorKind::kInternal, "not run");
    bool interleaved = false;
  };

  // Writer A stops before its k-th step while B does all of its work.
  Outcome Race(int k, const Change& a, const Change& b,
               std::shared_ptr<ReadDependency> dependency) {
    Outcome outcome;
    const std::string path = Fresh();
    auto other = DeltaTable::Open(machine_.env, path);
    FaultyFileSystem stepping(*machine_.local);
    int step = 0;
    stepping.OnStep([&](std::string_view, const std::string&) {
      if (++step != k) return;
      outcome.interleaved = true;
      outcome.b = Apply(*other, b, std::make_shared<Independent>(false));
    });
    auto table = DeltaTable::Open(machine_.With(stepping), path);
    if (table.has_value()) outcome.a = Apply(*table, a, std::move(dependency));
    return outcome;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(RowChangeTest, MarksRowsAndWritesOthersInOneCommit) {
  const std::string path = Fresh();
  auto table = *DeltaTable::Open(machine_.env, path);
  const Change first{{3, 7, 49}, {100}};
  MP_ASSERT_OK_AND_ASSIGN(const auto commit, Apply(table, first));
  EXPECT_EQ(commit.new_features, std::vector<std::string>{"deletionVectors"});
  EXPECT_EQ(commit.rows_removed, 3);
  EXPECT_EQ(Read(path), After(Before(), first));
  const Change second{{0, 8}, {}};
  MP_ASSERT_OK_AND_ASSIGN(const auto again, Apply(table, second));
  EXPECT_TRUE(again.new_features.empty());
  EXPECT_EQ(Read(path), After(After(Before(), first), second));
}

TEST_F(RowChangeTest, AFileThatLosesAllRowsIsRemoved) {
  const std::string path = Fresh();
  auto table = *DeltaTable::Open(machine_.env, path);
  Change all;
  for (int64_t v = 0; v < 50; ++v) all.gone.push_back(v);
  MP_ASSERT_OK_AND_ASSIGN(const auto commit, Apply(table, all));
  EXPECT_TRUE(commit.new_features.empty());  // no vector was needed
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  EXPECT_EQ(snapshot->files().size(), 1u);
  EXPECT_EQ(Read(path), After(Before(), all));
}

TEST_F(RowChangeTest, NothingChangedIsNoCommit) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(const auto commit, Apply(table, {}));
  EXPECT_EQ(commit.version, 2);
}

TEST_F(RowChangeTest, WritersOfDifferentRowsOfOneFileBothWin) {
  const Change base{{20}, {}}, a{{1, 2, 3}, {101}}, b{{4, 5}, {102}};
  // First both turn the feature on, then it is on.
  for (const bool on_beforehand : {false, true}) {
    auto before = Before();
    if (on_beforehand) {
      ASSERT_THAT(Apply(*DeltaTable::Open(machine_.env, dir_ / "template"), base), IsOk());
      before = After(before, base);
    }
    for (int k = 1;; ++k) {
      SCOPED_TRACE(k);
      const auto outcome = Race(k, a, b, std::make_shared<Independent>(false));
      EXPECT_THAT(outcome.a, IsOk());
      if (!outcome.interleaved) break;
      EXPECT_THAT(outcome.b, IsOk());
      EXPECT_EQ(Read(dir_ / "t"), After(After(before, a), b));
      if (HasFailure()) return;
    }
  }
}

TEST_F(RowChangeTest, WritersOfOneRowDoNotBothWin) {
  ASSERT_THAT(Apply(*DeltaTable::Open(machine_.env, dir_ / "template"), {{20}, {}}), IsOk());
  const Change base{{20}, {}}, a{{1, 2, 3}, {101}}, b{{3, 4}, {102}};
  int named = 0;  // conflicts that say which version won
  for (int k = 1;; ++k) {
    SCOPED_TRACE(k);
    const auto outcome = Race(k, a, b, std::make_shared<Independent>(false));
    if (!outcome.interleaved) break;
    auto rows = After(Before(), base);
    EXPECT_NE(outcome.a.has_value(), outcome.b.has_value());
    if (outcome.a.has_value()) {
      rows = After(rows, a);
    } else {
      EXPECT_THAT(outcome.a, FailsWith(ErrorKind::kConflict, HasSubstr("same rows of file")));
      named += outcome.a.error().message().find("version 4") != std::string::npos;
      rows = After(rows, b);
    }
    EXPECT_EQ(Read(dir_ / "t"), rows);
    if (HasFailure()) return;
  }
  EXPECT_GT(named, 0);
}

TEST_F(RowChangeTest, RowsAddedMeanwhileConflictIfTheyMatter) {
  const Change a{{1}, {}}, b{{}, {102}};
  for (const bool matters : {false, true}) {
    int conflicts = 0;
    for (int k = 1;; ++k) {
      SCOPED_TRACE(k);
      const auto outcome = Race(k, a, b, std::make_shared<Independent>(matters));
      if (!outcome.interleaved) break;
      EXPECT_THAT(outcome.b, IsOk());
      if (!outcome.a.has_value()) {
        EXPECT_THAT(outcome.a, FailsWith(ErrorKind::kConflict, HasSubstr("added rows")));
        ++conflicts;
      }
      EXPECT_EQ(Read(dir_ / "t"),
                outcome.a.has_value() ? After(After(Before(), a), b) : After(Before(), b));
      if (HasFailure()) return;
    }
    EXPECT_EQ(conflicts > 0, matters);
  }
}

TEST_F(RowChangeTest, FaultsAtEveryStepLeaveTheOldOrTheNewTable) {
  const Change change{{1, 2, 3}, {101, 102}};
  for (const Mode mode : {Mode::kOnce, Mode::kFromThenOn}) {
    for (const bool afterwards : {false, true}) {
      for (int n = 1;; ++n) {
        SCOPED_TRACE(fmt::format("step {} of mode {} {}", n, static_cast<int>(mode), afterwards));
        const std::string path = Fresh();
        FaultyFileSystem faulty(*machine_.local);
        faulty.FailAfterwards(afterwards);
        faulty.FailAt(n, mode);
        auto table = DeltaTable::Open(machine_.With(faulty), path);
        bool acknowledged = false;
        if (table.has_value()) acknowledged = Apply(*table, change).has_value();
        const bool failed = faulty.failed();
        faulty.FailAt(0, mode);
        const auto rows = Read(path);
        const bool is_new = rows == After(Before(), change);
        EXPECT_TRUE(is_new || rows == Before());
        EXPECT_TRUE(is_new || !acknowledged);
        if (HasFailure()) return;
        if (!failed) break;
      }
    }
  }
}

TEST_F(RowChangeTest, ADiskThatGetsFullLeavesTheOldOrTheNewTable) {
  const Change change{{1, 2, 3}, {101, 102}};
  for (int64_t space = 0;; space += 41) {
    SCOPED_TRACE(space);
    const std::string path = Fresh();
    FaultyFileSystem faulty(*machine_.local);
    auto table = DeltaTable::Open(machine_.With(faulty), path);
    ASSERT_THAT(table, IsOk());
    faulty.LeaveSpace(space);
    const bool acknowledged = Apply(*table, change).has_value();
    const bool full = faulty.failed();
    const auto rows = Read(path);
    EXPECT_EQ(rows, acknowledged ? After(Before(), change) : Before());
    if (HasFailure() || !full) break;
  }
}

TEST_F(RowChangeTest, AFlippedBitInAVectorIsNoticed) {
  const std::string path = Fresh();
  ASSERT_THAT(Apply(*DeltaTable::Open(machine_.env, path), {{3, 7, 49}, {}}), IsOk());
  for (const auto& entry : stdfs::directory_iterator(path)) {
    if (!entry.path().filename().string().starts_with("deletion_vector_")) continue;
    MP_ASSERT_OK_AND_ASSIGN(const std::string bytes, machine_.local->ReadFile(entry.path()));
    for (size_t at = 1; at < bytes.size(); ++at) {
      std::string flipped = bytes;
      flipped[at] ^= 4;
      ASSERT_THAT(machine_.local->ReplaceFile(entry.path(), flipped), IsOk());
      auto table = DeltaTable::Open(machine_.env, path);
      EXPECT_THAT(ReadLatest(*table), FailsWith(ErrorKind::kCorrupt, HasSubstr("deletion vector")))
          << at;
    }
    for (size_t length = 0; length < bytes.size(); length += 3) {
      ASSERT_THAT(machine_.local->ReplaceFile(entry.path(), bytes.substr(0, length)), IsOk());
      auto table = DeltaTable::Open(machine_.env, path);
      EXPECT_THAT(ReadLatest(*table), FailsWith(ErrorKind::kCorrupt, HasSubstr("deletion vector")));
    }
  }
}

}  // namespace
}  // namespace millpond::data
