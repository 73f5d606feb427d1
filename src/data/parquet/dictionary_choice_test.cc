#include "data/parquet/dictionary_choice.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/parquet/reader.h"
#include "data/parquet/writer.h"
#include "base/testing/test_environment.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<arrow::Array> Numbers(int64_t rows, int64_t distinct) {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < rows; ++row) EXPECT_TRUE(builder.Append(row % distinct).ok());
  return *builder.Finish();
}

std::shared_ptr<arrow::Array> Texts(int64_t rows, int64_t distinct) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(row % 5 == 0 ? builder.AppendNull().ok()
                             : builder.Append("text " + std::to_string(row % distinct)).ok());
  }
  return *builder.Finish();
}

std::shared_ptr<arrow::RecordBatch> Sample(int64_t rows) {
  auto node = *arrow::StructArray::Make({Numbers(rows, 3), Texts(rows, rows)}, {"few", "a.b"});
  return *arrow::RecordBatch::Make(
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("kind", arrow::utf8()),
                     arrow::field("third", arrow::int64()), arrow::field("node", node->type())}),
      rows, {Numbers(rows, rows), Texts(rows, 40), Numbers(rows, rows / 3), node});
}

TEST(DictionaryChoiceTest, ValuesThatHardlyRepeatHaveNone) {
  EXPECT_THAT(LeavesWithoutDictionary(*Sample(30'000)),
              ElementsAre(ElementsAre("key"), ElementsAre("node", "a.b")));
  EXPECT_THAT(LeavesWithoutDictionary(*Sample(200'000)),
              ElementsAre(ElementsAre("key"), ElementsAre("third"), ElementsAre("node", "a.b")));
}

TEST(DictionaryChoiceTest, AShortSampleTellsNothing) {
  EXPECT_THAT(LeavesWithoutDictionary(*Sample(2'000)), IsEmpty());
}

}  // namespace
}  // namespace millpond::data
