// VACUUM under faults and kills, with leases and pins, and beside folders that are not its own.
#include "data/delta/care/vacuum.h"

#include <arrow/api.h>

#include <filesystem>
#include <fstream>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/care/optimize.h"
#include "data/delta/care/snapshot_lease.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/commit/transaction.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using namespace testing_rows;  // NOLINT: short names in tests
using Mode = FaultyFileSystem::Mode;

const auto kRow =
    arrow::schema({arrow::field("v", arrow::int64()), arrow::field("p", arrow::utf8())});

class VacuumTest : public ::testing::Test {
 protected:
  // Versions 1 to 4 add a row each, version 5 puts the files of p=a together, 6 those of p=b.
  void SetUp() override {
    CreateOptions options;
    options.schema = *Schema::FromArrow(*kRow);
    options.partition_columns = {"p"};
    options.properties = {{"delta.deletedFileRetentionDuration", "interval 0 hours"}};
    auto table = DeltaTable::Create(machine_.env, dir_ / "template", options);
    ASSERT_THAT(table, IsOk());
    for (int v = 0; v < 4; ++v) {
      ASSERT_THAT(
          Append(*table, kRow, fmt::format(R"([{{"v":{},"p":"{}"}}])", v, v % 2 ? "b" : "a")),
          IsOk());
    }
    OptimizeOptions small;
    small.batch_bytes = 1;
    ASSERT_THAT(OptimizeTable(*table, small), IsOk());
  }

  std::string Fresh() {
    stdfs::remove_all(dir_ / "t");
    stdfs::copy(dir_ / "template", dir_ / "t", stdfs::copy_options::recursive);
    return dir_ / "t";
  }

  size_t DataFiles(const std::string& path) {
    size_t count = 0;
    for (const auto& entry : stdfs::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".parquet" &&
          entry.path().string().find("_delta_log") == std::string::npos) {
        ++count;
      }
    }
    return count;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(VacuumTest, FullAndLiteRemoveTheSameOfTheLog) {
  for (const bool lite : {false, true}) {
    auto table = *DeltaTable::Open(machine_.env, Fresh());
    MP_ASSERT_OK_AND_ASSIGN(const auto dry, VacuumTable(table, {.lite = lite, .dry_run = true}));
    EXPECT_EQ(dry.files, 4);
    EXPECT_EQ(dry.found.size(), 4u);
    EXPECT_EQ(DataFiles(table.path()), 6u);
    MP_ASSERT_OK_AND_ASSIGN(const auto done, VacuumTable(table, {.lite = lite}));
    EXPECT_EQ(done.files, 4);
    EXPECT_EQ(done.lost, (std::vector<VersionRange>{{1, 5}}));
    EXPECT_EQ(done.version, 8);
    EXPECT_EQ(DataFiles(table.path()), 2u);
    EXPECT_EQ(ReadLatest(table)->size(), 4u);
    MP_ASSERT_OK_AND_ASSIGN(const auto history, table.History(2));
    EXPECT_EQ(history[1].operation, "VACUUM START");
    EXPECT_EQ(history[0].operation, "VACUUM END");
    EXPECT_EQ(history[0].metrics.at("numDeletedFiles"), "4");
    MP_ASSERT_OK_AND_ASSIGN(const auto again, VacuumTable(table, {.lite = lite}));
    EXPECT_EQ(again.files, 0);
    EXPECT_EQ(again.version, 8);
  }
}

TEST_F(VacuumTest, OnlyFullFindsWhatNoCommitNamesAndLeavesOthersAlone) {
  const std::string path = Fresh();
  const auto put = [&](const std::string& name) {
    stdfs::create_directories(stdfs::path(path + "/" + name).parent_path());
    std::ofstream(path + "/" + name) << "x";
  };
  put("p=a/orphan.parquet");
  put("_other/file");
  put(".hidden");
  put("_change_data/cdc.parquet");
  stdfs::create_directories(path + "/p=c");
  stdfs::create_directory_symlink(dir_ / "template", path + "/link");
  auto table = *DeltaTable::Open(machine_.env, path);
  EXPECT_EQ(VacuumTable(table, {.lite = true})->files, 4);
  EXPECT_TRUE(stdfs::exists(path + "/p=a/orphan.parquet"));
  MP_ASSERT_OK_AND_ASSIGN(const auto full, VacuumTable(table));
  EXPECT_EQ(full.files, 2);
  EXPECT_EQ(full.directories, 2);  // p=c, _change_data
  EXPECT_FALSE(stdfs::exists(path + "/p=a/orphan.parquet"));
  EXPECT_FALSE(stdfs::exists(path + "/p=c"));
  EXPECT_TRUE(stdfs::exists(path + "/_other/file"));
  EXPECT_TRUE(stdfs::exists(path + "/.hidden"));
  EXPECT_EQ(DataFiles(dir_ / "template"), 6u);
}

TEST_F(VacuumTest, LeasesAndPinsKeepTheirVersions) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(
      auto lease, SnapshotLease::Take(machine_.env, table.path(), 1, "a long query", 60'000));
  VacuumOptions options;
  options.pins = {{2, "model churn v3", "training set"}, {99, "nobody", "gone"}};
  MP_ASSERT_OK_AND_ASSIGN(const auto done, VacuumTable(table, options));
  EXPECT_EQ(done.files, 2);
  ASSERT_EQ(done.held.size(), 3u);
  EXPECT_EQ(done.held[0].hold.holder, "a long query");
  EXPECT_EQ(done.held[0].files, 1);
  EXPECT_EQ(done.held[1].files, 1);
  EXPECT_FALSE(done.held[2].readable);
  EXPECT_EQ(ReadLines(machine_.env, *table.AtVersion(1))->size(), 1u);
  EXPECT_EQ(ReadLines(machine_.env, *table.AtVersion(2))->size(), 2u);
  EXPECT_FALSE(ReadLines(machine_.env, *table.AtVersion(4)).has_value());
  ASSERT_THAT(lease->Renew(), IsOk());
  EXPECT_EQ(VacuumTable(table, options)->files, 0);
  lease.reset();
  EXPECT_EQ(VacuumTable(table)->files, 2);
  // A lease that nobody can read stops it: it was to keep something.
  std::ofstream(table.path() + "/_leases/x.json") << "{";
  EXPECT_FALSE(VacuumTable(table).has_value());
}

TEST_F(VacuumTest, ADeletionVectorThatWentTakesOneVersionAlong) {
  CreateOptions options;
  options.schema = *Schema::FromArrow(*kRow);
  options.properties = {{"delta.deletedFileRetentionDuration", "interval 0 hours"},
                        {"delta.enableDeletionVectors", "true"}};
  auto table = *DeltaTable::Create(machine_.env, dir_ / "vectors", options);
  ASSERT_THAT(Append(table, kRow, R"([{"v":0,"p":"a"},{"v":1,"p":"a"},{"v":2,"p":"a"}])"), IsOk());
  for (const uint64_t row : {0, 1}) {
    MP_ASSERT_OK_AND_ASSIGN(auto transaction, Transaction::Begin(table));
    RowDelete rows{transaction.snapshot().files().add(0), RowSet()};
    rows.rows.Add(row);
    transaction.DeleteRows(std::move(rows));
    ASSERT_THAT(transaction.Commit(), IsOk());
  }
  MP_ASSERT_OK_AND_ASSIGN(const auto done, VacuumTable(table));
  EXPECT_EQ(done.files, 1);
  EXPECT_EQ(done.lost, (std::vector<VersionRange>{{2, 2}}));
  EXPECT_EQ(ReadLines(machine_.env, *table.AtVersion(1))->size(), 3u);
  EXPECT_EQ(ReadLines(machine_.env, *table.AtVersion(3))->size(), 1u);
  EXPECT_THAT(
      ReadLines(machine_.env, *table.AtVersion(2)),
      FailsWith(ErrorKind::kNotFound, AllOf(HasSubstr("version 2 is gone, by VACUUM or by hand: "),
                                            HasSubstr(".bin; versions 3 to 5 can be read"))));
}

TEST_F(VacuumTest, AnExpiredLeaseKeepsNothing) {
  auto table = *DeltaTable::Open(machine_.env, Fresh());
  MP_ASSERT_OK_AND_ASSIGN(auto lease,
                          SnapshotLease::Take(machine_.env, table.path(), 1, "gone", -1));
  MP_ASSERT_OK_AND_ASSIGN(const auto done, VacuumTable(table));
  EXPECT_EQ(done.files, 4);
  EXPECT_TRUE(done.held.empty());
}

TEST_F(VacuumTest, FaultsAndKillsAtEveryStepLoseNothingOfTheLatestVersion) {
  for (const bool lite : {false, true}) {
    for (const Mode mode : {Mode::kOnce, Mode::kFromThenOn}) {
      for (int n = 1;; ++n) {
        ASSERT_LT(n, 2000);
        SCOPED_TRACE(fmt::format("step {} mode {} lite {}", n, static_cast<int>(mode), lite));
        const std::string path = Fresh();
        FaultyFileSystem faulty(*machine_.local);
        faulty.FailAt(n, mode);
        {
          auto table = DeltaTable::Open(machine_.With(faulty), path);
          if (table.has_value()) (void)VacuumTable(*table, {.lite = lite});
        }
        const bool failed = faulty.failed();
        faulty.FailAt(0, mode);
        auto table = DeltaTable::Open(machine_.env, path);
        ASSERT_THAT(table, IsOk());
        auto lines = ReadLatest(*table);
        ASSERT_THAT(lines, IsOk());
        EXPECT_EQ(lines->size(), 4u);
        ASSERT_THAT(VacuumTable(*table), IsOk());
        EXPECT_EQ(DataFiles(path), 2u);
        if (HasFailure()) return;
        if (!failed) {
          EXPECT_GT(n, 10);
          break;
        }
      }
    }
  }
}

}  // namespace
}  // namespace millpond::data
