#include "data/delta/metadata/actions.h"

#include "base/testing/result_matchers.h"
#include "data/delta/commit/conflict.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

Result<std::vector<Action>> Parse(const std::string& text) {
  std::vector<Action> actions;
  MP_RETURN_IF_ERROR(ParseCommit(text, "00000000000000000003.json", [&](Action action) {
    actions.push_back(std::move(action));
    return OkStatus();
  }));
  return actions;
}

TEST(ActionsTest, LinesGoBothWaysWithoutLoss) {
  const std::string lines[] = {
      R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],"writerFeatures":["timestampNtz"]}})",
      R"({"metaData":{"id":"i","name":"n","format":{"provider":"parquet","options":{}},"schemaString":"{}","partitionColumns":["a"],"configuration":{"k":"v"},"createdTime":5}})",
      R"({"add":{"path":"a=%20/f","partitionValues":{"a":null,"b":"x"},"size":1,"modificationTime":2,"dataChange":true,"stats":"{\"numRecords\":3}","tags":{"t":"1"},"baseRowId":4,"defaultRowCommitVersion":5}})",
      R"({"add":{"path":"f","partitionValues":{},"size":1,"modificationTime":2,"dataChange":false,"deletionVector":{"storageType":"u","pathOrInlineDv":"ab","offset":1,"sizeInBytes":36,"cardinality":2}}})",
      R"({"remove":{"path":"f","deletionTimestamp":9,"dataChange":true,"extendedFileMetadata":true,"partitionValues":{"a":"1"},"size":7,"tags":{}}})",
      R"({"txn":{"appId":"app","version":12,"lastUpdated":3}})",
      R"({"domainMetadata":{"domain":"d","configuration":"{}","removed":false}})",
      R"({"cdc":{"path":"c","partitionValues":{},"size":3,"dataChange":false}})",
      R"({"commitInfo":{"inCommitTimestamp":8,"timestamp":8,"operation":"WRITE","operationParameters":{"mode":"Append"},"isBlindAppend":true,"operationMetrics":{"numFiles":"1"},"engineInfo":"e","txnId":"t"}})"};
  for (const auto& line : lines) {
    MP_ASSERT_OK_AND_ASSIGN(auto actions, Parse(line));
    ASSERT_EQ(actions.size(), 1u) << line;
    EXPECT_EQ(*ActionLine(actions[0]), line + "\n");
  }
}

TEST(ActionsTest, ACommitThatIsCutIsNamed) {
  EXPECT_THAT(Parse(""), FailsWith(ErrorKind::kCorrupt, HasSubstr("03.json is empty")));
  EXPECT_THAT(Parse("\n\n"), FailsWith(ErrorKind::kCorrupt, HasSubstr("03.json is empty")));
  const std::string info =
      R"({"commitInfo":{"engineInfo":"Millpond/1","tags":{"millpond.actions":"3"}}})"
      "\n";
  const std::string add = R"({"add":{"path":"f"}})"
                          "\n";
  EXPECT_THAT(Parse(info), FailsWith(ErrorKind::kCorrupt, HasSubstr("03.json is cut")));
  EXPECT_THAT(Parse(info + add), FailsWith(ErrorKind::kCorrupt, HasSubstr("has 2")));
  EXPECT_THAT(Parse(info + add + add), IsOk());
  EXPECT_THAT(Parse(info + add + add + add),
              FailsWith(ErrorKind::kCorrupt,
                        AllOf(HasSubstr("03.json has lines twice, or lines that are not its own: "
                                        "it says that it has 3 actions, and has 4"),
                              Not(HasSubstr("cut")))));
  // A legal commit may hold nothing but a commitInfo, and other engines count otherwise.
  EXPECT_THAT(Parse(R"({"commitInfo":{"engineInfo":"Apache-Spark/3.5"}})"), IsOk());
  EXPECT_THAT(Parse(R"({"commitInfo":{"operationMetrics":{"numFiles":"2"}}})"), IsOk());
}

TEST(ActionsTest, TextThatIsNotUtf8IsNotWritten) {
  AddFile add;
  add.path = "caf\xE9.parquet";
  EXPECT_THAT(ActionLine(add), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'add'")));
}

TEST(ActionsTest, WhatIsUnknownIsIgnored) {
  MP_ASSERT_OK_AND_ASSIGN(auto actions,
                          Parse("{\"novelty\":{\"x\":1}}\n\n  \r\n"
                                "{\"txn\":{\"appId\":\"a\",\"version\":1,\"z\":[]}}"));
  EXPECT_EQ(actions.size(), 1u);
  // Other engines put anything into commitInfo.
  MP_ASSERT_OK_AND_ASSIGN(
      actions, Parse(R"({"commitInfo":{"timestamp":"soon","operationParameters":{"p":[1,2]}}})"));
  EXPECT_EQ(std::get<CommitInfo>(actions[0]).operation_parameters.at("p"), "[1,2]");
}

TEST(ActionsTest, CorruptLinesAreNamedByFileAndLine) {
  EXPECT_THAT(Parse("{\"txn\":{\"appId\":\"a\",\"version\":1}}\n{\"add\":{\"pa"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("00000000000000000003.json:2")));
  EXPECT_THAT(Parse(R"({"add":{"size":1}})"), FailsWith(ErrorKind::kCorrupt, HasSubstr("'path'")));
  EXPECT_THAT(Parse(R"({"add":{"path":"f","size":"x"}})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'size'")));
  EXPECT_THAT(Parse(R"({"add":"f"})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("json:1: the action 'add' is no object")));
  EXPECT_THAT(Parse("[1]"), FailsWith(ErrorKind::kCorrupt, HasSubstr("json:1")));
  EXPECT_THAT(Parse(R"({"protocol":{"minReaderVersion":-1}})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'minReaderVersion'")));
}

// Any flipped byte is an error or another valid line, never a crash.
TEST(ActionsTest, FlippedBytesNeverCrash) {
  const std::string line =
      R"({"add":{"path":"f\u00e9","partitionValues":{"a":null},"size":1,"modificationTime":2,"dataChange":true,"stats":"{\"numRecords\":3}"}})";
  for (size_t at = 0; at < line.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = line;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      (void)Parse(flipped);
    }
    (void)Parse(line.substr(0, at));
  }
}

TEST(ProtocolTest, UnsupportedFeaturesAreNamed) {
  Metadata metadata;
  Schema schema({{"a", TypeKind::kLong, true, {}}});
  Protocol protocol{3, 7, {"deletionVectors", "geography"}, {"geography"}};
  EXPECT_THAT(CheckReadable(protocol, metadata, "/t"),
              FailsWith(ErrorKind::kUnsupported,
                        HasSubstr("table /t needs the reader feature 'geography'")));
  protocol = {3, 7, {"timestampNtz"}, {"timestampNtz", "rowTracking", "novelty"}};
  EXPECT_THAT(CheckReadable(protocol, metadata, "/t"), IsOk());
  EXPECT_THAT(CheckWritable(protocol, metadata, schema, "/t"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("the writer feature 'novelty'")));
  EXPECT_THAT(CheckReadable({4, 7, {}, {}}, metadata, "/t"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("reader version 4")));
}

TEST(ProtocolTest, AllLegacyFeaturesAreWritten) {
  Metadata metadata;
  Schema schema({{"a", TypeKind::kLong, true, {{"delta.invariants", "{}"}}}});
  Protocol protocol{2, 6, {}, {}};
  EXPECT_THAT(CheckWritable(protocol, metadata, schema, "/t"), IsOk());
  metadata.configuration = {{"delta.constraints.c", "a > 0"}, {"delta.columnMapping.mode", "name"}};
  EXPECT_THAT(CheckReadable(protocol, metadata, "/t"), IsOk());
  EXPECT_THAT(CheckWritable(protocol, metadata, schema, "/t"), IsOk());
}

TEST(ConflictTest, BlindAppendsRebaseOverDataOnly) {
  PendingCommit ours;
  ours.info.operation = "WRITE";
  ours.txn = Txn{"app", 3, {}};
  Metadata metadata;
  metadata.schema_json = "{}";
  auto check = [&](Action winner) {
    return CheckConflict(ours, metadata, "/t", {std::move(winner)}, 8);
  };
  EXPECT_THAT(check(AddFile{.path = "f"}), IsOk());
  EXPECT_THAT(check(RemoveFile{.path = "f"}), IsOk());
  EXPECT_THAT(check(Txn{"other", 3, {}}), IsOk());
  EXPECT_THAT(check(Txn{"app", 2, {}}), FailsWith(ErrorKind::kConflict, HasSubstr("'app'")));
  EXPECT_THAT(check(Protocol()), FailsWith(ErrorKind::kConflict, HasSubstr("version 8")));
  Metadata changed = metadata;
  changed.configuration["x"] = "y";
  EXPECT_THAT(check(changed), IsOk());
  changed.schema_json = "{ }";
  EXPECT_THAT(check(changed), FailsWith(ErrorKind::kConflict, HasSubstr("schema")));

  ours.removes.push_back(RemoveFile{.path = "a%20b"});
  EXPECT_THAT(check(AddFile{.path = "f"}), IsOk());
  EXPECT_THAT(check(RemoveFile{.path = "file:///t/a b"}),
              FailsWith(ErrorKind::kConflict, HasSubstr("also removed")));
  ours.depends_on_whole_table = true;
  EXPECT_THAT(check(AddFile{.path = "f"}), FailsWith(ErrorKind::kConflict, HasSubstr("f")));
}

}  // namespace
}  // namespace millpond::data
