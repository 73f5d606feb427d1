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
      for (int64_t length = 0; length <= values->length() - from; ++length) {
        ExpectSlice(values->Slice(from, length), type, limits, *wanted->Slice(from, length));
      }
    }
  }

  static void ExpectSlice(const std::shared_ptr<arrow::Array>& values, const DataType& type,
                          const TextLimits& limits, const arrow::Array& wanted) {
    const auto fitted = FitTexts(values, type, limits, "c");
    MP_ASSERT_OK(fitted);
    ASSERT_TRUE((*fitted)->ValidateFull().ok());
    EXPECT_TRUE((*fitted)->Equals(wanted)) << (*fitted)->ToString() << wanted.ToString();
  }

  // The array with these rows NULL, what they hold still there.
  static std::shared_ptr<arrow::Array> Hidden(const std::shared_ptr<arrow::Array>& values,
                                              const std::string& valid) {
    const auto data = values->data()->Copy();
    data->buffers[0] = Array(DataType(TypeKind::kLong), valid)->null_bitmap();
    data->null_count = arrow::kUnknownNullCount;
    return arrow::MakeArray(data);
  }
};

TEST_F(FitTextsTest, SpacesGoButNothingElse) {
  const TextLimits varchar{{{}, {3, false}}}, character{{{}, {3, true}}};
  Expect(kText, varchar, R"(["abc", "a", "", null, "ab ", "abc  ", "   ", "    ", "äöü", "äö   "])",
         R"(["abc", "a", "", null, "ab ", "abc", "   ", "   ", "äöü", "äö "])");
  Expect(kText, character,
         R"(["abc", "a", "", null, "ab ", "abc  ", "   ", "    ", " ä ", "äöü "])",
         R"(["abc", "a", "", null, "ab", "abc", "", "", " ä", "äöü"])");
  for (const char* text : {R"(["abcd"])", R"(["a", "äöüß"])", R"([" abc"])", R"(["abc d "])"}) {
    for (const TextLimits& limits : {varchar, character}) {
      EXPECT_THAT(FitTexts(Array(kText, text), kText, limits, "c"),
                  FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'c' is ")));
    }
  }
}

TEST_F(FitTextsTest, WhatFitsIsNotCopied) {
  const auto spaced = Array(kText, R"(["abc", "de ", null])");
  EXPECT_EQ(*FitTexts(spaced, kText, {{{}, {3, false}}}, "c"), spaced);
  const auto values = Array(kText, R"(["abc", "äöü", " e", null])");
  EXPECT_EQ(*FitTexts(values, kText, {{{}, {3, true}}}, "c"), values);
  const DataType list = DataType::Array(kText, true);
  const auto lists = Array(list, R"([["abc", "d"], null, []])");
  EXPECT_EQ(*FitTexts(lists, list, {{{"element"}, {3, true}}}, "c"), lists);
}

TEST_F(FitTextsTest, TextsWithinOtherTypes) {
  const DataType inner = DataType::Struct({{"t", kText}, {"n", DataType(TypeKind::kLong)}});
  const DataType list = DataType::Array(inner, true);
  Expect(
      list, {{{"element", "t"}, {2, true}}},
      R"([[{"t": "a", "n": 1}, null], null, [], [{"t": null, "n": 2}, {"t": "bc", "n": 3}, {"t": "d   ", "n": 4}]])",
      R"([[{"t": "a", "n": 1}, null], null, [], [{"t": null, "n": 2}, {"t": "bc", "n": 3}, {"t": "d", "n": 4}]])");
  const DataType map = DataType::Map(kText, inner, true);
  Expect(
      map, {{{"key"}, {2, true}}, {{"value", "t"}, {1, false}}},
      R"([[["k ", {"t": "a  ", "n": 1}], ["kk", null]], null, [], [["x ", {"t": "", "n": null}]]])",
      R"([[["k", {"t": "a", "n": 1}], ["kk", null]], null, [], [["x", {"t": "", "n": null}]]])");
  EXPECT_THAT(
      FitTexts(Array(list, R"([[], [{"t": "abc", "n": 1}]])"), list,
               {{{"element", "t"}, {2, false}}}, "c"),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 'c.element.t' is varchar(2)")));
}

// What a struct that is NULL has inside of it is no value.
TEST_F(FitTextsTest, NothingIsAskedOfWhatIsNotThere) {
  const DataType type = DataType::Struct({{"t", kText, /*nullable=*/false}});
  const auto texts = Array(kText, R"(["a", "far too long", "b "])");
  const auto valid = Array(DataType(TypeKind::kLong), "[1, null, 1]")->null_bitmap();
  const auto values = *arrow::StructArray::Make(
      {texts}, {arrow::field("t", arrow::utf8(), /*nullable=*/false)}, valid);
  const auto fitted = FitTexts(values, type, {{{"t"}, {2, true}}}, "c");
  MP_ASSERT_OK(fitted);
  ASSERT_TRUE((*fitted)->ValidateFull().ok());
  const auto& node = static_cast<const arrow::StructArray&>(**fitted);
  EXPECT_EQ(node.null_count(), 1);
  EXPECT_EQ(node.field(0)->null_count(), 0);
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*node.field(0)).GetView(2), "b");
}

TEST_F(FitTextsTest, NothingIsAskedOfElementsThatAreNotThere) {
  const TextLimits element{{{"element"}, {2, true}}};
  const DataType list = DataType::Array(kText, true);
  const auto lists = Array(list, R"([["a ", "b"], ["far too long"], ["c "], ["too long"]])");
  ExpectSlice(Hidden(lists, "[1, null, 1, null]"), list, element,
              *Array(list, R"([["a", "b"], null, ["c"], null])"));
  ExpectSlice(Hidden(lists, "[1, null, 1, 1]")->Slice(1, 2), list, element,
              *Array(list, R"([null, ["c"]])"));
  ExpectSlice(lists->Slice(0, 1), list, element, *Array(list, R"([["a", "b"]])"));

  const TextLimits both{{{"key"}, {2, true}}, {{"value"}, {1, false}}};
  const DataType map = DataType::Map(kText, kText, true);
  const auto maps = Array(map, R"([[["k ", "v "]], [["far too long", "v"]], [["l", "long"]]])");
  ExpectSlice(Hidden(maps, "[1, null, null]"), map, both,
              *Array(map, R"([[["k", "v"]], null, null])"));
  ExpectSlice(maps->Slice(0, 1), map, both, *Array(map, R"([[["k", "v"]]])"));
}

TEST_F(FitTextsTest, NothingIsAskedOfListsWithinWhatIsNotThere) {
  const DataType list = DataType::Array(kText, true);
  const DataType type = DataType::Struct({{"l", list}, {"n", DataType(TypeKind::kLong)}});
  const TextLimits limits{{{"l", "element"}, {2, true}}};
  const auto values = Array(type, R"([{"l": ["a "], "n": 1}, {"l": ["far too long"], "n": 2},
                                      {"l": ["b", null], "n": 3}, {"l": ["too long"], "n": 4}])");
  const auto wanted = Array(type, R"([{"l": ["a"], "n": 1}, null, {"l": ["b", null], "n": 3}])");
  for (int64_t from = 0; from < 3; ++from) {
    ExpectSlice(Hidden(values, "[1, null, 1, 1]")->Slice(from, 3 - from), type, limits,
                *wanted->Slice(from));
  }
}

}  // namespace
}  // namespace millpond::data
