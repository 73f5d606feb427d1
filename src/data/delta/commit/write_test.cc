#include "data/delta/commit/write.h"

#include <filesystem>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/delta_test_rows.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/rows/statistics.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAnd;
using namespace testing_rows;  // NOLINT: short names in tests

class WriteTest : public ::testing::Test {
 protected:
  DeltaTable Create(std::vector<StructField> fields, std::vector<std::string> partitions = {},
                    StringMap properties = {}) {
    CreateOptions options;
    options.schema = Schema(std::move(fields));
    options.partition_columns = std::move(partitions);
    options.properties = std::move(properties);
    auto table = DeltaTable::Create(machine_.env, dir_ / "t", options);
    EXPECT_TRUE(table.has_value()) << table.error().ToString();
    return *table;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

const auto kIdName =
    arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});

std::vector<StructField> IdAndName() {
  return {{"id", TypeKind::kLong, false, {}}, {"name", TypeKind::kString, true, {}}};
}

TEST_F(WriteTest, AppendsAndOverwrites) {
  auto table = Create(IdAndName());
  MP_ASSERT_OK_AND_ASSIGN(auto first,
                          Append(table, kIdName, R"([{"id":1,"name":"a"},{"id":2,"name":null}])"));
  EXPECT_EQ(first.version, 1);
  EXPECT_EQ(first.rows, 2);
  EXPECT_EQ(first.files, 1);
  MP_ASSERT_OK(Append(table, kIdName, R"([{"id":3,"name":"c"}])"));
  EXPECT_THAT(ReadLatest(table),
              IsOkAnd(ElementsAre("id=1 name=a", "id=2 name=null", "id=3 name=c")));
  MP_ASSERT_OK(Append(table, kIdName, R"([{"id":9,"name":"z"}])", {.mode = WriteMode::kOverwrite}));
  EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("id=9 name=z")));
  MP_ASSERT_OK_AND_ASSIGN(auto old, table.AtVersion(2));
  EXPECT_THAT(ReadLines(machine_.env, old),
              IsOkAnd(ElementsAre("id=1 name=a", "id=2 name=null", "id=3 name=c")));
  MP_ASSERT_OK(Append(table, kIdName, "[]", {.mode = WriteMode::kOverwrite}));
  EXPECT_THAT(ReadLatest(table), IsOkAnd(IsEmpty()));
}

TEST_F(WriteTest, AllTypesComeBack) {
  std::vector<StructField> fields = {
      {"s", TypeKind::kString, true, {}},
      {"l", TypeKind::kLong, true, {}},
      {"i", TypeKind::kInteger, true, {}},
      {"sh", TypeKind::kShort, true, {}},
      {"b", TypeKind::kByte, true, {}},
      {"f", TypeKind::kFloat, true, {}},
      {"d", TypeKind::kDouble, true, {}},
      {"dec", DataType::Decimal(38, 4), true, {}},
      {"bo", TypeKind::kBoolean, true, {}},
      {"da", TypeKind::kDate, true, {}},
      {"ts", TypeKind::kTimestamp, true, {}},
      {"ntz", TypeKind::kTimestampNtz, true, {}},
      {"st", DataType::Struct({{"x", TypeKind::kLong, true, {}}}), true, {}},
      {"a", DataType::Array(TypeKind::kString, true), true, {}},
      {"m", DataType::Map(TypeKind::kString, TypeKind::kLong, true), true, {}}};
  auto table = Create(fields);
  auto schema = Schema(fields).ToArrow();
  std::string json =
      R"([{"s":"ä","l":-1,"i":2,"sh":3,"b":4,"f":0.5,"d":1e300,"dec":"-12345678901234567890.1234",)"
      R"("bo":true,"da":19000,"ts":"2024-01-01 00:00:00.000001","ntz":"1969-12-31 23:59:59",)"
      R"("st":{"x":7},"a":["p",null],"m":[["k",1]]},)"
      R"({"s":null,"l":null,"i":null,"sh":null,"b":null,"f":null,"d":null,"dec":null,"bo":null,)"
      R"("da":null,"ts":null,"ntz":null,"st":null,"a":null,"m":null}])";
  MP_ASSERT_OK(Append(table, schema, json));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  EXPECT_TRUE(snapshot->protocol().reader_features.contains("timestampNtz"));
  MP_ASSERT_OK_AND_ASSIGN(auto reader, ScanTable(machine_.env, snapshot));
  auto read = reader->ToTable();
  ASSERT_TRUE(read.ok());
  auto expected = *arrow::Table::FromRecordBatches({Batch(schema, json)});
  EXPECT_TRUE((*read)->Equals(*expected)) << (*read)->ToString();
}

// What the log's texts cannot spell would make a table that nobody opens again.
TEST_F(WriteTest, ValuesThatCouldNotBeReadBackAreRefused) {
  auto table = Create({{"id", TypeKind::kLong, true, {}},
                       {"at", TypeKind::kTimestamp, true, {}},
                       {"s", DataType::Struct({{"day", TypeKind::kDate, true, {}}}), true, {}},
                       {"note", TypeKind::kString, true, {}}});
  const auto zone = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto at = arrow::schema({arrow::field("at", zone)});
  for (const char* micros : {"9223372036854775807", "-9223372036854775807", "253402300800000000"}) {
    EXPECT_THAT(Append(table, at, fmt::format(R"([{{"at":{}}}])", micros)),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'at'")));
  }
  MP_EXPECT_OK(Append(table, at, R"([{"at":253402300799999999},{"at":null}])"));
  const auto day =
      arrow::schema({arrow::field("s", arrow::struct_({arrow::field("day", arrow::date32())}))});
  EXPECT_THAT(Append(table, day, R"([{"s":{"day":2147483647}}])"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 's.day'")));
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("caf\xE9").ok());
  const auto note = arrow::schema({arrow::field("note", arrow::utf8())});
  auto rows = *arrow::RecordBatchReader::Make(
      {arrow::RecordBatch::Make(note, 1, {*builder.Finish()})}, note);
  EXPECT_THAT(WriteTable(table, *rows),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'note'")));
}

TEST_F(WriteTest, PartitionsThatHaveNoTextAreRefused) {
  CreateOptions options;
  options.schema = Schema({{"id", TypeKind::kLong, true, {}}, {"b", TypeKind::kBinary, true, {}}});
  options.partition_columns = {"b"};
  EXPECT_THAT(DeltaTable::Create(machine_.env, dir_ / "b", options),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("column 'b' is BINARY")));
  auto table =
      Create({{"id", TypeKind::kLong, true, {}}, {"k", TypeKind::kString, false, {}}}, {"k"});
  const auto rows =
      arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("id", arrow::int64())});
  EXPECT_THAT(Append(table, rows, R"([{"k":"","id":1}])"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'k'")));
  MP_EXPECT_OK(Append(table, rows, R"([{"k":"x","id":1}])"));
}

TEST_F(WriteTest, PartitionsGoIntoEscapedFolders) {
  auto table = Create({{"v", TypeKind::kLong, true, {}},
                       {"p", TypeKind::kString, true, {}},
                       {"day", TypeKind::kDate, true, {}}},
                      {"p", "day"});
  auto schema =
      arrow::schema({arrow::field("p", arrow::utf8()), arrow::field("day", arrow::date32()),
                     arrow::field("v", arrow::int64())});
  MP_ASSERT_OK_AND_ASSIGN(auto result,
                          Append(table, schema,
                                 R"([{"p":"a/b c%","day":0,"v":1},{"p":null,"day":1,"v":2},)"
                                 R"({"p":"","day":1,"v":3},{"p":"a/b c%","day":0,"v":4}])"));
  EXPECT_EQ(result.files, 2);
  EXPECT_THAT(ReadLatest(table),
              IsOkAnd(ElementsAre("v=1 p=a/b c% day=1970-01-01", "v=2 p=null day=1970-01-02",
                                  "v=3 p=null day=1970-01-02", "v=4 p=a/b c% day=1970-01-01")));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "t/p=a%2Fb c%25/day=1970-01-01"));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "t/p=__HIVE_DEFAULT_PARTITION__/day=1970-01-02"));
  ScanOptions only;
  only.columns = {{"p"}};
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  EXPECT_THAT(ReadLines(machine_.env, snapshot, only),
              IsOkAnd(ElementsAre("p=a/b c%", "p=a/b c%", "p=null", "p=null")));
}

TEST_F(WriteTest, WrongRowsAreNamed) {
  auto table = Create(IdAndName());
  auto other = [&](const std::string& name, std::shared_ptr<arrow::DataType> type) {
    auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field(name, type)});
    return Append(table, schema, "[]");
  };
  EXPECT_THAT(other("nmae", arrow::utf8()),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column 'nmae'")));
  EXPECT_THAT(other("ID", arrow::int64()),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("twice")));
  auto wrong = arrow::schema({arrow::field("id", arrow::float64())});
  EXPECT_THAT(Append(table, wrong, R"([{"id":1.5}])"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'id' is long")));
  auto lacking = arrow::schema({arrow::field("name", arrow::utf8())});
  EXPECT_THAT(Append(table, lacking, "[]"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("lack the column 'id'")));
  EXPECT_THAT(Append(table, kIdName, R"([{"id":null,"name":"a"}])"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'id' is NOT NULL")));
  auto narrow = arrow::schema({arrow::field("id", arrow::int16())});
  MP_EXPECT_OK(Append(table, narrow, R"([{"id":7}])"));
  EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("id=7 name=null")));
  // Failed writes leave no data file behind.
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / "t")) {
    files += entry.is_regular_file();
  }
  EXPECT_EQ(files, 1);
}

TEST_F(WriteTest, ARepeatedTxnWritesNothing) {
  auto table = Create(IdAndName());
  WriteOptions options;
  options.txn = Txn{"flow", 4, {}};
  MP_ASSERT_OK(Append(table, kIdName, R"([{"id":1,"name":"a"}])", options));
  MP_ASSERT_OK_AND_ASSIGN(auto again, Append(table, kIdName, R"([{"id":1,"name":"a"}])", options));
  EXPECT_TRUE(again.skipped_by_txn);
  EXPECT_EQ(again.version, 1);
  options.txn->version = 5;  // an epoch without rows is recorded all the same
  MP_ASSERT_OK_AND_ASSIGN(auto empty, Append(table, kIdName, "[]", options));
  EXPECT_EQ(empty.version, 2);
  EXPECT_EQ((*table.Latest())->txn_version("flow"), 5);
}

TEST_F(WriteTest, OverwriteMayChangeTheSchema) {
  auto table = Create(IdAndName());
  MP_ASSERT_OK(Append(table, kIdName, R"([{"id":1,"name":"a"}])"));
  Schema next({{"id", TypeKind::kLong, true, {}}, {"score", TypeKind::kDouble, true, {}}});
  WriteOptions options{.mode = WriteMode::kOverwrite, .overwrite_schema = next};
  MP_ASSERT_OK(Append(table, next.ToArrow(), R"([{"id":2,"score":0.5}])", options));
  EXPECT_THAT(ReadLatest(table), IsOkAnd(ElementsAre("id=2 score=0.5")));
}

TEST_F(WriteTest, LargeWritesAreCutIntoFiles) {
  auto table = Create({{"v", TypeKind::kLong, true, {}}});
  auto schema = arrow::schema({arrow::field("v", arrow::int64())});
  arrow::Int64Builder builder;
  SeededRandom random(3);
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_TRUE(builder.Append(static_cast<int64_t>(random.Next())).ok());
  }
  auto batch = arrow::RecordBatch::Make(schema, 200'000, {*builder.Finish()});
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches(60, batch);  // 96 MB of Arrow
  auto reader = *arrow::RecordBatchReader::Make(batches, schema);
  MP_ASSERT_OK_AND_ASSIGN(auto result, WriteTable(table, *reader, {.target_file_bytes = 20 << 20}));
  EXPECT_GE(result.files, 2);
  EXPECT_EQ(result.rows, 12'000'000);
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, table.Latest());
  int64_t rows = 0;
  for (size_t i = 0; i < snapshot->files().size(); ++i) {
    rows += *snapshot->files().num_records(i);
  }
  EXPECT_EQ(rows, 12'000'000);
  EXPECT_EQ(machine_.arbiter.reserved_bytes(), 0);
}

TEST_F(WriteTest, AppendOnlyTablesRefuseOverwrite) {
  auto table = Create(IdAndName(), {}, {{"delta.appendOnly", "true"}});
  MP_ASSERT_OK(Append(table, kIdName, R"([{"id":1,"name":"a"}])"));
  EXPECT_THAT(Append(table, kIdName, "[]", {.mode = WriteMode::kOverwrite}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("append-only")));
}

TEST_F(WriteTest, CreateRefusesWhatItCannotKeep) {
  auto table = Create(IdAndName());
  CreateOptions options;
  options.schema = Schema(IdAndName());
  EXPECT_THAT(DeltaTable::Create(machine_.env, dir_ / "t", options),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr(dir_ / "t")));
  options.partition_columns = {"nothing"};
  EXPECT_THAT(DeltaTable::Create(machine_.env, dir_ / "u", options),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'nothing'")));
  options.partition_columns = {};
  options.properties = {{"delta.feature.icebergCompatV2", "supported"}};
  EXPECT_THAT(DeltaTable::Create(machine_.env, dir_ / "u", options),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("'icebergCompatV2'")));
  EXPECT_THAT(DeltaTable::Open(machine_.env, dir_ / "u"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("no Delta table at")));
}

// A file system without hard links: everything else works.
class NoLinks : public FaultyFileSystem {
 public:
  using FaultyFileSystem::FaultyFileSystem;
  Status Link(const std::string&, const std::string& to) override {
    return Fail(ErrorKind::kPermissionDenied, "cannot link {}: operation not permitted", to);
  }
};

TEST_F(WriteTest, FileSystemsWithoutHardLinksAreRefusedByName) {
  NoLinks fs(*machine_.local);
  CreateOptions options;
  options.schema = Schema(IdAndName());
  EXPECT_THAT(DeltaTable::Create(machine_.With(fs), dir_ / "t", options),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("hard links")));
}

TEST_F(WriteTest, CorruptDataFilesAreNamed) {
  auto table = Create(IdAndName());
  MP_ASSERT_OK(Append(table, kIdName, R"([{"id":1,"name":"a"}])"));
  std::string path = (*table.Latest())->files().path(0);
  std::string bytes = *machine_.local->ReadFile(path);
  for (size_t at : {size_t{0}, bytes.size() / 4, bytes.size() / 2, bytes.size() - 6}) {
    std::string flipped = bytes;
    for (size_t i = at; i < std::min(at + 4, bytes.size()); ++i) {
      flipped[i] = static_cast<char>(~flipped[i]);
    }
    MP_ASSERT_OK(machine_.local->ReplaceFile(path, flipped));
    auto read = ReadLatest(table);
    if (!read.has_value()) {
      EXPECT_THAT(read, FailsWith(ErrorKind::kCorrupt, HasSubstr(path)));
    }
  }
  MP_ASSERT_OK(machine_.local->ReplaceFile(path, bytes.substr(0, bytes.size() / 2)));
  EXPECT_THAT(ReadLatest(table), FailsWith(ErrorKind::kCorrupt, HasSubstr(path)));
  MP_ASSERT_OK(machine_.local->Remove(path));
  EXPECT_THAT(ReadLatest(table), FailsWith(ErrorKind::kNotFound, HasSubstr(path)));
}

TEST(StatisticsTest, AreWhatTheProtocolAsks) {
  Schema schema({{"s", TypeKind::kString, true, {}},
                 {"d", TypeKind::kDouble, true, {}},
                 {"n", TypeKind::kDouble, true, {}},
                 {"dec", DataType::Decimal(10, 2), true, {}},
                 {"ts", TypeKind::kTimestamp, true, {}},
                 {"b", TypeKind::kBoolean, true, {}},
                 {"st", DataType::Struct({{"x", TypeKind::kLong, true, {}}}), true, {}},
                 {"a", DataType::Array(TypeKind::kLong, true), true, {}}});
  StatsCollector stats(schema, {});
  std::string text(40, 'z');
  MP_ASSERT_OK(stats.Update(
      *Batch(schema.ToArrow(),
             R"([{"s":")" + text +
                 R"(","d":0.0,"n":NaN,"dec":"1.20","ts":"1969-12-31 23:59:59.999999","b":true,)"
                 R"("st":{"x":5},"a":null},{"s":"ä","d":2.5,"n":1.0,"dec":"-0.05",)"
                 R"("ts":"2024-01-01 00:00:00.123456","b":null,"st":null,"a":[1]}])")));
  EXPECT_EQ(stats.ToJson(),
            R"({"numRecords":2,"minValues":{"s":")" + std::string(32, 'z') +
                R"(","d":-0.0,"dec":-0.05,"ts":"1969-12-31T23:59:59.999Z","st":{"x":5}},)"
                R"("maxValues":{"s":"ä","d":2.5,"dec":1.20,"ts":"2024-01-01T00:00:00.123Z",)"
                R"("st":{"x":5}},"nullCount":{"s":0,"d":0,"n":0,"dec":0,"ts":0,"b":1,"st":{"x":1},)"
                R"("a":1}})");
  StatsCollector one(schema, {{"delta.dataSkippingNumIndexedCols", "1"}});
  EXPECT_EQ(one.ToJson(), R"({"numRecords":0,"minValues":{},"maxValues":{},"nullCount":{"s":0}})");
  StatsCollector named(schema, {{"delta.dataSkippingStatsColumns", "st, d"}});
  EXPECT_EQ(named.ToJson(),
            R"({"numRecords":0,"minValues":{},"maxValues":{},"nullCount":{"d":0,"st":{"x":0}}})");
}

TEST(StatisticsTest, CutMaximaAreNotBelowTheText) {
  EXPECT_EQ(*RoundUpText("abc", 3), "abc");
  EXPECT_GT(*RoundUpText("abcd", 3), "abcd");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ä";
  EXPECT_EQ(CutText(umlauts, 32).size(), 64u);
  EXPECT_GT(*RoundUpText(umlauts, 32), umlauts);
  EXPECT_FALSE(RoundUpText("ab\xF4\x8F\xBF\xBF\xF4\x8F\xBF\xBF", 2).has_value());
}

}  // namespace
}  // namespace millpond::data
