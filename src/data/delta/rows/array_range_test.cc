#include "data/delta/rows/array_range.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace millpond::data {
namespace {

using Texts = std::vector<std::optional<std::string>>;

std::shared_ptr<arrow::Array> ArrayOf(const Texts& texts) {
  arrow::StringBuilder builder;
  for (const auto& text : texts) {
    EXPECT_TRUE((text ? builder.Append(*text) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

void ExpectRange(const Texts& texts, const arrow::Array& array) {
  std::vector<std::string> values;
  for (const auto& text : texts) {
    if (text) values.push_back(*text);
  }
  const ArrayRange range = RangeOf(array);
  ASSERT_EQ(HasValue(range.min), !values.empty());
  if (values.empty()) return;
  EXPECT_EQ(std::get<std::string>(range.min), *std::ranges::min_element(values));
  EXPECT_EQ(std::get<std::string>(range.max), *std::ranges::max_element(values));
}

// std::string compares as Delta does: bytes without a sign, shorter first.
TEST(ArrayRange, OfTextsIsThatOfTheirBytes) {
  std::mt19937 random(7);
  const std::string letters("\0ab\x7f\x80\xff", 6);
  for (int round = 0; round < 2000; ++round) {
    const std::string head(random() % 18,
                           'p');  // heads are the same, or as long as what is compared
    Texts texts;
    for (size_t i = random() % 12; i > 0; --i) {
      if (random() % 5 == 0) {
        texts.emplace_back();
        continue;
      }
      std::string text = random() % 4 == 0 ? "" : head;
      for (size_t more = random() % 20; more > 0; --more) text += letters[random() % 6];
      texts.emplace_back(text);
    }
    const auto array = ArrayOf(texts);
    ExpectRange(texts, *array);
    const size_t from = random() % (texts.size() + 1);
    const size_t count = random() % (texts.size() - from + 1);
    const auto begin = texts.begin() + static_cast<std::ptrdiff_t>(from);
    ExpectRange(Texts(begin, begin + static_cast<std::ptrdiff_t>(count)),
                *array->Slice(static_cast<int64_t>(from), static_cast<int64_t>(count)));
  }
}

}  // namespace
}  // namespace millpond::data
