#include "data/delta/log/replay.h"

#include "base/testing/result_matchers.h"
#include "data/delta/log/log_segment.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;

std::vector<FileInfo> Files(const std::vector<std::string>& names) {
  std::vector<FileInfo> files;
  for (const auto& name : names) files.push_back({"/t/_delta_log/" + name, 1, 0, false});
  return files;
}

std::string Part(int64_t version, int part, int parts) {
  return fmt::format("{:020}.checkpoint.{:010}.{:010}.parquet", version, part, parts);
}

TEST(LogSegmentTest, NamesOfLogFiles) {
  EXPECT_EQ(ParseLogFileName("00000000000000000012.json")->version, 12);
  EXPECT_EQ(ParseLogFileName(Part(3, 2, 5))->parts, 5);
  EXPECT_EQ(ParseLogFileName("00000000000000000010.checkpoint.80a083e8-7026.json")->kind,
            LogFileName::Kind::kV2Checkpoint);
  EXPECT_EQ(ParseLogFileName("00000000000000000012.crc")->kind, LogFileName::Kind::kChecksum);
  const auto compacted = ParseLogFileName(CompactedFileName(4, 6));
  EXPECT_EQ(compacted->kind, LogFileName::Kind::kCompacted);
  EXPECT_EQ(std::pair(compacted->version, compacted->last), std::pair(int64_t{4}, int64_t{6}));
  // A UUID that begins with ten digits.
  EXPECT_EQ(ParseLogFileName("00000000000000000010.checkpoint.1234567890ab-1.parquet")->kind,
            LogFileName::Kind::kV2Checkpoint);
  for (const char* other :
       {"_last_checkpoint", "0.json", "._tmp.0123456789abcdef", "0000000000000000001x.json",
        "00000000000000000006.00000000000000000006.compacted.json",
        "00000000000000000010.checkpoint..json", "00000000000000000010.checkpoint.a.b.json"}) {
    EXPECT_FALSE(ParseLogFileName(other).has_value()) << other;
  }
}

TEST(LogSegmentTest, TheNewestCompleteCheckpointIsTaken) {
  std::vector<std::string> names = {CheckpointFileName(2), Part(4, 1, 2), Part(4, 2, 2),
                                    Part(6, 1, 2)};  // 6 lacks a part
  for (int v = 0; v <= 7; ++v) names.push_back(CommitFileName(v));
  auto listing = MakeLogListing(Files(names));
  MP_ASSERT_OK_AND_ASSIGN(auto segment, SelectLogSegment(listing, "/t", std::nullopt));
  EXPECT_EQ(segment.checkpoint_version, 4);
  EXPECT_EQ(segment.checkpoint_files.size(), 2u);
  EXPECT_EQ(segment.commits.size(), 3u);
  MP_ASSERT_OK_AND_ASSIGN(segment, SelectLogSegment(listing, "/t", 3));
  EXPECT_EQ(segment.checkpoint_version, 2);
  MP_ASSERT_OK_AND_ASSIGN(segment,
                          SelectLogSegment(listing, "/t", std::nullopt, {.skip_checkpoints = 1}));
  EXPECT_EQ(segment.checkpoint_version, 2);
  MP_ASSERT_OK_AND_ASSIGN(segment,
                          SelectLogSegment(listing, "/t", std::nullopt, {.skip_checkpoints = 2}));
  EXPECT_EQ(segment.checkpoint_version, -1);
  EXPECT_EQ(segment.commits.size(), 8u);
}

TEST(LogSegmentTest, GapsAndMissingVersionsAreNamed) {
  auto listing = MakeLogListing(Files({CommitFileName(0), CommitFileName(1), CommitFileName(3)}));
  EXPECT_THAT(SelectLogSegment(listing, "/t", std::nullopt),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("lacks version 2")));
  EXPECT_THAT(SelectLogSegment(listing, "/t", 1), testing::IsOk());
  EXPECT_THAT(SelectLogSegment(listing, "/t", 9),
              FailsWith(ErrorKind::kNotFound, HasSubstr("versions 0 to 3 are there")));
  listing = MakeLogListing(Files({CheckpointFileName(5), CommitFileName(5), CommitFileName(6)}));
  EXPECT_THAT(SelectLogSegment(listing, "/t", 4),
              FailsWith(ErrorKind::kNotFound, HasSubstr("versions 5 to 6 are there")));
  listing = MakeLogListing(Files({"00000000000000000005.checkpoint.x.parquet", CommitFileName(5)}));
  MP_ASSERT_OK_AND_ASSIGN(auto v2, SelectLogSegment(listing, "/t", std::nullopt));
  EXPECT_EQ(v2.checkpoint_version, 5);
  // A version that nobody can have written does not make anybody count up to it.
  listing = MakeLogListing(Files({CommitFileName(0), CommitFileName(INT64_MAX)}));
  EXPECT_THAT(SelectLogSegment(listing, "/t", std::nullopt),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("lacks version 1")));
  EXPECT_THAT(SelectLogSegment(MakeLogListing({}), "/t", std::nullopt),
              FailsWith(ErrorKind::kNotFound, HasSubstr("no Delta table at /t")));
}

std::string Spans(const LogSegment& segment) {
  std::string text;
  for (const auto& span : segment.commits) text += fmt::format("[{},{}]", span.first, span.last);
  return text;
}

TEST(LogSegmentTest, CompactedFilesShortenTheReplay) {
  std::vector<std::string> names = {CompactedFileName(1, 3), CompactedFileName(2, 8),
                                    CompactedFileName(5, 6), CompactedFileName(9, 30)};
  for (int v = 0; v <= 10; ++v) names.push_back(CommitFileName(v));
  auto listing = MakeLogListing(Files(names));
  MP_ASSERT_OK_AND_ASSIGN(auto segment, SelectLogSegment(listing, "/t", std::nullopt));
  EXPECT_EQ(Spans(segment), "[0,0][1,1][2,8][9,9][10,10]");
  MP_ASSERT_OK_AND_ASSIGN(segment, SelectLogSegment(listing, "/t", 7));
  EXPECT_EQ(Spans(segment), "[0,0][1,3][4,4][5,6][7,7]");
  MP_ASSERT_OK_AND_ASSIGN(segment, SelectLogSegment(listing, "/t", 3, {.use_compacted = false}));
  EXPECT_EQ(Spans(segment), "[0,0][1,1][2,2][3,3]");
  // One that begins at or before the checkpoint is not used.
  names.push_back(CheckpointFileName(2));
  MP_ASSERT_OK_AND_ASSIGN(segment, SelectLogSegment(MakeLogListing(Files(names)), "/t", 8));
  EXPECT_EQ(Spans(segment), "[3,3][4,4][5,6][7,7][8,8]");
}

std::string Add(const std::string& path, int64_t size = 1) {
  return fmt::format(
      R"({{"add":{{"path":"{}","partitionValues":{{}},"size":{},"modificationTime":0,"dataChange":true}}}})"
      "\n",
      path, size);
}

std::string Remove(const std::string& path) {
  return fmt::format(R"({{"remove":{{"path":"{}","dataChange":true}}}})"
                     "\n",
                     path);
}

std::vector<std::string> Paths(const TableState& state) {
  std::vector<std::string> paths;
  for (size_t i = 0; i < state.files.size(); ++i) paths.push_back(state.files.path(i));
  return paths;
}

TEST(ReplayTest, TheNewestActionOfAFileCounts) {
  LogReplay replay("/t", TableState());
  MP_ASSERT_OK(replay.ApplyCommit(Add("a") + Add("b"), "0"));
  MP_ASSERT_OK(replay.ApplyCommit(Remove("a") + Add("c"), "1"));
  MP_ASSERT_OK(replay.ApplyCommit(Add("a", 7), "2"));
  TableState state = replay.Finish();
  EXPECT_THAT(Paths(state), ElementsAre("/t/b", "/t/c", "/t/a"));
  EXPECT_EQ(state.files.size_bytes(2), 7);
  EXPECT_EQ(state.files.total_bytes(), 9);
}

TEST(ReplayTest, SpellingsOfOnePathAreOneFile) {
  LogReplay replay("/t", TableState());
  MP_ASSERT_OK(replay.ApplyCommit(Add("a%20b") + Add("/x/y"), "0"));
  MP_ASSERT_OK(replay.ApplyCommit(Remove("file:///t/a%20b") + Remove("file:/x/y"), "1"));
  EXPECT_THAT(Paths(replay.Finish()), ElementsAre());
}

TEST(ReplayTest, DeletionVectorsArePartOfTheKey) {
  auto with_vector = [](const std::string& action, const std::string& id) {
    return fmt::format(
        R"({{"{}":{{"path":"a","partitionValues":{{}},"size":1,"modificationTime":0,"dataChange":true,)"
        R"("deletionVector":{{"storageType":"u","pathOrInlineDv":"{}","sizeInBytes":1,"cardinality":1}}}}}})"
        "\n",
        action, id);
  };
  LogReplay replay("/t", TableState());
  MP_ASSERT_OK(replay.ApplyCommit(with_vector("add", "one"), "0"));
  MP_ASSERT_OK(replay.ApplyCommit(with_vector("add", "two") + with_vector("remove", "one"), "1"));
  TableState state = replay.Finish();
  ASSERT_EQ(state.files.size(), 1u);
  EXPECT_EQ(state.files.add(0).deletion_vector->path_or_inline, "two");
}

TEST(ReplayTest, GoesOnFromAState) {
  LogReplay first("/t", TableState());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += Add(fmt::format("f{}", i));
  MP_ASSERT_OK(first.ApplyCommit(many, "0"));
  TableState state = first.Finish();
  FileList before = state.files;
  for (int i = 0; i < 100; ++i) {
    LogReplay next("/t", std::move(state));
    MP_ASSERT_OK(next.ApplyCommit(Remove(fmt::format("f{}", i)) + Add(fmt::format("g{}", i)), "n"));
    state = next.Finish();
  }
  EXPECT_EQ(state.files.size(), 1000u);
  EXPECT_EQ(state.files.path(0), "/t/f100");
  EXPECT_EQ(state.files.path(999), "/t/g99");
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(state.files.Find(fmt::format("f{}", i)).has_value());
    EXPECT_EQ(state.files.Find(fmt::format("g{}", i)), 900u + i);
  }
  EXPECT_EQ(before.size(), 1000u);  // older versions are untouched
  EXPECT_TRUE(before.Find("f0").has_value());
}

TEST(ReplayTest, TxnsAndDomainsKeepTheNewest) {
  LogReplay replay("/t", TableState());
  MP_ASSERT_OK(
      replay.ApplyCommit(R"({"txn":{"appId":"a","version":1}})"
                         "\n"
                         R"({"domainMetadata":{"domain":"d","configuration":"1","removed":false}})",
                         "0"));
  MP_ASSERT_OK(
      replay.ApplyCommit(R"({"txn":{"appId":"a","version":2}})"
                         "\n"
                         R"({"domainMetadata":{"domain":"d","configuration":"","removed":true}})",
                         "1"));
  TableState state = replay.Finish();
  EXPECT_EQ(state.txns.at("a").version, 2);
  EXPECT_TRUE(state.domains.empty());
}

TEST(ReplayTest, TwoDifferentMetadataInOneCommitAreRefused) {
  LogReplay replay("/t", TableState());
  EXPECT_THAT(
      replay.ApplyCommit("{\"metaData\":{\"id\":\"a\"}}\n{\"metaData\":{\"id\":\"b\"}}", "0"),
      FailsWith(ErrorKind::kCorrupt, HasSubstr("'metaData'")));
}

TEST(FileListTest, StatisticsAreTyped) {
  auto schema = std::make_shared<Schema>(std::vector<StructField>{
      {"id", TypeKind::kLong, true, {}},
      {"amount", DataType::Decimal(10, 2), true, {}},
      {"at", TypeKind::kTimestamp, true, {}},
      {"s", DataType::Struct({{"x", TypeKind::kString, true, {}}}), true, {}}});
  AddFile add;
  add.path = "f";
  add.partition_values = {{"p", "1"}, {"q", std::nullopt}};
  add.stats =
      R"({"numRecords":3,"minValues":{"id":-5,"amount":0.10,"at":"2024-01-01T00:00:00.001Z","s":{"x":"a\"b"}},)"
      R"("maxValues":{"id":9007199254740993,"amount":123456.78},"nullCount":{"id":1,"s":{"x":2}}})";
  AddFile bare;
  bare.path = "g";
  bare.stats = "{broken";
  auto files = FileList("/t", schema).With({add, bare}, {}, schema);
  EXPECT_EQ(files.num_records(0), 3);
  EXPECT_EQ(files.num_records(1), std::nullopt);
  auto id = files.bounds(0, {"ID"});
  EXPECT_EQ(std::get<int64_t>(id.min), -5);
  EXPECT_EQ(std::get<int64_t>(id.max), 9007199254740993);
  EXPECT_EQ(id.null_count, 1);
  EXPECT_TRUE(std::get<DecimalValue>(files.bounds(0, {"amount"}).max).unscaled == 12345678);
  EXPECT_EQ(std::get<int64_t>(files.bounds(0, {"at"}).min), 1'704'067'200'001'000);
  EXPECT_EQ(std::get<std::string>(files.bounds(0, {"s", "x"}).min), "a\"b");
  EXPECT_FALSE(HasValue(files.bounds(1, {"id"}).min));
  EXPECT_FALSE(HasValue(files.bounds(0, {"nothing"}).min));
  EXPECT_EQ(files.partition_value(0, "p"), "1");
  EXPECT_EQ(files.partition_value(0, "q"), std::nullopt);
  EXPECT_EQ(files.add(0).stats, add.stats);
}

TEST(FileListTest, AFileCostsLessThanAKibibyte) {
  std::vector<AddFile> adds;
  std::vector<StructField> fields;
  for (int c = 0; c < 32; ++c) fields.push_back({fmt::format("column_{}", c), TypeKind::kLong});
  auto schema = std::make_shared<Schema>(fields);
  for (int64_t i = 0; i < 20'000; ++i) {
    std::string low, high, nulls;
    for (int64_t c = 0; c < 32; ++c) {
      low += fmt::format("{}\"column_{}\":{}", c > 0 ? "," : "", c, i * 7919 + c * 104729);
      high += fmt::format("{}\"column_{}\":{}", c > 0 ? "," : "", c, i * 7919 + c * 104729 + 999);
      nulls += fmt::format("{}\"column_{}\":{}", c > 0 ? "," : "", c, i % 3);
    }
    AddFile add;
    add.path = fmt::format("part-{:05}-7d17ac10-5cc3-401b-bd1a-9c82dd2ea032.c000.parquet", i);
    add.stats = fmt::format(
        R"({{"numRecords":1000,"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}})", low,
        high, nulls);
    adds.push_back(std::move(add));
  }
  auto files = FileList("/t", schema).With(std::move(adds), {}, schema);
  EXPECT_EQ(std::get<int64_t>(files.bounds(19'999, {"column_31"}).max),
            19'999 * 7919 + 31 * 104729 + 999);
  int64_t per_file = files.memory_bytes() / static_cast<int64_t>(files.size());
  EXPECT_LT(per_file, 1024);
}

}  // namespace
}  // namespace millpond::data
