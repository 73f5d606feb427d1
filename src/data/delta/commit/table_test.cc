// Versions over time: travel, history, checkpoints, in-commit timestamps, row tracking.
#include "data/delta/log/table.h"

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/commit_builder.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/log/checkpoint_writer.h"
#include "data/delta/log/last_checkpoint.h"
#include "data/delta/log/log_segment.h"
#include "data/delta/log/stats_struct.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAnd;
using namespace testing_rows;  // NOLINT: short names in tests

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

class TableTest : public ::testing::Test {
 protected:
  DeltaTable Create(StringMap properties = {}, const std::string& name = "t") {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    options.properties = std::move(properties);
    auto table = DeltaTable::Create(machine_.env, dir_ / name, options);
    EXPECT_TRUE(table.has_value()) << table.error().ToString();
    return *table;
  }
  DeltaTable Reopen() { return *DeltaTable::Open(machine_.env, dir_ / "t"); }
  void AppendValue(DeltaTable& table, int v) {
    MP_ASSERT_OK(Append(table, kV, fmt::format(R"([{{"v":{}}}])", v)));
  }
  std::string Log(const std::string& name) { return dir_ / "t/_delta_log/" + name; }
  void SetFileTime(int64_t version, Micros at) {
    auto since = std::chrono::file_clock::from_sys(
        std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(at)));
    stdfs::last_write_time(Log(CommitFileName(version)), since);
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

constexpr Micros kNoon = 1'600'000'000 * kMicrosPerSecond;

TEST_F(TableTest, TimesOfAPlainTableAreThoseOfTheProjectsClock) {
  machine_.clock.Set(kNoon);
  auto table = Create();
  machine_.clock.Set(kNoon + kMicrosPerHour);
  AppendValue(table, 1);
  AppendValue(table, 2);  // the clock stands still
  table = Reopen();
  EXPECT_EQ((*table.AtTime(kNoon))->version(), 0);
  EXPECT_EQ((*table.AtTime(kNoon + kMicrosPerHour - 1))->version(), 0);
  EXPECT_EQ((*table.AtTime(kNoon + kMicrosPerHour))->version(), 2);
  // Now, by either clock, is the newest version; what is yet to come is none.
  EXPECT_EQ((*table.AtTime(SystemClock().Now()))->version(), 2);
  EXPECT_THAT(
      table.AtTime(SystemClock().Now() + kMicrosPerHour),
      FailsWith(ErrorKind::kNotFound,
                HasSubstr("which is yet to come: its newest is 2, of 2020-09-13T13:26:40")));
  machine_.clock.Set(SystemClock().Now() + 2 * kMicrosPerHour);
  EXPECT_EQ((*table.AtTime(machine_.clock.Now()))->version(), 2);
  EXPECT_THAT(table.AtTime(machine_.clock.Now() + 1),
              FailsWith(ErrorKind::kNotFound, HasSubstr("yet to come")));
  EXPECT_THAT(table.AtTime(kNoon - 1), FailsWith(ErrorKind::kNotFound, HasSubstr("2020-09-13")));
  MP_ASSERT_OK_AND_ASSIGN(auto history, table.History(-1));
  EXPECT_EQ(history.back().timestamp, kNoon);
  EXPECT_EQ(history[1].timestamp, kNoon + kMicrosPerHour);
  EXPECT_EQ((*table.Latest())->commit_time(), kNoon + kMicrosPerHour);
}

TEST_F(TableTest, TravelsByTheTimesOfLogFiles) {
  auto table = Create();
  for (int v = 1; v <= 3; ++v) AppendValue(table, v);
  SetFileTime(0, kNoon);
  SetFileTime(1, kNoon + 10 * kMicrosPerSecond);
  SetFileTime(2, kNoon + 5 * kMicrosPerSecond);  // a clock that went backwards
  SetFileTime(3, kNoon + 20 * kMicrosPerSecond);
  table = Reopen();
  EXPECT_EQ((*table.AtTime(kNoon))->version(), 0);
  EXPECT_EQ((*table.AtTime(kNoon + 9 * kMicrosPerSecond))->version(), 0);
  EXPECT_EQ((*table.AtTime(kNoon + 10 * kMicrosPerSecond))->version(), 1);
  EXPECT_EQ((*table.AtTime(kNoon + 11 * kMicrosPerSecond))->version(), 2);
  EXPECT_EQ((*table.AtTime(kNoon + 99 * kMicrosPerSecond))->version(), 3);
  EXPECT_THAT(
      table.AtTime(kNoon - 1),
      FailsWith(ErrorKind::kNotFound, HasSubstr("0 to 3, from 2020-09-13T12:26:40.000000Z")));
  EXPECT_THAT(table.AtVersion(4), FailsWith(ErrorKind::kNotFound, HasSubstr("versions 0 to 3")));
}

TEST_F(TableTest, HistoryIsNewestFirst) {
  auto table = Create();
  AppendValue(table, 1);
  MP_ASSERT_OK_AND_ASSIGN(auto history, table.History(-1));
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].operation, "WRITE");
  EXPECT_EQ(history[0].metrics.at("numOutputRows"), "1");
  EXPECT_EQ(history[1].operation, "CREATE TABLE");
  EXPECT_EQ(table.History(1)->size(), 1u);
}

TEST_F(TableTest, CheckpointsHoldEverything) {
  auto table = Create({{"delta.enableRowTracking", "true"}});
  WriteOptions options;
  options.txn = Txn{"app", 1, {}};
  MP_ASSERT_OK(Append(table, kV, R"([{"v":0}])", options));
  MP_ASSERT_OK(Append(table, kV, R"([{"v":7}])", {.mode = WriteMode::kOverwrite}));
  for (int v = 3; v <= 12; ++v) AppendValue(table, v);
  ASSERT_TRUE(stdfs::exists(Log(CheckpointFileName(10))));
  EXPECT_THAT(*machine_.local->ReadFile(Log("_last_checkpoint")), HasSubstr("\"version\":10"));
  auto before = *ReadLatest(table);
  for (int v = 0; v <= 9; ++v) stdfs::remove(Log(CommitFileName(v)));
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(before));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, reopened.Latest());
  EXPECT_EQ(snapshot->origin().checkpoint_version, 10);
  EXPECT_EQ(snapshot->txn_version("app"), 1);
  EXPECT_EQ(snapshot->metadata(), (*table.Latest())->metadata());
  EXPECT_EQ(snapshot->protocol(), (*table.Latest())->protocol());
  EXPECT_EQ(RowIdHighWaterMark(snapshot.get()), 11);
  for (size_t i = 0; i < snapshot->files().size(); ++i) {
    EXPECT_EQ(snapshot->files().add(i).base_row_id, (*table.Latest())->files().add(i).base_row_id);
    EXPECT_EQ(snapshot->files().num_records(i), 1);
  }
  EXPECT_THAT(reopened.AtVersion(9), FailsWith(ErrorKind::kNotFound, HasSubstr("10 to 12")));
  // The tombstone of the overwritten file went into the checkpoint and goes into the next.
  for (int v = 13; v <= 20; ++v) AppendValue(reopened, v);
  std::vector<RemoveFile> kept;
  MP_ASSERT_OK(ReadCheckpointRemoves(machine_.env, Log(CheckpointFileName(20)),
                                     [&](const RemoveFile& remove) {
                                       kept.push_back(remove);
                                       return OkStatus();
                                     }));
  ASSERT_EQ(kept.size(), 1u);
  // Retention is a matter of the system's clock, whatever the project's says.
  EXPECT_NEAR(*kept[0].deletion_timestamp_ms, SystemClock().NowMillis(), 600'000);
}

TEST_F(TableTest, OldLeftOversOfKilledWritersAreRemoved) {
  auto table = Create();
  for (const char* name : {"._tmp.old", "._tmp.new"}) {
    MP_ASSERT_OK(machine_.local->ReplaceFile(Log(name), "x"));
  }
  stdfs::last_write_time(Log("._tmp.old"),
                         stdfs::file_time_type::clock::now() - std::chrono::hours(25));
  for (int v = 1; v <= 10; ++v) AppendValue(table, v);
  EXPECT_FALSE(stdfs::exists(Log("._tmp.old")));
  EXPECT_TRUE(stdfs::exists(Log("._tmp.new")));
}

TEST_F(TableTest, BadCheckpointsArePassedOver) {
  auto table = Create();
  for (int v = 1; v <= 20; ++v) AppendValue(table, v);
  auto expected = *ReadLatest(table);
  MP_ASSERT_OK(machine_.local->ReplaceFile(Log(CheckpointFileName(20)), "PAR1 no parquet PAR1"));
  MP_ASSERT_OK(machine_.local->ReplaceFile(Log("_last_checkpoint"), "{\"version\":"));
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(expected));
  EXPECT_EQ((*reopened.Latest())->origin().checkpoint_version, 10);
  stdfs::remove(Log(CheckpointFileName(10)));
  EXPECT_THAT(ReadLatest(reopened = Reopen()), IsOkAnd(expected));
  stdfs::remove(Log(CommitFileName(4)));
  EXPECT_THAT(DeltaTable::Open(machine_.env, dir_ / "t"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr(CheckpointFileName(20))));
  stdfs::remove(Log(CheckpointFileName(20)));
  EXPECT_THAT(DeltaTable::Open(machine_.env, dir_ / "t"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("lacks version 4")));
}

// The listing begins at the hint; whatever stands there, the newest version is found.
TEST_F(TableTest, TheHintNeverDecidesWhichVersionIsTheLatest) {
  auto table = Create({{"delta.checkpointInterval", "5"}});
  for (int v = 1; v <= 12; ++v) AppendValue(table, v);  // checkpoints at 5 and 10
  const auto rows = *ReadLatest(table);
  const auto hint = [&](int64_t version) {
    MP_ASSERT_OK(machine_.local->ReplaceFile(Log("_last_checkpoint"),
                                             FormatLastCheckpoint({.version = version})));
  };
  for (const int64_t version : {0, 5, 10, 11, 12, 500}) {
    hint(version);
    auto reopened = Reopen();
    EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows)) << version;
    EXPECT_EQ((*reopened.Latest())->origin().checkpoint_version, 10) << version;
  }
  hint(10);
  const std::string path = Log(CheckpointFileName(10));
  const std::string checkpoint = *machine_.local->ReadFile(path);
  MP_ASSERT_OK(machine_.local->ReplaceFile(path, checkpoint.substr(0, checkpoint.size() / 2)));
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows));
  EXPECT_EQ((*reopened.Latest())->origin().checkpoint_version, 5);
  MP_ASSERT_OK(machine_.local->ReplaceFile(path, checkpoint));
  stdfs::remove(Log(CommitFileName(11)));  // a gap behind the hint is told as always
  EXPECT_THAT(DeltaTable::Open(machine_.env, dir_ / "t"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("lacks version 11")));
}

// Once for each load, and which checkpoint is taken in its place.
TEST_F(TableTest, ACheckpointThatIsNamedAndNoGoodIsToldOfInTheLog) {
  auto table = Create({{"delta.checkpointInterval", "5"}});
  for (int v = 1; v <= 12; ++v) AppendValue(table, v);
  const auto said = [&] {
    ::testing::internal::CaptureStderr();
    EXPECT_THAT(DeltaTable::Open(machine_.env, dir_ / "t"), IsOk());
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said(), "");
  const auto one_line = [&](const std::string& part) {
    const std::string lines = said();
    EXPECT_THAT(lines, HasSubstr("warning data: "));
    EXPECT_THAT(lines, HasSubstr(part));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 1) << lines;
  };
  MP_ASSERT_OK(machine_.local->ReplaceFile(Log(CheckpointFileName(10)), "PAR1 no parquet PAR1"));
  one_line(CheckpointFileName(10));
  stdfs::remove(Log(CheckpointFileName(10)));
  one_line("the checkpoint of version 10 that _last_checkpoint of table");
  one_line("read that of version 5 instead");
  stdfs::remove(Log(CheckpointFileName(5)));
  one_line("read the commits from version 0 instead");
}

TEST_F(TableTest, CorruptCommitsAreNamed) {
  auto table = Create();
  for (int v = 1; v <= 3; ++v) AppendValue(table, v);
  std::string bytes = *machine_.local->ReadFile(Log(CommitFileName(2)));
  MP_ASSERT_OK(
      machine_.local->ReplaceFile(Log(CommitFileName(2)), bytes.substr(0, bytes.size() - 9)));
  EXPECT_THAT(DeltaTable::Open(machine_.env, dir_ / "t"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr(CommitFileName(2) + ":2")));
  for (size_t at = 0; at < bytes.size(); at += 3) {  // an error or a table, never a crash
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(~flipped[at]);
    MP_ASSERT_OK(machine_.local->ReplaceFile(Log(CommitFileName(2)), flipped));
    auto opened = DeltaTable::Open(machine_.env, dir_ / "t");
    if (opened.has_value()) (void)ReadLatest(*opened);
  }
}

TEST_F(TableTest, InCommitTimestampsGrow) {
  auto table = Create({{"delta.enableInCommitTimestamps", "true"}});
  Micros created = (*table.Latest())->commit_time();
  EXPECT_EQ(created, machine_.clock.Now());
  machine_.clock.Advance(-kMicrosPerHour);  // the clock goes backwards, time does not
  AppendValue(table, 1);
  EXPECT_EQ((*table.Latest())->commit_time(), created + kMicrosPerMilli);
  machine_.clock.Advance(2 * kMicrosPerHour);
  MP_ASSERT_OK_AND_ASSIGN(auto result, Append(table, kV, R"([{"v":2}])"));
  EXPECT_EQ(result.commit_time, machine_.clock.Now());
  auto reopened = Reopen();
  EXPECT_EQ((*reopened.Latest())->commit_time(), machine_.clock.Now());
  EXPECT_EQ((*reopened.AtTime(created))->version(), 0);
  EXPECT_EQ((*reopened.AtTime(created + kMicrosPerMilli))->version(), 1);
  EXPECT_THAT(*machine_.local->ReadFile(Log(CommitFileName(2))),
              ::testing::StartsWith("{\"commitInfo\":{\"inCommitTimestamp\":"));
}

TEST_F(TableTest, RowIdsAreGivenOnce) {
  auto table = Create({{"delta.enableRowTracking", "true"}});
  MP_ASSERT_OK(Append(table, kV, R"([{"v":1},{"v":2}])"));
  MP_ASSERT_OK(Append(table, kV, R"([{"v":3}])"));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  EXPECT_EQ(snapshot->files().add(0).base_row_id, 0);
  EXPECT_EQ(snapshot->files().add(0).default_row_commit_version, 1);
  EXPECT_EQ(snapshot->files().add(1).base_row_id, 2);
  EXPECT_EQ(snapshot->files().add(1).default_row_commit_version, 2);
  EXPECT_EQ(snapshot->domains().at("delta.rowTracking").configuration,
            R"({"rowIdHighWaterMark":2})");
}

TEST_F(TableTest, UpgradesForAFeatureViewOnce) {
  auto table = Create();
  MP_ASSERT_OK(Append(table, kV, R"([{"v":1},{"v":2}])"));
  MP_ASSERT_OK(Append(table, kV, R"([{"v":3}])"));
  auto before = *ReadLatest(table);
  MP_ASSERT_OK_AND_ASSIGN(auto result, UpgradeForFeatureView(table));
  EXPECT_THAT(result.features, ElementsAre("inCommitTimestamp", "rowTracking", "domainMetadata"));
  EXPECT_EQ(result.version, 3);
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(before));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, reopened.Latest());
  EXPECT_EQ(snapshot->property("delta.inCommitTimestampEnablementVersion"), "3");
  EXPECT_EQ(snapshot->commit_time(), machine_.clock.Now());
  EXPECT_EQ(RowIdHighWaterMark(snapshot.get()), 2);
  MP_ASSERT_OK_AND_ASSIGN(auto again, UpgradeForFeatureView(reopened));
  EXPECT_TRUE(again.features.empty());
  EXPECT_EQ(again.version, 3);
  WriteOptions options;
  options.domain_metadata = {{"millpond.test", "{}", false}};
  MP_ASSERT_OK(Append(reopened, kV, R"([{"v":4}])", options));
  EXPECT_EQ(RowIdHighWaterMark((*reopened.Latest()).get()), 3);
  EXPECT_TRUE((*reopened.Latest())->domains().contains("millpond.test"));
}

TEST(StatsStructTest, TypedStatisticsBecomeText) {
  auto values = arrow::struct_(
      {arrow::field("id", arrow::int64()), arrow::field("x", arrow::float64()),
       arrow::field("day", arrow::date32()),
       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
       arrow::field("name", arrow::utf8()), arrow::field("amount", arrow::decimal128(10, 2))});
  auto type = arrow::struct_(
      {arrow::field("numRecords", arrow::int64()), arrow::field("minValues", values)});
  auto array = *arrow::json::ArrayFromJSONString(
      type, R"([{"numRecords":3,"minValues":{"id":-5,"x":0.5,"day":1,"at":1,"name":"a\"b",)"
            R"("amount":"-0.05"}},{"numRecords":1,"minValues":{"id":null,"x":NaN,"day":null,)"
            R"("at":null,"name":null,"amount":null}},null])");
  EXPECT_EQ(StatsJsonOf(*array, 0),
            R"({"numRecords":3,"minValues":{"id":-5,"x":0.5,"day":"1970-01-02",)"
            R"("at":"1970-01-01T00:00:00.000001Z","name":"a\"b","amount":-0.05}})");
  EXPECT_EQ(StatsJsonOf(*array, 1), R"({"numRecords":1,"minValues":{}})");
  EXPECT_EQ(StatsJsonOf(*array, 2), "");
}

TEST_F(TableTest, ATableMadeAnewIsNotMistakenForTheOld) {
  auto table = Create();
  AppendValue(table, 1);
  stdfs::remove_all(dir_ / "t");
  auto fresh = Create();
  AppendValue(fresh, 2);
  EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("v=2")));
}

TEST_F(TableTest, ForeignCommitsAreSeen) {
  auto mine = Create();
  auto other = Reopen();
  AppendValue(other, 1);
  AppendValue(mine, 2);
  AppendValue(other, 3);
  EXPECT_THAT(ReadLatest(mine), IsOkAnd(ElementsAre("v=1", "v=2", "v=3")));
  EXPECT_EQ((*mine.Latest())->version(), 3);
}

}  // namespace
}  // namespace millpond::data
