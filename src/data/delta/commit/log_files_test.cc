// The files beside the commits: checksums, V2 checkpoints, compacted files, clean-up. Each is
// written by commits and found again by readers, and each may be missing or broken.
#include <filesystem>

#include "base/json.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/log/checkpoint_writer.h"
#include "data/delta/log/checksum.h"
#include "data/delta/log/last_checkpoint.h"
#include "data/delta/log/log_cleanup.h"
#include "data/delta/log/log_compaction.h"
#include "data/delta/log/log_segment.h"
#include "data/parquet/reader.h"

namespace millpond::data {
namespace {

namespace stdfs = std::filesystem;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAnd;
using namespace testing_rows;  // NOLINT: short names in tests

const auto kV = arrow::schema({arrow::field("v", arrow::int64())});

class LogFilesTest : public ::testing::Test {
 protected:
  DeltaTable Create(StringMap properties = {}) {
    CreateOptions options;
    options.schema = Schema({{"v", TypeKind::kLong, true, {}}});
    options.properties = std::move(properties);
    auto table = DeltaTable::Create(machine_.env, dir_ / "t", options);
    EXPECT_TRUE(table.has_value()) << table.error().ToString();
    return *table;
  }
  DeltaTable Reopen() {
    auto table = DeltaTable::Open(machine_.env, dir_ / "t");
    EXPECT_TRUE(table.has_value()) << table.error().ToString();
    return *table;
  }
  void AppendValues(DeltaTable& table, int first, int last) {
    for (int v = first; v <= last; ++v) {
      MP_ASSERT_OK(Append(table, kV, fmt::format(R"([{{"v":{}}}])", v)));
    }
  }
  std::string Log(const std::string& name) { return dir_ / "t/_delta_log/" + name; }
  std::string Read(const std::string& name) { return *machine_.local->ReadFile(Log(name)); }
  void Write(const std::string& name, std::string_view bytes) {
    MP_ASSERT_OK(machine_.local->ReplaceFile(Log(name), bytes));
  }
  LogListing Listing() { return MakeLogListing(*machine_.local->List(dir_ / "t/_delta_log")); }
  int64_t CheckpointOf(DeltaTable& table) { return (*table.Latest())->origin().checkpoint_version; }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(LogFilesTest, EveryCommitHasItsChecksum) {
  auto table =
      Create({{"delta.enableInCommitTimestamps", "true"}, {"delta.enableRowTracking", "true"}});
  WriteOptions options;
  options.txn = Txn{"app", 7, {}};
  MP_ASSERT_OK(Append(table, kV, R"([{"v":1}])", options));
  AppendValues(table, 2, 3);
  MP_ASSERT_OK(Append(table, kV, R"([{"v":4}])", {.mode = WriteMode::kOverwrite}));
  for (int64_t version = 0; version <= 4; ++version) {
    MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.AtVersion(version));
    MP_ASSERT_OK_AND_ASSIGN(auto json, ParseJson(Read(ChecksumFileName(version)), "crc"));
    EXPECT_EQ(json["numFiles"], snapshot->files().size());
    EXPECT_EQ(json["tableSizeBytes"], snapshot->files().total_bytes());
    EXPECT_EQ(json["numMetadata"], 1);
    EXPECT_EQ(json["numProtocol"], 1);
    EXPECT_EQ(json["metadata"]["id"], snapshot->metadata().id);
    EXPECT_EQ(json["inCommitTimestampOpt"], snapshot->commit_time() / kMicrosPerMilli);
    EXPECT_FALSE(json["txnId"].get<std::string>().empty());
    EXPECT_EQ(json["setTransactions"].size(), version == 0 ? 0u : 1u);
    int64_t counted = 0;
    for (const auto& count : json["fileSizeHistogram"]["fileCounts"])
      counted += count.get<int64_t>();
    EXPECT_EQ(counted, snapshot->files().size());
    MP_ASSERT_OK_AND_ASSIGN(auto checksum, ParseChecksum(Read(ChecksumFileName(version)), "crc"));
    EXPECT_THAT(VerifyChecksum(checksum, *snapshot), IsOk());
  }
  // Carried on from version to version or counted anew: the same.
  MP_ASSERT_OK_AND_ASSIGN(auto again, Reopen().Latest());
  const FileTotals anew = again->files().Totals();
  const FileTotals carried = (*table.Latest())->files().Totals();
  EXPECT_EQ(anew.file_counts, carried.file_counts);
  EXPECT_EQ(anew.total_bytes, carried.total_bytes);
}

TEST_F(LogFilesTest, AChecksumIsNeverReplacedAndNeverNeeded) {
  auto table = Create();
  Write(ChecksumFileName(1), "somebody else's");
  AppendValues(table, 1, 2);
  EXPECT_EQ(Read(ChecksumFileName(1)), "somebody else's");
  const auto rows = *ReadLatest(table);
  for (const char* bytes : {"", "{", "[]", R"({"numFiles":"x"})", R"({"numFiles":-1})"}) {
    Write(ChecksumFileName(2), bytes);
    auto reopened = Reopen();
    EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows)) << bytes;
  }
}

TEST_F(LogFilesTest, AChecksumFindsACheckpointThatLacksFiles) {
  auto table = Create();
  AppendValues(table, 1, 10);
  const auto rows = *ReadLatest(table);
  // The checkpoint of a version that had fewer files, under the name of 10.
  MP_ASSERT_OK_AND_ASSIGN(auto older, table.AtVersion(4));
  MP_ASSERT_OK(WriteCheckpoint(machine_.env, *older));
  stdfs::rename(Log(CheckpointFileName(4)), Log(CheckpointFileName(10)));
  auto reopened = Reopen();
  EXPECT_EQ(CheckpointOf(reopened), -1);
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows));
  // A checksum that is wrong itself: two ways agree, and are believed.
  std::string checksum = Read(ChecksumFileName(10));
  checksum.replace(checksum.find("\"numFiles\":10"), 13, "\"numFiles\":11");
  Write(ChecksumFileName(10), checksum);
  EXPECT_THAT(ReadLatest(reopened = Reopen()), IsOk());  // with a warning
}

class V2CheckpointTest : public LogFilesTest {
 protected:
  DeltaTable CreateV2(StringMap more = {}) {
    more["delta.checkpointPolicy"] = "v2";
    return Create(std::move(more));
  }
  std::vector<std::string> Sidecars() {
    std::vector<std::string> paths;
    auto files = machine_.local->List(Log("_sidecars"));
    if (!files.has_value()) return paths;
    for (const auto& file : *files) paths.push_back(file.path);
    return paths;
  }
};

TEST_F(V2CheckpointTest, ByNameWithSidecars) {
  auto table = CreateV2();
  EXPECT_TRUE((*table.Latest())->protocol().reader_features.contains("v2Checkpoint"));
  WriteOptions options;
  options.txn = Txn{"app", 7, {}};
  MP_ASSERT_OK(Append(table, kV, R"([{"v":1}])", options));
  MP_ASSERT_OK(Append(table, kV, R"([{"v":2}])", {.mode = WriteMode::kOverwrite}));
  AppendValues(table, 3, 12);
  const auto rows = *ReadLatest(table);
  const auto listing = Listing();
  ASSERT_TRUE(listing.checkpoints.contains(10));
  EXPECT_THAT(listing.checkpoints.at(10).front().front(), ::testing::EndsWith(".json"));
  EXPECT_EQ(Sidecars().size(), 1u);
  EXPECT_THAT(ParseLastCheckpoint(Read("_last_checkpoint")), IsOkAnd(10));
  for (int v = 0; v <= 9; ++v) stdfs::remove(Log(CommitFileName(v)));
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, reopened.Latest());
  EXPECT_EQ(snapshot->txn_version("app"), 7);
  EXPECT_EQ(snapshot->origin().checkpoint_files.size(), 2u);
  int tombstones = 0;
  for (const auto& path : snapshot->origin().checkpoint_files) {
    MP_ASSERT_OK(ReadCheckpointRemoves(machine_.env, path, [&](const RemoveFile&) {
      ++tombstones;
      return OkStatus();
    }));
  }
  EXPECT_EQ(tombstones, 1);
}

TEST_F(V2CheckpointTest, ManySidecarsAndTheClassicName) {
  auto table = CreateV2({{"delta.checkpointInterval", "1000"}});
  AppendValues(table, 1, 25);
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  MP_ASSERT_OK_AND_ASSIGN(auto paths, WriteCheckpoint(machine_.env, *snapshot, 10));
  EXPECT_EQ(paths.size(), 4u);  // a top and three sidecars
  EXPECT_THAT(paths.front(), ::testing::EndsWith(CheckpointFileName(25)));  // 0th: classic
  auto reopened = Reopen();
  EXPECT_EQ(CheckpointOf(reopened), 25);
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(*ReadLatest(table)));
  MP_ASSERT_OK_AND_ASSIGN(auto names, ReadSidecarNames(machine_.env, paths.front()));
  EXPECT_EQ(names.size(), 3u);
}

TEST_F(V2CheckpointTest, WithoutAPartTheCommitsAreRead) {
  auto table = CreateV2();
  AppendValues(table, 1, 11);
  const auto rows = *ReadLatest(table);
  const std::string top = Listing().checkpoints.at(10).front().front();
  const std::string bytes = *machine_.local->ReadFile(top);
  const std::string sidecar = Sidecars().front();
  const std::string sidecar_bytes = *machine_.local->ReadFile(sidecar);
  auto check = [&](std::string_view what, int64_t checkpoint) {
    auto reopened = Reopen();
    EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows)) << what;
    EXPECT_EQ(CheckpointOf(reopened), checkpoint) << what;
  };
  check("all is there", 10);
  auto replace = [&](const std::string& path, std::string_view with) {
    MP_ASSERT_OK(machine_.local->ReplaceFile(path, with));
  };
  replace(top, bytes.substr(0, bytes.rfind("{\"sidecar\"")));
  check("a top without its sidecar's line", -1);
  replace(top, bytes.substr(bytes.find('\n') + 1));
  check("a top without checkpointMetadata", -1);
  replace(top, bytes.substr(0, bytes.size() - 10));
  check("a top that is cut", -1);
  replace(top, bytes);
  replace(sidecar, sidecar_bytes + "x");
  check("a sidecar of another size", -1);
  std::string flipped = sidecar_bytes;
  flipped[40] = static_cast<char>(~flipped[40]);
  replace(sidecar, flipped);
  check("a sidecar with a byte flipped", -1);
  stdfs::remove(sidecar);
  check("a sidecar that is gone", -1);
  replace(sidecar, sidecar_bytes);
  check("all is there again", 10);
}

TEST_F(LogFilesTest, StatisticsStayInALargeCheckpoint) {
  for (const char* as_struct : {"true", "false"}) {
    stdfs::remove_all(dir_ / "t");
    auto table = Create({{"delta.checkpoint.writeStatsAsStruct", as_struct}});
    AppendValues(table, 1, 9);
    MP_ASSERT_OK(Append(table, kV, R"([{"v":null},{"v":12},{"v":10}])"));
    MP_ASSERT_OK_AND_ASSIGN(auto written, table.Latest());
    MP_ASSERT_OK_AND_ASSIGN(auto content, ReadCheckpoint(machine_.env, dir_ / "t", 10,
                                                         {Log(CheckpointFileName(10))}, 0));
    FileList files(dir_ / "t", std::make_shared<Schema>(written->schema()), content.files);
    stdfs::remove(Log(CheckpointFileName(10)));  // the open file is enough
    ASSERT_EQ(files.size(), 10u);
    const ColumnBounds bounds = files.Bounds({"v"});
    for (size_t i = 0; i < files.size(); ++i) {
      EXPECT_EQ(files.num_records(i), i == 9 ? 3 : 1);
      EXPECT_EQ(bounds.at(i).min, ColumnValue(static_cast<int64_t>(i + 1)));
      EXPECT_EQ(bounds.at(i).max, ColumnValue(static_cast<int64_t>(i == 9 ? 12 : i + 1)));
      EXPECT_EQ(bounds.at(i).null_count, i == 9 ? 1 : 0);
      EXPECT_EQ(files.add(i).stats, written->files().add(i).stats);
      EXPECT_EQ(files.bounds(i, {"V"}).min, bounds.at(i).min);
    }
    // It goes on as any list does, and its chunk is not taken apart.
    AddFile add{.path = "new.parquet", .size_bytes = 5};
    const FileList next = files.With({add}, {FileKey(dir_ / "t", files.log_path(0), nullptr)},
                                     std::make_shared<Schema>(written->schema()));
    EXPECT_EQ(next.size(), 10u);
    EXPECT_EQ(next.log_path(9), "new.parquet");
    EXPECT_EQ(next.Find(files.log_path(1)), 0u);
    EXPECT_FALSE(next.Find(files.log_path(0)).has_value());
    EXPECT_EQ(next.Bounds({"v"}).at(0).min, ColumnValue(int64_t{2}));
  }
}

TEST_F(LogFilesTest, PartitionsThatAreAllNullKeepTheirColumn) {
  CreateOptions options;
  options.schema = Schema({{"v", TypeKind::kLong, true, {}}, {"p", TypeKind::kLong, true, {}}});
  options.partition_columns = {"p"};
  options.properties = {{"delta.checkpointInterval", "2"}};
  auto table = DeltaTable::Create(machine_.env, dir_ / "t", options);
  ASSERT_THAT(table, IsOk());
  const auto schema =
      arrow::schema({arrow::field("v", arrow::int64()), arrow::field("p", arrow::int64())});
  for (int v = 1; v <= 2; ++v) {
    MP_ASSERT_OK(Append(*table, schema, fmt::format(R"([{{"v":{},"p":null}}])", v)));
  }
  auto reopened = Reopen();
  ASSERT_EQ(CheckpointOf(reopened), 2);
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, reopened.Latest());
  const PartitionValues expected = {{"p", std::nullopt}};
  EXPECT_EQ(snapshot->files().add(0).partition_values, expected);
}

TEST_F(LogFilesTest, TypedStatisticsOnly) {
  auto table = Create({{"delta.checkpoint.writeStatsAsStruct", "true"},
                       {"delta.checkpoint.writeStatsAsJson", "false"}});
  AppendValues(table, 1, 10);
  auto reopened = Reopen();
  ASSERT_EQ(CheckpointOf(reopened), 10);
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, reopened.Latest());
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(snapshot->files().num_records(i), 1);
    EXPECT_EQ(snapshot->files().bounds(i, {"v"}).min, ColumnValue(static_cast<int64_t>(i + 1)));
  }
}

TEST_F(LogFilesTest, CompactedFilesAreWrittenAndRead) {
  auto table = Create({{kLogCompactionInterval, "4"}, {"delta.checkpointInterval", "1000"}});
  AppendValues(table, 1, 3);
  MP_ASSERT_OK(Append(table, kV, R"([{"v":4}])", {.mode = WriteMode::kOverwrite}));
  AppendValues(table, 5, 9);
  const auto rows = *ReadLatest(table);
  EXPECT_TRUE(stdfs::exists(Log(CompactedFileName(1, 4))));
  EXPECT_TRUE(stdfs::exists(Log(CompactedFileName(5, 8))));
  // They are read: the commits between need not be there.
  for (int v : {1, 2, 3, 6}) stdfs::rename(Log(CommitFileName(v)), dir_ / fmt::format("{}", v));
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows));
  for (int v : {1, 2, 3, 6}) stdfs::rename(dir_ / fmt::format("{}", v), Log(CommitFileName(v)));
  // Broken, the commits are read.
  const std::string bytes = Read(CompactedFileName(5, 8));
  Write(CompactedFileName(5, 8), bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(ReadLatest(reopened = Reopen()), IsOkAnd(rows));
  Write(CompactedFileName(5, 8), "");
  EXPECT_THAT(ReadLatest(reopened = Reopen()), IsOkAnd(rows));
  // Cut at a line's end it reads well, and the checksum tells.
  stdfs::remove(Log(CommitFileName(9)));
  Write(CompactedFileName(5, 8), bytes.substr(0, bytes.find('\n') + 1));
  EXPECT_EQ((*ReadLatest(reopened = Reopen())).size(), rows.size() - 1);
}

TEST_F(LogFilesTest, CleanUpKeepsWhatAKeptVersionNeeds) {
  auto table = Create();
  AppendValues(table, 1, 25);
  machine_.clock.Advance(20 * kMicrosPerDay);
  AppendValues(table, 26, 35);
  EXPECT_TRUE(stdfs::exists(Log(CommitFileName(0))));
  machine_.clock.Advance(15 * kMicrosPerDay);  // versions 0 to 25 are 35 days old now
  AppendValues(table, 36, 40);
  const auto rows = *ReadLatest(table);
  // 20 is the newest checkpoint at or before 25.
  EXPECT_FALSE(stdfs::exists(Log(CommitFileName(0))));
  EXPECT_FALSE(stdfs::exists(Log(CommitFileName(19))));
  EXPECT_FALSE(stdfs::exists(Log(CheckpointFileName(10))));
  EXPECT_FALSE(stdfs::exists(Log(ChecksumFileName(19))));
  EXPECT_TRUE(stdfs::exists(Log(CommitFileName(20))));
  EXPECT_TRUE(stdfs::exists(Log(CheckpointFileName(20))));
  EXPECT_THAT(table.AtVersion(19), FailsWith(ErrorKind::kNotFound, HasSubstr("versions 20 to 40")));
  auto reopened = Reopen();
  EXPECT_THAT(ReadLatest(reopened), IsOkAnd(rows));
  EXPECT_EQ((*reopened.AtVersion(20))->files().size(), 20u);
}

TEST_F(LogFilesTest, AnOpenTableCleansUpOnceADay) {
  auto table = Create();
  AppendValues(table, 1, 10);  // cleaned up: nothing to do
  const std::string left = "._tmp.0123456789abcdef";
  Write(left, "x");
  stdfs::last_write_time(Log(left), stdfs::file_time_type::clock::now() - std::chrono::hours(72));
  AppendValues(table, 11, 20);
  EXPECT_TRUE(stdfs::exists(Log(left)));
  auto reopened = Reopen();
  AppendValues(reopened, 21, 30);
  EXPECT_FALSE(stdfs::exists(Log(left)));
}

TEST_F(LogFilesTest, CleanUpIsOffWhereTheTableSaysSo) {
  auto table = Create({{"delta.enableExpiredLogCleanup", "false"}});
  AppendValues(table, 1, 19);
  machine_.clock.Advance(100 * kMicrosPerDay);
  AppendValues(table, 20, 20);
  EXPECT_TRUE(stdfs::exists(Log(CommitFileName(0))));
}

TEST_F(LogFilesTest, CleanUpTouchesNothingIfItsCheckpointIsNoGood) {
  auto table = Create();
  AppendValues(table, 1, 19);
  Write(CheckpointFileName(10), "PAR1 no parquet PAR1");
  machine_.clock.Advance(100 * kMicrosPerDay);
  AppendValues(table, 20, 20);
  EXPECT_TRUE(stdfs::exists(Log(CommitFileName(0))));
  auto reopened = Reopen();
  EXPECT_EQ(ReadLatest(reopened)->size(), 20u);
}

TEST_F(V2CheckpointTest, CleanUpRemovesSidecarsThatNothingNeeds) {
  auto table = CreateV2();
  AppendValues(table, 1, 19);
  EXPECT_EQ(Sidecars().size(), 1u);
  Write("_sidecars/of-a-killed-writer.parquet", "x");
  Write("_sidecars/young.parquet", "x");
  for (const auto& path : Sidecars()) {
    if (path.ends_with("young.parquet")) continue;
    stdfs::last_write_time(path, stdfs::file_time_type::clock::now() - std::chrono::hours(72));
  }
  auto reopened = Reopen();  // an open table cleans up once a day
  AppendValues(reopened, 20, 20);
  EXPECT_FALSE(stdfs::exists(Log("_sidecars/of-a-killed-writer.parquet")));
  EXPECT_TRUE(stdfs::exists(Log("_sidecars/young.parquet")));
  EXPECT_EQ(Sidecars().size(), 3u);  // of 10, of 20, young
  EXPECT_EQ((*reopened.AtVersion(10))->files().size(), 10u);
}

TEST(LogCleanUpTest, AClockThatWentBackKeepsMore) {
  std::vector<FileInfo> files;
  auto add = [&](const std::string& name, Micros at) {
    files.push_back({"/t/_delta_log/" + name, 1, at, false});
  };
  for (int v = 0; v <= 5; ++v) add(CommitFileName(v), v == 2 ? 900 : v * 10);
  add(CheckpointFileName(1), 10);
  add(CheckpointFileName(4), 40);
  // Version 2 is young, so are those after it whatever their files say.
  EXPECT_EQ(PlanLogCleanUp(MakeLogListing(files), 500).first_kept, 1);
  EXPECT_EQ(PlanLogCleanUp(MakeLogListing(files), 1000).first_kept, 4);
  EXPECT_EQ(PlanLogCleanUp(MakeLogListing(files), 5).first_kept, -1);
  EXPECT_EQ(PlanLogCleanUp(MakeLogListing(files), 1000, 3).first_kept, 1);  // 3 is held
}

}  // namespace
}  // namespace millpond::data
