#include "kernel/encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "base/testing/result_matchers.h"

namespace millpond::kernel {
namespace {

using millpond::testing::FailsWith;
using millpond::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;

Batch MakeBatch(std::vector<std::pair<std::string, Column>> columns) {
  Batch batch;
  for (auto& [name, column] : columns) {
    batch.rows = column.size();
    batch.names.push_back(name);
    batch.columns.push_back(std::move(column));
  }
  return batch;
}

Batch Orders() {
  return MakeBatch(
      {{"orders", Column::FromValues(kBigint, std::vector{Value::Bigint(3), Value::Null(kBigint),
                                                          Value::Bigint(16777217)})},
       {"spent", Column::FromValues(Decimal(10, 2), std::vector{Value::MakeDecimal(10, 10, 2),
                                                                Value::MakeDecimal(-1999, 10, 2),
                                                                Value::Null(Decimal(10, 2))})},
       {"is_new",
        Column::FromValues(kBoolean, std::vector{Value::Boolean(true), Value::Boolean(false),
                                                 Value::Null(kBoolean)})},
       {"shop", Column::FromValues(kVarchar, std::vector{Value::Varchar("b"), Value::Varchar("a"),
                                                         Value::Varchar("a")})}});
}

// docs/formats/encoder.md shows these bytes.
constexpr char kText[] =
    R"json({"format":"millpond.encoder","version":1,"columns":[)json"
    R"json({"name":"orders","type":"BIGINT","kind":"number"},)json"
    R"json({"name":"spent","type":"DECIMAL(10,2)","kind":"number"},)json"
    R"json({"name":"is_new","type":"BOOLEAN","kind":"boolean"},)json"
    R"json({"name":"shop","type":"VARCHAR","kind":"category","unknown":-1.0,)json"
    R"json("categories":["a","b"]}]})json"
    "\n";

TEST(EncoderTest, TextAndHashAreTheGoldenOnes) {
  MP_ASSERT_OK_AND_ASSIGN(auto encoder, Encoder::Fit(Orders()));
  EXPECT_EQ(encoder.ToText(), kText);
  MP_ASSERT_OK_AND_ASSIGN(auto read, Encoder::FromText(kText));
  EXPECT_EQ(read.ToText(), kText);
  EXPECT_EQ(read.Hash(), encoder.Hash());
  constexpr std::string_view hash =
      "348b5b6fbdb110800b1a881c7f9e660f1229b841175bffe80501237f0e9af6cb";
  EXPECT_EQ(encoder.Hash(), hash);
  std::ifstream file(std::string(MILLPOND_FORMATS_DIR) + "/encoder.md");
  std::string page{std::istreambuf_iterator<char>(file), {}};
  std::string_view line = kText;
  line.remove_suffix(1);
  EXPECT_THAT(page, HasSubstr(fmt::format("Hash `{}`:\n\n`{}`\n", hash, line)));
}

TEST(EncoderTest, EncodesEveryKind) {
  MP_ASSERT_OK_AND_ASSIGN(auto encoder, Encoder::FromText(kText));
  MP_ASSERT_OK_AND_ASSIGN(auto rows, encoder.Encode(Orders()));
  const std::vector<float> expected = {3,        0.1F,    1,   1,  //
                                       NAN,      -19.99F, 0,   0,  //
                                       16777216, NAN,     NAN, 0};
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(rows[i])) << i;
    } else {
      EXPECT_EQ(rows[i], expected[i]) << i;
    }
  }
}

TEST(EncoderTest, LargeNumbersStayFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto batch = MakeBatch(
      {{"x", Column::FromValues(kDouble, std::vector{Value::Double(infinity), Value::Double(-1e300),
                                                     Value::Double(1e-320), Value::Double(0.1)})}});
  MP_ASSERT_OK_AND_ASSIGN(auto encoder, Encoder::Fit(batch));
  const float largest = std::numeric_limits<float>::max();
  EXPECT_THAT(encoder.Encode(batch), IsOkAnd(ElementsAre(largest, -largest, 0.0F, 0.1F)));
}

TEST(EncoderTest, CategoriesByFrequencyOrByBytesWithARestThatIsUnknown) {
  std::vector<Value> values;
  for (const char* text : {"z", "a", "m", "m", "z", "q"}) values.push_back(Value::Varchar(text));
  const auto batch = MakeBatch({{"c", Column::FromValues(kVarchar, values)}});
  MP_ASSERT_OK_AND_ASSIGN(auto by_count, Encoder::Fit(batch, {.max_categories = 3}));
  EXPECT_THAT(by_count.columns()[0].categories, ElementsAre("m", "z", "a"));
  EXPECT_THAT(by_count.Encode(batch), IsOkAnd(ElementsAre(1, 2, 0, 0, 1, -1)));
  MP_ASSERT_OK_AND_ASSIGN(auto by_bytes, Encoder::Fit(batch, {.order_by_frequency = false}));
  EXPECT_THAT(by_bytes.columns()[0].categories, ElementsAre("a", "m", "q", "z"));
}

TEST(EncoderTest, ColumnsAreFoundByNameAndMustHaveTheirType) {
  MP_ASSERT_OK_AND_ASSIGN(auto encoder, Encoder::FromText(kText));
  Batch reversed = Orders();
  std::ranges::reverse(reversed.names);
  std::ranges::reverse(reversed.columns);
  // NaN is unequal to itself, so the bytes are compared.
  MP_ASSERT_OK_AND_ASSIGN(auto one, encoder.Encode(Orders()));
  MP_ASSERT_OK_AND_ASSIGN(auto other, encoder.Encode(reversed));
  EXPECT_EQ(std::memcmp(one.data(), other.data(), one.size() * sizeof(float)), 0);
  Batch other_type = Orders();
  other_type.columns[1] = Column(kDouble, 3);
  EXPECT_THAT(encoder.Encode(other_type),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("column 'spent' as DECIMAL(10,2), and gets it as DOUBLE")));
  Batch missing = Orders();
  missing.names[0] = "order";
  EXPECT_THAT(encoder.Encode(missing),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("needs a column 'orders'")));
}

TEST(EncoderTest, TypesWithoutARuleAreRefusedByName) {
  EXPECT_THAT(Encoder::Fit(MakeBatch({{"at", Column(kTimestamp, 1)}})),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("column 'at'")));
}

TEST(EncoderTest, DamagedTextIsCorrupt) {
  const std::string text = kText;
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"millpond.encoder", "other"},
           {"\"kind\":\"boolean\"", "\"kind\":\"number\""},
           {"\"categories\":[\"a\",\"b\"]", "\"categories\":[1]"},
           {"\"name\":\"orders\",", ""},
           {"\"columns\":[", "\"columns\":[7,"}}) {
    std::string damaged = text;
    damaged.replace(damaged.find(from), from.size(), to);
    EXPECT_THAT(Encoder::FromText(damaged), FailsWith(ErrorKind::kCorrupt, HasSubstr("no encoder")))
        << from;
  }
  std::string newer = text;
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_THAT(Encoder::FromText(newer),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("encoder version 2")));
}

}  // namespace
}  // namespace millpond::kernel
