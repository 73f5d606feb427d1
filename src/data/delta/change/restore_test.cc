// RESTORE at every interleaving point with another writer, with a fault at every step, and where
// files are gone.
#include "data/delta/change/restore.h"

#include <arrow/api.h>

#include <filesystem>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/change/row_change.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAnd;
using ::testing::UnorderedElementsAre;
using namespace testing_rows;  // NOLINT: short names in tests
using Mode = FaultyFileSystem::Mode;

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

class RestoreTest : public ::testing::Test {
 protected:
  // Version 1 has the rows 1 and 2, version 2 lost row 1 by a deletion vector, version 3 added 3.
  void SetUp() override {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    auto table = *DeltaTable::Create(machine_.env, dir_ / "template", options);
    ASSERT_THAT(Append(table, kV, R"([{"v":1},{"v":2}])"), IsOk());
    auto change = *RowChange::Begin(table, *table.Latest());
    arrow::Int64Builder zero;
    ASSERT_TRUE(zero.Append(0).ok());
    const auto place = *zero.Finish();
    const auto& first = static_cast<const arrow::Int64Array&>(*place);
    ASSERT_THAT(change->Delete(first, first), IsOk());
    ASSERT_THAT(change->Commit({"DELETE"}), IsOk());
    ASSERT_THAT(Append(table, kV, R"([{"v":3}])"), IsOk());
  }

  std::string Fresh() {
    stdfs::remove_all(dir_ / "t");
    stdfs::copy(dir_ / "template", dir_ / "t", stdfs::copy_options::recursive);
    return dir_ / "t";
  }

  static Result<RestoreResult> Restore(const Environment& env, const std::string& path,
                                       int64_t version) {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env, path));
    MP_ASSIGN_OR_RETURN(auto to, table.AtVersion(version));
    return RestoreTable(table, to, {{"version", fmt::format("{}", version)}});
  }

  Result<std::vector<std::string>> Read(const std::string& path) {
    MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(machine_.env, path));
    return ReadLatest(table);
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(RestoreTest, BackAndForth) {
  const std::string path = Fresh();
  MP_ASSERT_OK_AND_ASSIGN(const auto back, Restore(machine_.env, path, 1));
  EXPECT_EQ(back.restored_files, 1);
  EXPECT_EQ(back.removed_files, 2);
  EXPECT_EQ(back.commit.version, 4);
  EXPECT_THAT(Read(path), IsOkAnd(UnorderedElementsAre("v=1", "v=2")));
  MP_ASSERT_OK(Restore(machine_.env, path, 3));
  EXPECT_THAT(Read(path), IsOkAnd(UnorderedElementsAre("v=2", "v=3")));
  MP_ASSERT_OK_AND_ASSIGN(const auto again, Restore(machine_.env, path, 3));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.commit.version, 5);
}

TEST_F(RestoreTest, TheProtocolNeverGoesDown) {
  const std::string path = Fresh();
  MP_ASSERT_OK(Restore(machine_.env, path, 1));
  auto table = *DeltaTable::Open(machine_.env, path);
  MP_ASSERT_OK_AND_ASSIGN(const auto snapshot, table.Latest());
  EXPECT_TRUE(SupportsWriterFeature(snapshot->protocol(), feature::kDeletionVectors));
}

TEST_F(RestoreTest, MissingFilesAreFoundBeforeTheCommit) {
  const std::string path = Fresh();
  auto table = *DeltaTable::Open(machine_.env, path);
  auto first = *table.AtVersion(2);
  MP_ASSERT_OK(Restore(machine_.env, path, 0));
  const std::string gone = first->files().path(0);
  stdfs::remove(gone);
  EXPECT_THAT(Restore(machine_.env, path, 2),
              FailsWith(ErrorKind::kNotFound,
                        AllOf(HasSubstr("version 2 cannot be restored"), HasSubstr(gone))));
  EXPECT_THAT(Read(path), IsOkAnd(ElementsAre()));
}

TEST_F(RestoreTest, AtEveryFaultItIsThereOrNot) {
  for (const Mode mode : {Mode::kOnce, Mode::kFromThenOn}) {
    for (const bool afterwards : {false, true}) {
      bool failed = true;
      for (int step = 1; failed; ++step) {
        SCOPED_TRACE(
            fmt::format("step {} mode {} after {}", step, static_cast<int>(mode), afterwards));
        const std::string path = Fresh();
        FaultyFileSystem faulty(*machine_.local);
        faulty.FailAfterwards(afterwards);
        faulty.FailAt(step, mode);
        const auto restored = Restore(machine_.With(faulty), path, 1);
        failed = faulty.failed();
        const auto rows = Read(path);
        ASSERT_THAT(rows, IsOk());
        if (restored.has_value()) {
          EXPECT_THAT(*rows, UnorderedElementsAre("v=1", "v=2"));
        } else if (restored.error().kind() != ErrorKind::kOutcomeUnknown) {
          EXPECT_THAT(*rows, UnorderedElementsAre("v=2", "v=3"));
        }
      }
    }
  }
}

// An append that comes between is kept: the RESTORE is refused, or came later and took it away.
TEST_F(RestoreTest, AtEveryStepAnotherWriterAppends) {
  bool interleaved = true;
  for (int at = 1; interleaved; ++at) {
    SCOPED_TRACE(at);
    const std::string path = Fresh();
    FaultyFileSystem stepping(*machine_.local);
    int step = 0;
    interleaved = false;
    stepping.OnStep([&](std::string_view, const std::string&) {
      if (++step != at) return;
      interleaved = true;
      auto other = *DeltaTable::Open(machine_.env, path);
      EXPECT_THAT(Append(other, kV, R"([{"v":9}])"), IsOk());
    });
    const auto restored = Restore(machine_.With(stepping), path, 1);
    const auto rows = Read(path);
    ASSERT_THAT(rows, IsOk());
    auto table = *DeltaTable::Open(machine_.env, path);
    const auto history = *table.History(1);
    if (!restored.has_value()) {
      EXPECT_THAT(restored, FailsWith(ErrorKind::kConflict, HasSubstr("RESTORE")));
      EXPECT_THAT(*rows, UnorderedElementsAre("v=2", "v=3", "v=9"));
    } else if (history.front().operation == "RESTORE") {
      EXPECT_THAT(*rows, UnorderedElementsAre("v=1", "v=2"));
    } else {
      EXPECT_THAT(*rows, UnorderedElementsAre("v=1", "v=2", "v=9"));
    }
  }
}

}  // namespace
}  // namespace millpond::data
