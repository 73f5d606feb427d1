#include "data/delta/rows/variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/testing/result_matchers.h"
#include "data/delta/rows/variant_layout_internal.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

const std::string kNoNames = Bytes({0x01, 0x00, 0x00});

Result<std::string> Json(const std::string& metadata, const std::string& value) {
  std::string json;
  MP_RETURN_IF_ERROR(AppendVariantJson({metadata, value}, &json));
  return json;
}

// The text of one primitive value.
std::string Primitive(VariantPrimitive type, const std::string& bytes) {
  const std::string header(1, static_cast<char>(static_cast<int>(type) << 2));
  return Json(kNoNames, header + bytes).value_or("error");
}

template <typename Number>
std::string Raw(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

// There and back.
std::string Round(std::string_view json) {
  auto made = VariantFromJson(json);
  if (!made) return made.error().ToString();
  if (!CheckVariant({made->metadata, made->value})) return "made what is not sound";
  return Json(made->metadata, made->value).value_or("error");
}

// Bytes as delta-spark 4.4 wrote them for parse_json('{"a": [1, 2.5, "x", null, true]}').
TEST(VariantTest, SparksBytesAreRead) {
  const std::string metadata = Bytes({1, 1, 0, 1, 'a'});
  const std::string value =
      Bytes({2, 1, 0, 0, 20, 3, 5, 0, 2, 8, 10, 11, 12, 12, 1, 32, 1, 25, 0, 0, 0, 5, 'x', 0, 4});
  EXPECT_EQ(Json(metadata, value).value(), R"({"a":[1,2.5,"x",null,true]})");
  const auto made = VariantFromJson(R"({"a": [1, 2.5, "x", null, true]})");
  EXPECT_EQ(made->metadata, metadata);
  EXPECT_EQ(made->value, value);
}

TEST(VariantTest, PrimitivesAsSparkWritesThem) {
  using P = VariantPrimitive;
  EXPECT_EQ(Primitive(P::kNull, ""), "null");
  EXPECT_EQ(Primitive(P::kTrue, ""), "true");
  EXPECT_EQ(Primitive(P::kInt8, Raw(int8_t{-128})), "-128");
  EXPECT_EQ(Primitive(P::kInt64, Raw(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(Primitive(P::kDouble, Raw(1.0)), "1.0");
  EXPECT_EQ(Primitive(P::kDouble, Raw(1234567.0)), "1234567.0");
  EXPECT_EQ(Primitive(P::kDouble, Raw(12345678.0)), "1.2345678E7");
  EXPECT_EQ(Primitive(P::kDouble, Raw(0.001)), "0.001");
  EXPECT_EQ(Primitive(P::kDouble, Raw(0.00012)), "1.2E-4");
  EXPECT_EQ(Primitive(P::kDouble, Raw(-1e100)), "-1.0E100");
  EXPECT_EQ(Primitive(P::kDouble, Raw(0.0)), "0.0");
  EXPECT_EQ(Primitive(P::kDouble, Raw(std::nan(""))), "\"NaN\"");
  EXPECT_EQ(Primitive(P::kFloat, Raw(0.1f)), "0.1");
  EXPECT_EQ(Primitive(P::kDecimal4, Bytes({2}) + Raw(int32_t{-1050})), "-10.5");
  EXPECT_EQ(Primitive(P::kDecimal8, Bytes({0}) + Raw(int64_t{100})), "100");
  EXPECT_EQ(Primitive(P::kDecimal16, Bytes({38}) + Raw(static_cast<__int128>(1))),
            "0." + std::string(37, '0') + "1");
  EXPECT_EQ(Primitive(P::kDate, Raw(int32_t{19782})), "\"2024-02-29\"");
  EXPECT_EQ(Primitive(P::kTimestamp, Raw(int64_t{-1})), "\"1969-12-31 23:59:59.999999+00:00\"");
  EXPECT_EQ(Primitive(P::kTimestampNtz, Raw(int64_t{1'500'000})), "\"1970-01-01 00:00:01.5\"");
  EXPECT_EQ(Primitive(P::kTimestampNtzNanos, Raw(int64_t{-1})),
            "\"1969-12-31 23:59:59.999999999\"");
  EXPECT_EQ(Primitive(P::kTimeNtz, Raw(int64_t{3'661'000'001})), "\"01:01:01.000001\"");
  EXPECT_EQ(Primitive(P::kBinary, Raw(uint32_t{4}) + "abcd"), "\"YWJjZA==\"");
  EXPECT_EQ(Primitive(P::kString, Raw(uint32_t{4}) + "a\"\n\x01"), R"("a\"\n\u0001")");
  EXPECT_EQ(Primitive(P::kUuid, std::string(16, '\x1f')),
            "\"1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f\"");
}

TEST(VariantTest, JsonGoesThereAndBack) {
  for (const char* json :
       {"null", "true", "[]", "{}", "-1", "128", "32768", "2147483648", "9223372036854775807",
        "0.1", "12345678901234567890.123456789012345678", "\"x\"",
        R"({"a":{"b":[{"c":1}]},"d":[]})", R"(["\"\\\b\f\n\r\t\u0001é😀"])"}) {
    EXPECT_EQ(Round(json), json);
  }
  EXPECT_EQ(Round(" { \"b\" : 1 , \"a\" : 2.50 } "), R"({"a":2.5,"b":1})");
  EXPECT_EQ(Round("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(Round("123456789012345678901234567890"), "123456789012345678901234567890");
  EXPECT_EQ(Round("1e3"), "1000.0");
  EXPECT_EQ(Round("0." + std::string(38, '0') + "1"), "1.0E-39");
  const std::string longer(100, 'x');
  EXPECT_EQ(Round('"' + longer + '"'), '"' + longer + '"');
}

TEST(VariantTest, LargeObjectsAndArrays) {
  std::string array = "[", object = "{";
  for (int i = 1000; i < 1700; ++i) {
    array += fmt::format("{}{}", i == 1000 ? "" : ",", i);
    object += fmt::format("{}\"k{}\":\"{}\"", i == 1000 ? "" : ",", i, std::string(200, 'v'));
  }
  EXPECT_EQ(Round(array + "]"), array + "]");
  EXPECT_EQ(Round(object + "}"), object + "}");
}

TEST(VariantTest, WhatIsNoVariantIsRefused) {
  EXPECT_THAT(VariantFromJson("{"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("parse error")));
  EXPECT_THAT(VariantFromJson(""),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("parse error")));
  EXPECT_THAT(VariantFromJson("1 2"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("parse error")));
  EXPECT_THAT(VariantFromJson("nan"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("parse error")));
  EXPECT_THAT(VariantFromJson(R"({"a":1,"b":2,"a":3})"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("the field 'a' is there twice")));
  const std::string deep = std::string(501, '[') + std::string(501, ']');
  EXPECT_THAT(VariantFromJson(deep),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("nested more than 500 deep")));
  EXPECT_EQ(Round(deep.substr(1, 1000)), deep.substr(1, 1000));
  EXPECT_THAT(VariantFromJson('"' + std::string(kMaxVariantBytes, 'x') + '"'),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("16777216 are the most")));
}

TEST(VariantTest, JoinedValuesPart) {
  const auto made = VariantFromJson(R"({"a":1,"bc":"d"})");
  std::string joined;
  ASSERT_TRUE(AppendJoinedVariant({made->metadata + "slack", made->value}, &joined));
  const auto parts = SplitVariant(joined);
  EXPECT_EQ(parts->metadata, made->metadata);
  EXPECT_EQ(parts->value, made->value);
}

TEST(VariantTest, HostileBytesSayWhatIsWrong) {
  const auto refuses = [](const std::string& metadata, const std::string& value,
                          const std::string& why) {
    EXPECT_THAT(CheckVariant({metadata, value}), FailsWith(ErrorKind::kCorrupt, HasSubstr(why)));
  };
  refuses("", Bytes({0}), "metadata goes past its end");
  refuses(Bytes({2, 0, 0}), Bytes({0}), "encoding version 2");
  refuses(Bytes({0xC1, 0xFF, 0xFF, 0xFF, 0xFF}), Bytes({0}), "list of names");
  refuses(kNoNames, "", "without a value");
  refuses(kNoNames, Bytes({20, 1}), "cut off in a value");
  refuses(kNoNames, Bytes({64, 0xFF, 0xFF, 0xFF, 0xFF, 'x'}), "cut off in a text");
  refuses(kNoNames, Bytes({5 << 2 | 1, 'x'}), "cut off in a text");
  refuses(kNoNames, Bytes({1 << 2 | 1, 0xFF}), "not UTF-8");
  refuses(kNoNames, Bytes({3, 1, 0, 9, 0}), "last part goes past its end");
  refuses(kNoNames, Bytes({3 | 4 << 2, 0xFF, 0xFF, 0xFF, 0xFF}), "list of parts");
  refuses(kNoNames, Bytes({3, 1, 1, 1, 0}), "part goes past its end");
  refuses(kNoNames, Bytes({2, 1, 0, 0, 1, 0}), "name 0, where 0 are there");
  refuses(kNoNames, Bytes({8 << 2, 39, 0, 0, 0, 0}), "a decimal");
  refuses(kNoNames, Bytes({11 << 2, 0xFF, 0xFF, 0xFF, 0x7F}), "outside the years");
  EXPECT_THAT(CheckVariant({kNoNames, Bytes({63 << 2})}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("of the type 63")));
}

TEST(VariantTest, PartsThatOverlapGiveNoTextWithoutEnd) {
  // Arrays of twice the same array, 40 deep: 2^40 values in some 160 bytes.
  std::string value = Bytes({0});
  for (int i = 0; i < 40; ++i) {
    value = Bytes({3, 2, 0, 0, static_cast<int>(value.size())}) + value;
  }
  EXPECT_THAT(CheckVariant({kNoNames, value}),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("parts overlap")));
  // And one that holds itself, as far as offsets allow: nesting has an end.
  std::string deep;
  for (int i = 0; i < 600; ++i) deep += Bytes({3 | 3 << 2, 1, 0, 0, 0, 0, 1, 0, 0, 0});
  EXPECT_FALSE(CheckVariant({kNoNames, deep}));
}

TEST(VariantTest, NoBytesCrash) {
  std::mt19937 random(17);
  const auto sound = VariantFromJson(
      R"({"name":"x","list":[1,2.5,{"deep":[null,true,"text that is long enough to be no short string, so that its length has four bytes"]}],"n":-12345678901})");
  for (int round = 0; round < 20'000; ++round) {
    std::string metadata = sound->metadata, value = sound->value;
    for (unsigned flips = random() % 4; flips < 5; ++flips) {
      std::string& bytes = random() % 3 == 0 ? metadata : value;
      if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 2 == 0) value.resize(random() % (value.size() + 1));
    if (random() % 4 == 0) metadata.resize(random() % (metadata.size() + 1));
    // On the heap, exactly as long as they are, so that a sanitizer sees a byte too many.
    const std::vector<char> a(metadata.begin(), metadata.end()), b(value.begin(), value.end());
    std::string json;
    const auto written = AppendVariantJson({{a.data(), a.size()}, {b.data(), b.size()}}, &json);
    if (written) {
      EXPECT_LT(json.size(), 40 * (value.size() + 1) * (metadata.size() + 10));
    }
    std::string joined;
    if (AppendJoinedVariant({metadata, value}, &joined)) {
      EXPECT_TRUE(SplitVariant(joined));
    }
  }
}

}  // namespace
}  // namespace millpond::data
