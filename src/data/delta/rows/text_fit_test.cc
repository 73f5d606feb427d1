#include "data/delta/rows/text_fit.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>

#include "base/testing/result_matchers.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

const DataType kText(TypeKind::kString);

class FitTextsTest : public ::testing::Test {
 protected:
  static std::shared_ptr<arrow::Array> Array(const DataType& type, const std::string& json) {
    return *arrow::json::ArrayFromJSONString(ToArrowType(type), json);
  }

  static void Expect(const DataType& type, const TextLimits& limits, const std::string& before,
                     const std::string& after) {
    const auto values = Array(type, before);
    // As a part of a longer array too.
    const auto wanted = Array(type, after);
    for (int64_t from = 0; from <= values->length(); ++from) {
      const auto fitted = FitTexts(values->Slice(from), type, limits, "c");
      MP_ASSERT_OK(fitted);
      ASSERT_TRUE((*fitted)->ValidateFull().ok());
      EXPECT_TRUE((*fitted)->Equals(*wanted->Slice(from)))
          << (*fitted)->ToString() << wanted->ToString();
    }
  }
};

TEST_F(FitTextsTest, SpacesGoOrComeButNothingElse) {
  const TextLimits varchar{{{}, {3, false}}}, padded{{{}, {3, true}}};
  Expect(kText, varchar, R"(["abc", "a", "", null, "ab ", "abc  ", "   ", "    ", "äöü", "äö   "])",
         R"(["abc", "a", "", null, "ab ", "abc", "   ", "   ", "äöü", "äö "])");
  Expect(kText, padded, R"(["abc", "a", "", null, "abc  ", "ä", "😀😀", "äöü "])",
         R"(["abc", "a  ", "   ", null, "abc", "ä  ", "😀😀 ", "äöü"])");
  for (const char* text : {R"(["abcd"])", R"(["a", "äöüß"])", R"([" abc"])", R"(["abc d "])"}) {
    for (const TextLimits& limits : {varchar, padded}) {
      EXPECT_THAT(FitTexts(Array(kText, text), kText, limits, "c"),
                  FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'c' is ")));
    }
  }
}

TEST_F(FitTextsTest, WhatFitsIsNotCopied) {
  const auto values = Array(kText, R"(["abc", "de ", null])");
  EXPECT_EQ(*FitTexts(values, kText, {{{}, {3, false}}}, "c"), values);
  EXPECT_EQ(*FitTexts(values, kText, {{{}, {3, true}}}, "c"), values);
}

TEST_F(FitTextsTest, TextsWithinOtherTypes) {
  const DataType inner = DataType::Struct({{"t", kText}, {"n", DataType(TypeKind::kLong)}});
  const DataType list = DataType::Array(inner, true);
  Expect(
      list, {{{"element", "t"}, {2, true}}},
      R"([[{"t": "a", "n": 1}, null], null, [], [{"t": null, "n": 2}, {"t": "bc", "n": 3}, {"t": "d   ", "n": 4}]])",
      R"([[{"t": "a ", "n": 1}, null], null, [], [{"t": null, "n": 2}, {"t": "bc", "n": 3}, {"t": "d ", "n": 4}]])");
  const DataType map = DataType::Map(kText, inner, true);
  Expect(
      map, {{{"key"}, {2, true}}, {{"value", "t"}, {1, false}}},
      R"([[["k", {"t": "a  ", "n": 1}], ["kk", null]], null, [], [["x", {"t": "", "n": null}]]])",
      R"([[["k ", {"t": "a", "n": 1}], ["kk", null]], null, [], [["x ", {"t": "", "n": null}]]])");
  EXPECT_THAT(
      FitTexts(Array(list, R"([[], [{"t": "abc", "n": 1}]])"), list,
               {{{"element", "t"}, {2, false}}}, "c"),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'c.element.t' is varchar(2)")));
}

// What a struct that is NULL has inside of it is no value.
TEST_F(FitTextsTest, NothingIsAskedOfWhatIsNotThere) {
  const DataType type = DataType::Struct({{"t", kText, /*nullable=*/false}});
  const auto texts = Array(kText, R"(["a", "far too long", "b"])");
  const auto valid = Array(DataType(TypeKind::kLong), "[1, null, 1]")->null_bitmap();
  const auto values = *arrow::StructArray::Make(
      {texts}, {arrow::field("t", arrow::utf8(), /*nullable=*/false)}, valid);
  const auto fitted = FitTexts(values, type, {{{"t"}, {2, true}}}, "c");
  MP_ASSERT_OK(fitted);
  ASSERT_TRUE((*fitted)->ValidateFull().ok());
  const auto& node = static_cast<const arrow::StructArray&>(**fitted);
  EXPECT_EQ(node.null_count(), 1);
  EXPECT_EQ(node.field(0)->null_count(), 0);
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*node.field(0)).GetView(2), "b ");
}

TEST_F(FitTextsTest, SpacesHaveAnEnd) {
  EXPECT_THAT(FitTexts(Array(kText, R"(["a"])"), kText, {{{}, {kMaxTextLength, true}}}, "c"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("1048576 characters at most")));
}

}  // namespace
}  // namespace millpond::data
