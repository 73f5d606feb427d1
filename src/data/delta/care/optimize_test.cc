// OPTIMIZE under faults, kills and races with writers who delete and append: every row that was
// acknowledged is there once, and no row that was deleted comes back.
#include "data/delta/care/optimize.h"

#include <arrow/api.h>

#include <filesystem>
#include <map>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/care/bin_plan.h"
#include "data/delta/change/row_change.h"
#include "data/delta/commit/delta_test_rows.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using namespace testing_rows;  // NOLINT: short names in tests
using Mode = FaultyFileSystem::Mode;
using Lines = std::vector<std::string>;

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

std::string Values(int first, int end) {
  std::string json = "[";
  for (int v = first; v < end; ++v) json += fmt::format("{}{{\"v\":{}}}", v > first ? "," : "", v);
  return json + "]";
}

Lines Expected(int first, int end, const std::set<int>& without = {}) {
  Lines lines;
  for (int v = first; v < end; ++v) {
    if (!without.contains(v)) lines.push_back(fmt::format("v={}", v));
  }
  std::ranges::sort(lines);
  return lines;
}

std::shared_ptr<arrow::Int64Array> Numbers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return std::static_pointer_cast<arrow::Int64Array>(*builder.Finish());
}

// The value in a row's place, by (file, position), of live rows.
Result<std::map<int64_t, std::pair<size_t, int64_t>>> Places(DeltaTable& table,
                                                             const Snapshot& snapshot) {
  std::map<int64_t, std::pair<size_t, int64_t>> places;
  for (size_t file = 0; file < snapshot.files().size(); ++file) {
    ScanOptions options;
    options.files = {file};
    options.with_row_positions = true;
    MP_ASSIGN_OR_RETURN(auto version, table.AtVersion(snapshot.version()));
    MP_ASSIGN_OR_RETURN(auto rows, ScanTable(table.environment(), version, options));
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
      if (batch == nullptr) break;
      const auto& v = static_cast<const arrow::Int64Array&>(*batch->column(0));
      const auto& at = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (int64_t i = 0; i < v.length(); ++i) places[v.Value(i)] = {file, at.Value(i)};
    }
  }
  return places;
}

class Independent : public ReadDependency {
 public:
  Result<bool> DependsOn(const std::shared_ptr<const Snapshot>&,
                         const std::vector<size_t>&) override {
    return false;
  }
};

Result<CommitResult> DeleteValues(DeltaTable table, const std::set<int>& values) {
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  MP_ASSIGN_OR_RETURN(auto change, RowChange::Begin(table, snapshot));
  MP_ASSIGN_OR_RETURN(const auto places, Places(table, *snapshot));
  for (int v : values) {
    const auto [file, position] = places.at(v);
    MP_RETURN_IF_ERROR(
        change->Delete(*Numbers({static_cast<int64_t>(file)}), *Numbers({position})));
  }
  return change->Commit({"DELETE", {}, {}, std::make_shared<Independent>()});
}

class OptimizeTest : public ::testing::Test {
 protected:
  void SetUp() override { Make({}); }

  // Rows 0 … 59 in six files; deletion vectors are on.
  void Make(StringMap properties) {
    stdfs::remove_all(dir_ / "template");
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    options.properties = std::move(properties);
    auto table = DeltaTable::Create(machine_.env, dir_ / "template", options);
    ASSERT_THAT(table, IsOk());
    for (int i = 0; i < 6; ++i) {
      ASSERT_THAT(Append(*table, kV, Values(i * 10, i * 10 + 10)), IsOk());
    }
    ASSERT_THAT(DeleteValues(*table, {0, 1, 59}), IsOk());
  }

  std::string Fresh() {
    stdfs::remove_all(dir_ / "t");
    stdfs::copy(dir_ / "template", dir_ / "t", stdfs::copy_options::recursive);
    return dir_ / "t";
  }

  // The rows as a new process reads them.
  Result<Lines> Read(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(machine_.env, path));
    return ReadLatest(table);
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(OptimizeTest, ManyFilesBecomeOneAndASecondRunDoesNothing) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(const auto result, OptimizeTable(table));
  EXPECT_EQ(result.files_removed, 6);
  EXPECT_EQ(result.files_added, 1);
  EXPECT_EQ(result.files_after, 1);
  EXPECT_EQ(*ReadLatest(table), Expected(2, 59));
  MP_ASSERT_OK_AND_ASSIGN(const auto again, OptimizeTable(table));
  EXPECT_EQ(again.commits, 0);
  EXPECT_EQ(again.version, result.version);
  // Nothing that a reader of changes would see.
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  MP_ASSERT_OK_AND_ASSIGN(const std::string log,
                          machine_.local->ReadFile(fmt::format("{}/_delta_log/{:020}.json",
                                                               table.path(), snapshot->version())));
  EXPECT_EQ(log.find(R"("dataChange":true)"), log.npos);
  EXPECT_EQ(snapshot->files().deletion_vector(0), nullptr);
}

TEST_F(OptimizeTest, BinsKeepToTheTargetAndToTheOrder) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  const int64_t size = snapshot->files().size_bytes(0);
  // Files that no target holds two of stay, but for those that lost more than a twentieth.
  size_t purged = 0;
  for (const Bin& bin : PlanBins(*snapshot, {.target_bytes = size + size / 2})) {
    for (const size_t file : bin.files) {
      EXPECT_NE(snapshot->files().deletion_vector(file), nullptr);
    }
    purged += bin.files.size();
  }
  EXPECT_EQ(purged, 2u);
  // Two bins of three files each, written as one.
  const auto bins =
      PlanBins(*snapshot, {.target_bytes = 3 * size + size / 2, .max_bin_bytes = 12 * size});
  ASSERT_EQ(bins.size(), 1u);
  EXPECT_EQ(bins.front().files.size(), 6u);
  EXPECT_TRUE(std::ranges::is_sorted(bins.front().files));
}

TEST_F(OptimizeTest, EachBatchIsACommit) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  CreateOptions options;
  OptimizeOptions small;
  small.batch_bytes = 1;
  small.max_bytes = 1;
  MP_ASSERT_OK_AND_ASSIGN(const auto nothing, OptimizeTable(table, small));
  EXPECT_TRUE(nothing.stopped);
  EXPECT_EQ(nothing.commits, 0);
}

// Row ids and commit versions of values, by value.
Result<std::map<int64_t, std::pair<int64_t, int64_t>>> Ids(DeltaTable& table) {
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  ScanOptions options;
  options.with_row_ids = true;
  MP_ASSIGN_OR_RETURN(auto rows, ScanTable(table.environment(), snapshot, options));
  std::map<int64_t, std::pair<int64_t, int64_t>> ids;
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
    if (batch == nullptr) return ids;
    const auto column = [&](int i) -> const arrow::Int64Array& {
      return static_cast<const arrow::Int64Array&>(*batch->column(i));
    };
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      ids[column(0).Value(i)] = {column(1).Value(i), column(2).Value(i)};
    }
  }
}

TEST_F(OptimizeTest, RowIdsAndCommitVersionsStay) {
  Make({{"delta.enableRowTracking", "true"}});
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(const auto before, Ids(table));
  ASSERT_THAT(OptimizeTable(table), IsOk());
  MP_ASSERT_OK_AND_ASSIGN(const auto after, Ids(table));
  EXPECT_EQ(before, after);
  EXPECT_EQ(after.at(25).first, 25);
  EXPECT_EQ(after.at(25).second, 3);
  // And again through a file that has the columns already.
  ASSERT_THAT(Append(table, kV, Values(60, 61)), IsOk());
  MP_ASSERT_OK_AND_ASSIGN(const auto third, OptimizeTable(table));
  EXPECT_EQ(third.files_removed, 2);
  MP_ASSERT_OK_AND_ASSIGN(auto later, Ids(table));
  EXPECT_EQ(later.at(25), before.at(25));
}

TEST_F(OptimizeTest, FaultsAndKillsAtEveryStep) {
  for (const bool afterwards : {false, true}) {
    for (const Mode mode : {Mode::kOnce, Mode::kFromThenOn}) {
      for (int n = 1;; ++n) {
        ASSERT_LT(n, 2000);
        SCOPED_TRACE(fmt::format("step {} mode {} {}", n, static_cast<int>(mode), afterwards));
        const std::string path = Fresh();
        FaultyFileSystem faulty(*machine_.local);
        faulty.FailAfterwards(afterwards);
        faulty.FailAt(n, mode);
        bool done = false;
        {
          auto table = DeltaTable::Open(machine_.With(faulty), path);
          done = table.has_value() && OptimizeTable(*table).has_value();
        }
        const bool failed = faulty.failed();
        faulty.FailAt(0, mode);
        auto lines = Read(path);
        ASSERT_THAT(lines, IsOk());
        EXPECT_EQ(*lines, Expected(2, 59));
        auto again = DeltaTable::Open(machine_.env, path);
        ASSERT_THAT(again, IsOk());
        ASSERT_THAT(OptimizeTable(*again), IsOk());
        EXPECT_EQ((*again->Latest())->files().size(), 1u);
        EXPECT_EQ(*ReadLatest(*again), Expected(2, 59));
        if (HasFailure()) return;
        if (!failed) {
          EXPECT_TRUE(done);
          EXPECT_GT(n, 20);
          break;
        }
      }
    }
  }
}

// OPTIMIZE stops before its k-th step while another writer commits; for every k.
class OptimizeRace : public OptimizeTest {
 protected:
  // True while there are more steps.
  bool Race(int k, const std::function<void(DeltaTable&)>& other, Result<OptimizeResult>* result,
            std::string* path) {
    *path = Fresh();
    auto other_table = DeltaTable::Open(machine_.env, *path);
    FaultyFileSystem stepping(*machine_.local);
    std::atomic<int> step = 0;
    std::atomic<bool> interleaved = false;
    stepping.OnStep([&](std::string_view, const std::string&) {
      if (++step != k) return;
      interleaved = true;
      other(*other_table);
    });
    auto table = DeltaTable::Open(machine_.With(stepping), *path);
    if (table.has_value()) *result = OptimizeTable(*table);
    return interleaved;
  }
};

TEST_F(OptimizeRace, WhatAnotherWriterDeletesStaysDeleted) {
  for (int k = 1;; ++k) {
    SCOPED_TRACE(k);
    Result<OptimizeResult> result = Fail(ErrorKind::kInternal, "not run");
    std::string path;
    Result<CommitResult> deleted = Fail(ErrorKind::kInternal, "not run");
    const bool raced = Race(
        k, [&](DeltaTable& table) { deleted = DeleteValues(table, {2, 25, 26, 58}); }, &result,
        &path);
    ASSERT_THAT(result, IsOk());
    if (!raced) return;
    ASSERT_THAT(deleted, IsOk());
    EXPECT_EQ(result->bins_given_way, 0);
    MP_ASSERT_OK_AND_ASSIGN(const auto lines, Read(path));
    EXPECT_EQ(lines, Expected(2, 59, {2, 25, 26, 58}));
    if (HasFailure()) return;
  }
}

TEST_F(OptimizeRace, RowsAddedMeanwhileAreThereAndAWholeFileGoneGivesWay) {
  std::set<int> third;
  for (int v = 20; v < 30; ++v) third.insert(v);
  for (int k = 1;; k += 3) {
    SCOPED_TRACE(k);
    Result<OptimizeResult> result = Fail(ErrorKind::kInternal, "not run");
    std::string path;
    const bool raced = Race(
        k,
        [&](DeltaTable& table) {
          EXPECT_THAT(Append(table, kV, Values(60, 70)), IsOk());
          EXPECT_THAT(DeleteValues(table, third), IsOk());
        },
        &result, &path);
    ASSERT_THAT(result, IsOk());
    if (!raced) return;
    MP_ASSERT_OK_AND_ASSIGN(const auto lines, Read(path));
    Lines expected = Expected(2, 70, {20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 59});
    EXPECT_EQ(lines, expected);
    if (HasFailure()) return;
  }
}

// The reverse: a delete stops before its k-th step while OPTIMIZE rewrites its files.
TEST_F(OptimizeRace, ADeleteFollowsItsRowsThroughOptimize) {
  Make({{"delta.enableRowTracking", "true"}});
  for (int k = 1;; ++k) {
    SCOPED_TRACE(k);
    const std::string path = Fresh();
    auto other = *DeltaTable::Open(machine_.env, path);
    FaultyFileSystem stepping(*machine_.local);
    int step = 0;
    bool raced = false;
    stepping.OnStep([&](std::string_view, const std::string&) {
      if (++step != k) return;
      raced = true;
      EXPECT_THAT(OptimizeTable(other), IsOk());
    });
    auto table = DeltaTable::Open(machine_.With(stepping), path);
    ASSERT_THAT(table, IsOk());
    EXPECT_THAT(DeleteValues(*table, {2, 25, 26, 58}), IsOk());
    if (!raced) return;
    MP_ASSERT_OK_AND_ASSIGN(const auto lines, Read(path));
    EXPECT_EQ(lines, Expected(2, 59, {2, 25, 26, 58}));
    if (HasFailure()) return;
  }
}

// Without row ids nothing tells where the rows are now.
TEST_F(OptimizeRace, WithoutRowIdsADeleteThatLosesToOptimizeSaysSo) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  auto other = *DeltaTable::Open(machine_.env, dir_ / "t");
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  MP_ASSERT_OK_AND_ASSIGN(auto change, RowChange::Begin(table, snapshot));
  ASSERT_THAT(change->Delete(*Numbers({1}), *Numbers({3})), IsOk());
  ASSERT_THAT(OptimizeTable(other), IsOk());
  EXPECT_THAT(
      change->Commit({"DELETE", {}, {}, std::make_shared<Independent>()}),
      testing::FailsWith(ErrorKind::kConflict, AllOf(HasSubstr("rewrote the file"),
                                                     HasSubstr("delta.enableRowTracking = true"))));
}

// The same row, deleted by somebody else before OPTIMIZE rewrote its file.
TEST_F(OptimizeRace, TwoDeletesOfOneRowAroundOptimizeDoNotBothWin) {
  Make({{"delta.enableRowTracking", "true"}});
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  auto other = *DeltaTable::Open(machine_.env, dir_ / "t");
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  MP_ASSERT_OK_AND_ASSIGN(const auto places, Places(table, *snapshot));
  MP_ASSERT_OK_AND_ASSIGN(auto change, RowChange::Begin(table, snapshot));
  const auto [file, position] = places.at(25);
  ASSERT_THAT(change->Delete(*Numbers({static_cast<int64_t>(file)}), *Numbers({position})), IsOk());
  ASSERT_THAT(OptimizeTable(other), IsOk());
  ASSERT_THAT(DeleteValues(other, {25}), IsOk());
  EXPECT_THAT(change->Commit({"DELETE", {}, {}, std::make_shared<Independent>()}),
              testing::FailsWith(ErrorKind::kConflict, HasSubstr("the same rows")));
}

}  // namespace
}  // namespace millpond::data
