#include "data/arrow/batch_bytes.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>
#include <gtest/gtest.h>

namespace millpond::data {
namespace {

std::shared_ptr<arrow::Array> Finished(arrow::ArrayBuilder& builder) {
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Texts(int64_t rows) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE((row % 5 == 0 ? builder.AppendNull() : builder.Append(std::string(row, 'x'))).ok());
  }
  return Finished(builder);
}

std::shared_ptr<arrow::Array> Lists(int64_t rows) {
  auto values = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder builder(arrow::default_memory_pool(), values);
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(builder.Append().ok());
    EXPECT_TRUE(values->AppendValues(std::vector<int64_t>(row, row)).ok());
  }
  return Finished(builder);
}

std::shared_ptr<arrow::RecordBatch> Rows(int64_t rows) {
  arrow::Int32Builder numbers;
  arrow::BooleanBuilder flags;
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(numbers.Append(static_cast<int32_t>(row)).ok());
    EXPECT_TRUE(flags.Append(row % 2 == 0).ok());
  }
  const arrow::ArrayVector columns = {Finished(numbers), Finished(flags), Texts(rows), Lists(rows)};
  arrow::FieldVector fields;
  for (const auto& column : columns) {
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), column->type()));
  }
  auto inner = arrow::StructArray::Make(columns, fields).ValueOrDie();
  auto all = columns;
  all.push_back(inner);
  fields.push_back(arrow::field("s", inner->type()));
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, all);
}

// Arrow's own count, which knows what is shared; bits at the ends of slices are told apart.
void ExpectAbout(const arrow::RecordBatch& batch) {
  const auto arrows = static_cast<double>(arrow::util::ReferencedBufferSize(batch).ValueOrDie());
  EXPECT_NEAR(static_cast<double>(BytesOf(batch)), arrows, 64 + arrows / 100) << batch.num_rows();
}

TEST(BatchBytes, AreThoseOfTheRows) {
  const auto rows = Rows(1000);
  auto flat = rows->RemoveColumn(4).ValueOrDie();
  ExpectAbout(*flat);
  EXPECT_NEAR(BytesOf(*rows), 2 * BytesOf(*flat), 64);  // the struct is made of the columns
  for (const auto& [first, count] : {std::pair{0, 10}, {500, 1}, {990, 10}, {100, 800}, {7, 0}}) {
    ExpectAbout(*flat->Slice(first, count));
    EXPECT_NEAR(BytesOf(*rows->Slice(first, count)), 2 * BytesOf(*flat->Slice(first, count)), 64);
  }
  ExpectAbout(*Rows(0)->RemoveColumn(4).ValueOrDie());
}

}  // namespace
}  // namespace millpond::data
