#include "pipeline/expectations/row_split.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/testing/result_matchers.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<arrow::Array> Ints(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return *builder.Finish();
}

// 't', 'f' or 'n' (NULL) a row.
std::shared_ptr<arrow::Array> Bools(std::string_view values) {
  arrow::BooleanBuilder builder;
  for (char c : values) {
    EXPECT_TRUE((c == 'n' ? builder.AppendNull() : builder.Append(c == 't')).ok());
  }
  return *builder.Finish();
}

std::shared_ptr<arrow::RecordBatch> Checked(std::vector<std::string_view> conditions) {
  int64_t rows = static_cast<int64_t>(conditions[0].size());
  arrow::FieldVector fields = {arrow::field("line_number", arrow::int64())};
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < rows; ++i) numbers.push_back(i + 1);
  arrow::ArrayVector columns = {Ints(numbers)};
  for (size_t i = 0; i < conditions.size(); ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), arrow::boolean()));
    columns.push_back(Bools(conditions[i]));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, columns);
}

const auto kRows = arrow::schema({arrow::field("line_number", arrow::int64())});

std::string Column(const std::shared_ptr<arrow::RecordBatch>& batch, int column) {
  return batch == nullptr ? "none" : batch->column(column)->ToString();
}

TEST(RowSplitter, SortsRowsByTheGravestViolation) {
  RowSplitter splitter({{"warned", ViolationAction::kWarn},
                        {"dropped", ViolationAction::kDropRow},
                        {"kept_aside", ViolationAction::kQuarantine}},
                       kRows, 7);
  //                                               row: 12345
  MP_ASSERT_OK_AND_ASSIGN(auto split, splitter.Split(*Checked({"ttftf", "tftft", "ttttn"})));
  EXPECT_EQ(split.kept->num_rows(), 2);
  EXPECT_THAT(Column(split.kept, 0), HasSubstr("1,\n  3"));
  ASSERT_EQ(split.quarantined->num_rows(), 1);
  EXPECT_THAT(Column(split.quarantined, 0), HasSubstr("5"));
  EXPECT_THAT(Column(split.quarantined, 1), HasSubstr("\"warned\",\n    \"kept_aside\""));
  EXPECT_THAT(Column(split.quarantined, 2), HasSubstr("7"));
  EXPECT_EQ(splitter.rows_in(), 5);
  EXPECT_EQ(splitter.rows_kept(), 2);
  EXPECT_EQ(splitter.rows_dropped(), 2);
  EXPECT_EQ(splitter.rows_quarantined(), 1);
  EXPECT_THAT(splitter.counts(),
              ElementsAre(ExpectationCount{"warned", ViolationAction::kWarn, 2},
                          ExpectationCount{"dropped", ViolationAction::kDropRow, 2},
                          ExpectationCount{"kept_aside", ViolationAction::kQuarantine, 1}));
  MP_EXPECT_OK(splitter.CheckFailures());
  // A row to be dropped and quarantined is quarantined; one without any left gives no batch.
  MP_ASSERT_OK_AND_ASSIGN(split, splitter.Split(*Checked({"t", "f", "f"})));
  EXPECT_EQ(split.kept, nullptr);
  EXPECT_EQ(split.quarantined->num_rows(), 1);
}

TEST(RowSplitter, AFailureNamesTheFirstRowAndHowMany) {
  RowSplitter splitter({{"sane", ViolationAction::kFailUpdate}}, kRows, 1);
  MP_EXPECT_OK(splitter.Split(*Checked({"ttf"})));
  MP_EXPECT_OK(splitter.Split(*Checked({"fn"})));
  EXPECT_THAT(splitter.CheckFailures(),
              FailsWith(ErrorKind::kInvalidArgument,
                        ::testing::AllOf(HasSubstr("sane"), HasSubstr("3 of 5 rows"),
                                         HasSubstr("line_number = 3"))));
}

TEST(QuarantineSchema, RefusesItsOwnNames) {
  EXPECT_THAT(QuarantineSchema(*arrow::schema({arrow::field("Reasons", arrow::utf8())})),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("Reasons")));
}

}  // namespace
}  // namespace millpond::pipeline
