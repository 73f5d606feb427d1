#include "data/sql/sql_test_tables.h"

namespace millpond::data {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAnd;
using testing_sql::HandMadeTable;

class ForeignStatisticsTest : public testing_sql::SessionFixture {};

// Statistics as other writers may write them, and rows that only a wide reading of them keeps.
TEST_F(ForeignStatisticsTest, AreReadWidely) {
  HandMadeTable table(machine_.env, dir_ / "foreign");
  const auto moment = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto parts = arrow::struct_({arrow::field("a", arrow::int32())});
  const auto schema =
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("ts", moment),
                     arrow::field("s", parts), arrow::field("b", arrow::boolean())});
  const std::string nested =
      "{\"type\":\"struct\",\"fields\":[" + HandMadeTable::Field("a", "integer") + "]}";
  table.Commit({HandMadeTable::Protocol(""),
                HandMadeTable::Metadata(HandMadeTable::Field("x", "double") + "," +
                                        HandMadeTable::Field("ts", "timestamp") + "," +
                                        HandMadeTable::Field("s", nested) + "," +
                                        HandMadeTable::Field("b", "boolean"))});
  // A NaN that the maximum leaves out, a moment cut to milliseconds, a NULL struct whose fields are
  // not counted, bounds of a boolean.
  table.Commit({table.File(
      "a.parquet", schema,
      R"([{"x":1.5,"ts":"2024-01-01 00:00:00.123999","s":{"a":5},"b":true},
          {"x":NaN,"ts":"2024-01-01 00:00:00.000001","s":null,"b":true}])",
      "",
      R"(\"minValues\":{\"x\":1.5,\"ts\":\"2024-01-01T00:00:00.000Z\",\"s\":{\"a\":5},\"b\":true},)"
      R"(\"maxValues\":{\"x\":1.5,\"ts\":\"2024-01-01T00:00:00.123Z\",\"s\":{\"a\":5},\"b\":true},)"
      R"(\"nullCount\":{\"x\":0,\"ts\":0,\"s\":{\"a\":0},\"b\":0})")});
  const auto count = [&](const std::string& condition) {
    return Run(
        fmt::format("SELECT count(*) AS n FROM delta.`{}` WHERE {}", table.path(), condition));
  };
  EXPECT_THAT(count("x > 5"), IsOkAnd("n\n1\n"));
  EXPECT_THAT(count("x = 'nan'"), IsOkAnd("n\n1\n"));
  EXPECT_THAT(count("ts >= TIMESTAMPTZ '2024-01-01 00:00:00.1235+00'"), IsOkAnd("n\n1\n"));
  EXPECT_THAT(count("s.a IS NULL"), IsOkAnd("n\n1\n"));
  EXPECT_THAT(count("s.a IS DISTINCT FROM 5"), IsOkAnd("n\n1\n"));
  const auto files = [&](const std::string& condition) {
    return Run(fmt::format("EXPLAIN SELECT x FROM delta.`{}` WHERE {}", table.path(), condition));
  };
  EXPECT_THAT(files("x < 1"), IsOkAnd(HasSubstr("0 of 1 files")));
  EXPECT_THAT(files("NOT b"), IsOkAnd(HasSubstr("0 of 1 files")));
  EXPECT_THAT(files("s.a > 5"), IsOkAnd(HasSubstr("0 of 1 files")));
  EXPECT_THAT(files("ts IS NULL"), IsOkAnd(HasSubstr("0 of 1 files")));
  EXPECT_THAT(files("ts > TIMESTAMPTZ '2024-01-01 00:00:00.124+00'"),
              IsOkAnd(HasSubstr("0 of 1 files")));
}

}  // namespace
}  // namespace millpond::data
