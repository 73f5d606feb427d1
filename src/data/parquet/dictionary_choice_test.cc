#include "data/parquet/dictionary_choice.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/arrow/status.h"
#include "data/parquet/reader.h"
#include "data/parquet/writer.h"

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
  const std::vector<std::string> names = {"few", "a.b"};
  const std::shared_ptr<arrow::Array> node =
      *arrow::StructArray::Make({Numbers(rows, 3), Texts(rows, rows)}, names);
  const arrow::FieldVector fields = {
      arrow::field("key", arrow::int64()), arrow::field("kind", arrow::utf8()),
      arrow::field("third", arrow::int64()), arrow::field("node", node->type())};
  return arrow::RecordBatch::Make(
      arrow::schema(fields), rows,
      arrow::ArrayVector{Numbers(rows, rows), Texts(rows, 40), Numbers(rows, rows / 3), node});
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

// The same rows come back from a file whose columns several threads encoded.
TEST(DictionaryChoiceTest, ColumnsAreEncodedSideBySide) {
  testing::TestEnvironment machine;
  testing::TempDir dir;
  const auto rows = Sample(100'000);
  for (int threads : {1, 4}) {
    const std::string path = JoinPath(dir.path(), fmt::format("{}.parquet", threads));
    MP_ASSERT_OK_AND_ASSIGN(auto writer,
                            ParquetWriter::Open(machine.env, path, rows->schema(),
                                                {.row_group_rows = 30'000, .threads = threads}));
    MP_ASSERT_OK(writer->Write(*rows->Slice(0, 50'000)));
    MP_ASSERT_OK(writer->Write(*rows->Slice(50'000)));
    MP_ASSERT_OK(writer->Close());

    MP_ASSERT_OK_AND_ASSIGN(auto reader, ParquetReader::Open(machine.env, path, 1 << 20));
    EXPECT_EQ(reader->num_row_groups(), 4);
    MP_ASSERT_OK_AND_ASSIGN(auto batches, reader->Read(reader->LeavesOf({0, 1, 2, 3})));
    auto read = batches->ToTable();
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_TRUE((*read)->Equals(**arrow::Table::FromRecordBatches({rows})));
  }
}

}  // namespace
}  // namespace millpond::data
