#include "data/delta/metadata/schema.h"

#include <arrow/type.h>

#include "base/testing/result_matchers.h"
#include "data/delta/metadata/column_value.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

constexpr const char* kAllTypes =
    R"j({"type":"struct","fields":[)j"
    R"j({"name":"s","type":"string","nullable":true,"metadata":{"comment":"a \"text\""}},)j"
    R"j({"name":"l","type":"long","nullable":false,"metadata":{}},)j"
    R"j({"name":"i","type":"integer","nullable":true,"metadata":{}},)j"
    R"j({"name":"sh","type":"short","nullable":true,"metadata":{}},)j"
    R"j({"name":"b","type":"byte","nullable":true,"metadata":{}},)j"
    R"j({"name":"f","type":"float","nullable":true,"metadata":{}},)j"
    R"j({"name":"d","type":"double","nullable":true,"metadata":{}},)j"
    R"j({"name":"dec","type":"decimal(38,18)","nullable":true,"metadata":{"delta.x":[1,2]}},)j"
    R"j({"name":"bo","type":"boolean","nullable":true,"metadata":{}},)j"
    R"j({"name":"bi","type":"binary","nullable":true,"metadata":{}},)j"
    R"j({"name":"da","type":"date","nullable":true,"metadata":{}},)j"
    R"j({"name":"ts","type":"timestamp","nullable":true,"metadata":{}},)j"
    R"j({"name":"ntz","type":"timestamp_ntz","nullable":true,"metadata":{}},)j"
    R"j({"name":"st","type":{"type":"struct","fields":[)j"
    R"j({"name":"x","type":"long","nullable":false,"metadata":{}}]},"nullable":true,"metadata":{}},)j"
    R"j({"name":"a","type":{"type":"array","elementType":"string","containsNull":false},)j"
    R"j("nullable":true,"metadata":{}},)j"
    R"j({"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"array",)j"
    R"j("elementType":"long","containsNull":true},"valueContainsNull":true},)j"
    R"j("nullable":true,"metadata":{}}]})j";

TEST(SchemaTest, JsonGoesBothWaysWithoutLoss) {
  MP_ASSERT_OK_AND_ASSIGN(auto schema, Schema::FromJson(kAllTypes));
  EXPECT_EQ(schema.ToJson(), kAllTypes);
  EXPECT_EQ(schema.Find("DEC")->type.ToString(), "decimal(38,18)");
  EXPECT_EQ(schema.Find("m")->type.ToString(), "map<string,array<long>>");
}

TEST(SchemaTest, ArrowGoesBothWays) {
  MP_ASSERT_OK_AND_ASSIGN(auto schema, Schema::FromJson(kAllTypes));
  auto arrow_schema = schema.ToArrow();
  EXPECT_EQ(arrow_schema->GetFieldByName("ts")->type()->ToString(), "timestamp[us, tz=UTC]");
  EXPECT_EQ(arrow_schema->GetFieldByName("ntz")->type()->ToString(), "timestamp[us]");
  MP_ASSERT_OK_AND_ASSIGN(auto back, Schema::FromArrow(*arrow_schema));
  EXPECT_EQ(back, schema);
}

TEST(SchemaTest, UnknownTypesAreNamed) {
  auto schema = [](const std::string& type) {
    return Schema::FromJson(R"({"type":"struct","fields":[{"name":"v","type":)" + type +
                            R"(,"nullable":true,"metadata":{}}]})");
  };
  EXPECT_THAT(schema(R"("interval")"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("column 'v' has: the type 'interval'")));
  EXPECT_THAT(schema("\"decimal(39,1)\""), FailsWith(ErrorKind::kUnsupported, HasSubstr("39")));
  EXPECT_THAT(schema("7"), FailsWith(ErrorKind::kCorrupt, HasSubstr("'v'")));
  EXPECT_THAT(Schema::FromJson("{"), FailsWith(ErrorKind::kCorrupt, HasSubstr("not valid JSON")));
  EXPECT_THAT(Schema::FromJson("[]"), FailsWith(ErrorKind::kCorrupt, HasSubstr("object")));
}

TEST(SchemaTest, EndlessNestingIsRefused) {
  std::string type = R"("long")";
  for (int i = 0; i < 2000; ++i) {
    type = R"({"type":"array","elementType":)" + type + R"(,"containsNull":true})";
  }
  EXPECT_THAT(Schema::FromJson(R"({"type":"struct","fields":[{"name":"v","type":)" + type + "}]}"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("nested too deeply")));
}

TEST(SchemaTest, ValidateNamesTheColumn) {
  Schema twice({{"a", TypeKind::kLong, true, {}}, {"A", TypeKind::kLong, true, {}}});
  EXPECT_THAT(twice.Validate(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'A'")));
  Schema blank({{"a b", TypeKind::kLong, true, {}}});
  EXPECT_THAT(blank.Validate(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'a b'")));
  Schema empty({{"s", DataType::Struct({}), true, {}}});
  EXPECT_THAT(empty.Validate(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'s'")));
}

TEST(SchemaTest, SqlTypes) {
  EXPECT_EQ(ParseSqlType("decimal( 10, 2 )")->ToString(), "decimal(10,2)");
  EXPECT_EQ(ParseSqlType("BIGINT")->ToString(), "long");
  EXPECT_THAT(ParseSqlType("decimal(50,2)"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("38")));
  EXPECT_THAT(ParseSqlType("JSON"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'JSON'")));
}

TEST(ColumnValueTest, DecimalsAreExact) {
  EXPECT_TRUE(ParseDecimal("12.3", 2) == __int128{1230});
  EXPECT_TRUE(ParseDecimal("-0.05", 2) == __int128{-5});
  EXPECT_TRUE(ParseDecimal("1.5E3", 0) == __int128{1500});
  EXPECT_FALSE(ParseDecimal("0.005", 2).has_value());
  EXPECT_FALSE(ParseDecimal("1e99", 2).has_value());
  EXPECT_FALSE(ParseDecimal("", 2).has_value());
  EXPECT_FALSE(ParseDecimal("1.2.3", 2).has_value());
  EXPECT_EQ(FormatDecimal(-5, 2), "-0.05");
  EXPECT_EQ(FormatDecimal(1230, 2), "12.30");
  EXPECT_EQ(FormatDecimal(7, 0), "7");
  std::string greatest(38, '9');
  EXPECT_EQ(FormatDecimal(*ParseDecimal(greatest, 0), 0), greatest);
}

TEST(ColumnValueTest, PartitionValuesGoBothWays) {
  auto round = [](const std::string& text, DataType type) {
    auto value = ParsePartitionValue(text, type);
    EXPECT_TRUE(value.has_value()) << text;
    return FormatPartitionValue(*value, type).value_or("NULL");
  };
  EXPECT_EQ(round("x=y", TypeKind::kString), "x=y");
  EXPECT_EQ(round("-7", TypeKind::kByte), "-7");
  EXPECT_EQ(round("true", TypeKind::kBoolean), "true");
  EXPECT_EQ(round("2024-02-29", TypeKind::kDate), "2024-02-29");
  EXPECT_EQ(round("1.50", DataType::Decimal(5, 2)), "1.50");
  EXPECT_EQ(round("0.1", TypeKind::kFloat), "0.1");
  EXPECT_EQ(round("0.1", TypeKind::kDouble), "0.1");
  EXPECT_EQ(round("2024-01-01 10:00:00.5", TypeKind::kTimestampNtz), "2024-01-01 10:00:00.500000");
  EXPECT_EQ(round("2024-01-01T10:00:00.000001Z", TypeKind::kTimestamp),
            "2024-01-01T10:00:00.000001Z");
  EXPECT_EQ(round("", TypeKind::kLong), "NULL");
  EXPECT_THAT(ParsePartitionValue("300", TypeKind::kByte),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'300'")));
  EXPECT_THAT(ParsePartitionValue("x", TypeKind::kDate),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'x'")));
}

}  // namespace
}  // namespace millpond::data
