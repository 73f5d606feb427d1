#include "data/delta/metadata/text_limits.h"

#include "base/testing/result_matchers.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

const DataType kText(TypeKind::kString);

StructField Field(DataType type, const std::string& spelled) {
  return {"c", std::move(type), true, {{kTextLimitKey, '"' + spelled + '"'}}};
}

TEST(TextLimits, AreReadAsSparkSpellsThem) {
  EXPECT_THAT(TextLimitsOf(Field(kText, "varchar(10)")), IsOkAnd(TextLimits{{{}, {10, false}}}));
  EXPECT_THAT(TextLimitsOf(Field(kText, "char(3)")), IsOkAnd(TextLimits{{{}, {3, true}}}));
  EXPECT_THAT(TextLimitsOf({"c", kText}), IsOkAnd(TextLimits{}));
  const DataType nested =
      DataType::Struct({{"Code", kText},
                        {"a b:c`", kText},
                        {"m", DataType::Map(kText, DataType::Array(kText, true), true)},
                        {"n", DataType::Decimal(10, 2)}});
  const char* spelled =
      "struct<code:char(3) COMMENT 'a, > b',`a b:c```: varchar( 4 ),gone:char(9),"
      "m:map<varchar(2),array<char(1)>> NOT NULL,n:decimal(10,2)>";
  EXPECT_THAT(TextLimitsOf(Field(nested, spelled)),
              IsOkAnd(TextLimits{{{"Code"}, {3, true}},
                                 {{"a b:c`"}, {4, false}},
                                 {{"m", "key"}, {2, false}},
                                 {{"m", "value", "element"}, {1, true}}}));
}

TEST(TextLimits, WhatCannotBeReadIsRefusedByName) {
  for (const char* spelled :
       {"", "varchar", "varchar(", "varchar()", "varchar(-1)", "varchar(x)",
        "varchar(99999999999999999999)", "struct<a>", "struct<a:char(3)", "array<char(3)",
        "map<char(3)>", "char(3))", "char(3)>", "struct<`a:int>"}) {
    EXPECT_THAT(TextLimitsOf(Field(kText, spelled)),
                FailsWith(ErrorKind::kUnsupported, HasSubstr("column 'c' has the type")))
        << spelled;
  }
  StructField number{"c", kText, true, {{kTextLimitKey, "7"}}};
  EXPECT_THAT(TextLimitsOf(number), FailsWith(ErrorKind::kUnsupported, HasSubstr("7")));
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "array<";
  EXPECT_THAT(TextLimitsOf(Field(kText, deep)), FailsWith(ErrorKind::kUnsupported, HasSubstr("c")));
}

TEST(TextLimits, FollowTheirFieldsAndComeBackToTheColumn) {
  const DataType type = DataType::Struct(
      {{"a", kText}, {"l", DataType::Array(DataType::Struct({{"x y", kText}}), true)}});
  StructField column{"c", type, true, {{"comment", "\"kept\""}}};
  SetLimitsOnColumn({{{"a"}, {3, true}}, {{"l", "element", "x y"}, {4, false}}}, column);
  EXPECT_EQ(column.metadata.at(kTextLimitKey),
            R"("struct<a:char(3),l:array<struct<`x y`:varchar(4)>>>")");
  EXPECT_EQ(TypeString(column), "struct<a:char(3),l:array<struct<x y:varchar(4)>>>");

  const Schema on_fields = WithLimitsOnFields(Schema({column}));
  EXPECT_FALSE(on_fields.fields()[0].metadata.contains(kTextLimitKey));
  const auto renamed = RenameColumn(on_fields, {"c", "l", "element", "x y"}, "z");
  MP_ASSERT_OK(renamed);
  const Schema back = WithLimitsOnColumns(*renamed);
  EXPECT_EQ(back.fields()[0].metadata.at(kTextLimitKey),
            R"("struct<a:char(3),l:array<struct<z:varchar(4)>>>")");
  EXPECT_EQ(back.fields()[0].metadata.at("comment"), "\"kept\"");
  EXPECT_EQ(WithLimitsOnColumns(on_fields).ToJson(), Schema({column}).ToJson());
}

}  // namespace
}  // namespace millpond::data
