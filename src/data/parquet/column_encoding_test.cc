#include "data/parquet/column_encoding.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

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

// The file holds these rows, all columns of them.
void ExpectHolds(const Environment& env, const std::string& path,
                 const std::shared_ptr<arrow::RecordBatch>& rows) {
  MP_ASSERT_OK_AND_ASSIGN(auto reader, ParquetReader::Open(env, path, 1 << 20));
  std::vector<int> columns(static_cast<size_t>(rows->num_columns()));
  std::iota(columns.begin(), columns.end(), 0);
  MP_ASSERT_OK_AND_ASSIGN(auto batches, reader->Read(reader->LeavesOf(columns)));
  auto read = batches->ToTable();
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_TRUE((*read)->Equals(**arrow::Table::FromRecordBatches({rows})));
}

MATCHER_P(Leaf, path, "") {
  return ExplainMatchResult(path, fmt::format("{}", fmt::join(arg.path, "/")), result_listener);
}

TEST(ColumnEncodingTest, ValuesThatHardlyRepeatHaveNoDictionary) {
  EXPECT_THAT(LeavesWithoutDictionary(*Sample(30'000)), ElementsAre(Leaf("key"), Leaf("node/a.b")));
  EXPECT_THAT(LeavesWithoutDictionary(*Sample(200'000)),
              ElementsAre(Leaf("key"), Leaf("third"), Leaf("node/a.b")));
}

TEST(ColumnEncodingTest, AShortSampleTellsNothing) {
  EXPECT_THAT(LeavesWithoutDictionary(*Sample(2'000)), IsEmpty());
}

// A column of one leaf that hardly repeats; `value(row)` is appended.
template <typename Builder, typename Value>
ColumnEncoding EncodingOf(Builder builder, Value value) {
  for (int64_t row = 0; row < 10'000; ++row) EXPECT_TRUE(builder.Append(value(row)).ok());
  const std::shared_ptr<arrow::Array> array = *builder.Finish();
  const auto schema = arrow::schema({arrow::field("column", array->type())});
  const auto leaves =
      LeavesWithoutDictionary(*arrow::RecordBatch::Make(schema, array->length(), {array}));
  EXPECT_EQ(leaves.size(), 1u);
  return leaves.empty() ? ColumnEncoding{} : leaves.front();
}

TEST(ColumnEncodingTest, IntegersArePackedWhereThatIsSmaller) {
  std::mt19937_64 random(7);
  const auto below = [&](int64_t bound) {
    return [&random, bound](int64_t) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
    };
  };
  EXPECT_TRUE(EncodingOf(arrow::Int64Builder(), [](int64_t row) { return row; }).delta);
  EXPECT_TRUE(EncodingOf(arrow::Int64Builder(), [](int64_t row) { return -1000 * row; }).delta);
  EXPECT_TRUE(EncodingOf(arrow::Int64Builder(), below(1'000'000)).delta);
  EXPECT_TRUE(EncodingOf(arrow::Int32Builder(), below(1'000'000)).delta);
  EXPECT_TRUE(EncodingOf(arrow::Date32Builder(), below(1'000'000)).delta);
  const auto moment = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  EXPECT_TRUE(EncodingOf(arrow::TimestampBuilder(moment, arrow::default_memory_pool()),
                         below(int64_t{1} << 47))
                  .delta);
  const auto price = [&](int64_t) { return arrow::Decimal128(below(1'000'000)(0)); };
  EXPECT_TRUE(EncodingOf(arrow::Decimal128Builder(arrow::decimal128(12, 2)), price).delta);
  // As bytes of fixed length there is nothing to pack.
  EXPECT_FALSE(EncodingOf(arrow::Decimal128Builder(arrow::decimal128(20, 2)), price).delta);
  // Now and then a large one, which costs the whole run its width: zstd does better.
  EXPECT_FALSE(EncodingOf(arrow::Int64Builder(), [&](int64_t row) {
                 return row % 16 == 0 ? static_cast<int64_t>(random()) : row;
               }).delta);
}

TEST(ColumnEncodingTest, WhatDoesNotGetSmallerIsNotCompressed) {
  std::mt19937_64 random(7);
  const auto noise = [&](int64_t) { return std::generate_canonical<double, 53>(random); };
  EXPECT_FALSE(EncodingOf(arrow::DoubleBuilder(), noise).compress);
  EXPECT_TRUE(EncodingOf(arrow::DoubleBuilder(), [](int64_t row) { return double(row); }).compress);
  EXPECT_TRUE(EncodingOf(arrow::StringBuilder(), [](int64_t row) {
                return "a text that ends in " + std::to_string(row);
              }).compress);
  const auto bytes = [&](int64_t) {
    std::string text(16, 0);
    std::ranges::generate(text, [&] { return static_cast<char>(random()); });
    return text;
  };
  EXPECT_FALSE(EncodingOf(arrow::BinaryBuilder(), bytes).compress);
}

// Runs of nulls, extremes that wrap around, slices: what was packed comes back as it was.
TEST(ColumnEncodingTest, PackedValuesComeBack) {
  testing::TestEnvironment machine;
  testing::TempDir dir;
  std::mt19937_64 random(7);
  arrow::Int64Builder numbers;
  arrow::Decimal128Builder decimals(arrow::decimal128(18, 0));
  for (int64_t row = 0; row < 20'000; ++row) {
    const bool null = row % 1000 < 300;
    const int64_t value = row == 9'000   ? INT64_MIN
                          : row == 9'001 ? INT64_MAX
                                         : static_cast<int64_t>(random() % 1'000'000) - 500'000;
    ASSERT_TRUE((null ? numbers.AppendNull() : numbers.Append(value)).ok());
    ASSERT_TRUE(
        (null ? decimals.AppendNull() : decimals.Append(arrow::Decimal128(value % 1'000'000)))
            .ok());
  }
  const arrow::ArrayVector columns = {*numbers.Finish(), *decimals.Finish()};
  const auto schema = arrow::schema(
      {arrow::field("n", arrow::int64()), arrow::field("d", arrow::decimal128(18, 0))});
  const auto all = arrow::RecordBatch::Make(schema, 20'000, columns);
  const auto rows = all->Slice(17);
  EXPECT_THAT(LeavesWithoutDictionary(*rows), ElementsAre(Leaf("n"), Leaf("d")));
  const std::string path = JoinPath(dir.path(), "packed.parquet");
  MP_ASSERT_OK_AND_ASSIGN(auto writer, ParquetWriter::Open(machine.env, path, schema));
  MP_ASSERT_OK(writer->Write(*rows));
  MP_ASSERT_OK(writer->Close());
  ExpectHolds(machine.env, path, rows);
}

// `a.b` beside the field b of a: what is said of the path holds for both, so nothing is said.
TEST(ColumnEncodingTest, ColumnsThatShareAPath) {
  testing::TestEnvironment machine;
  testing::TempDir dir;
  const std::vector<std::string> names = {"b"};
  const std::shared_ptr<arrow::Array> node =
      *arrow::StructArray::Make({Numbers(10'000, 10'000)}, names);
  const auto schema =
      arrow::schema({arrow::field("a", node->type()), arrow::field("a.b", arrow::utf8())});
  const auto rows =
      arrow::RecordBatch::Make(schema, 10'000, arrow::ArrayVector{node, Texts(10'000, 10'000)});
  const std::string path = JoinPath(dir.path(), "shared.parquet");
  MP_ASSERT_OK_AND_ASSIGN(auto writer, ParquetWriter::Open(machine.env, path, schema));
  MP_ASSERT_OK(writer->Write(*rows));
  EXPECT_THAT(writer->Close(), testing::IsOk());
}

TEST(ColumnEncodingTest, LeadingNullsTellNothing) {
  std::mt19937_64 random(7);
  arrow::StringBuilder texts;
  arrow::Int64Builder numbers;
  for (int64_t row = 0; row < 30'000; ++row) {
    ASSERT_TRUE((row < 9'000 ? texts.AppendNull() : texts.Append(std::to_string(random()))).ok());
    ASSERT_TRUE((row > 0 && row < 9'000 ? numbers.AppendNull() : numbers.Append(row)).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("t", arrow::utf8()), arrow::field("n", arrow::int64())});
  const arrow::ArrayVector columns = {*texts.Finish(), *numbers.Finish()};
  for (const auto& leaf :
       LeavesWithoutDictionary(*arrow::RecordBatch::Make(schema, 30'000, columns))) {
    EXPECT_TRUE(leaf.compress && !leaf.delta) << leaf.path.front();
  }
}

// Small batches are put together before they are encoded; none is lost, and the order stays.
TEST(ColumnEncodingTest, SmallBatchesAreWrittenTogether) {
  testing::TestEnvironment machine;
  testing::TempDir dir;
  const auto rows = Sample(100'000);
  const std::string path = JoinPath(dir.path(), "small.parquet");
  MP_ASSERT_OK_AND_ASSIGN(auto writer,
                          ParquetWriter::Open(machine.env, path, rows->schema(),
                                              {.threads = std::make_shared<EncoderThreads>(2)}));
  for (int64_t row = 0; row < rows->num_rows(); row += 777) {
    MP_ASSERT_OK(writer->Write(*rows->Slice(row, 777)));
  }
  EXPECT_EQ(writer->rows(), rows->num_rows());
  MP_ASSERT_OK(writer->Close());
  ExpectHolds(machine.env, path, rows);
}

// The same rows come back from a file whose columns several threads encoded.
TEST(ColumnEncodingTest, ColumnsAreEncodedSideBySide) {
  testing::TestEnvironment machine;
  testing::TempDir dir;
  const auto rows = Sample(100'000);
  for (int threads : {1, 4}) {
    const std::string path = JoinPath(dir.path(), fmt::format("{}.parquet", threads));
    MP_ASSERT_OK_AND_ASSIGN(
        auto writer, ParquetWriter::Open(machine.env, path, rows->schema(),
                                         {.row_group_rows = 30'000,
                                          .threads = std::make_shared<EncoderThreads>(threads)}));
    MP_ASSERT_OK(writer->Write(*rows->Slice(0, 50'000)));
    MP_ASSERT_OK(writer->Write(*rows->Slice(50'000)));
    MP_ASSERT_OK(writer->Close());

    MP_ASSERT_OK_AND_ASSIGN(auto reader, ParquetReader::Open(machine.env, path, 1 << 20));
    EXPECT_EQ(reader->num_row_groups(), 4);
    ExpectHolds(machine.env, path, rows);
  }
}

}  // namespace
}  // namespace millpond::data
