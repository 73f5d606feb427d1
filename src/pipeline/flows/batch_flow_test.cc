#include "pipeline/flows/batch_flow.h"

#include <arrow/builder.h>
#include <arrow/type.h>

#include "pipeline/flows/flow_test_project.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// n → n and n * factor.
class Times : public BatchOperator {
 public:
  explicit Times(int64_t factor) : factor_(factor) {}
  std::shared_ptr<arrow::Schema> input_schema() const override {
    return arrow::schema({arrow::field("n", arrow::int64())});
  }
  std::shared_ptr<arrow::Schema> output_schema() const override {
    return arrow::schema(
        {arrow::field("n", arrow::int64()), arrow::field("product", arrow::int64())});
  }
  std::string version_pin() const override { return fmt::format("times {}", factor_); }
  Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& batch) override {
    const auto& n = static_cast<const arrow::Int64Array&>(*batch.column(0));
    arrow::Int64Builder products;
    for (int64_t i = 0; i < n.length(); ++i) {
      MP_ARROW_RETURN_IF_ERROR(products.Append(n.Value(i) * factor_));
    }
    MP_ARROW_ASSIGN_OR_RETURN(auto column, products.Finish());
    return arrow::RecordBatch::Make(output_schema(), n.length(), {batch.column(0), column});
  }

 private:
  int64_t factor_;
};

class BatchFlowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    project_.Write("transformations/t.sql",
                   "CREATE STREAMING TABLE numbers (n BIGINT, s STRING) AS SELECT * FROM STREAM "
                   "read_files('data', format => 'csv')");
    project_.Write("data/a.csv", "n,s\n1,a\n2,b\n");
    MP_EXPECT_OK(project_.Run());
  }

  Result<FlowReport> Score(int64_t factor, std::string select = "SELECT s, n FROM numbers",
                           std::string parameters = "",
                           data::WriteMode mode = data::WriteMode::kOverwrite) {
    MP_ASSIGN_OR_RETURN(auto opened, project_.Open());
    Times times(factor);
    BatchFlow flow{"scoring.products",
                   data::SourceText("products.sql", std::move(select)),
                   {"main", "default", "products"},
                   mode,
                   std::move(parameters)};
    return RunBatchFlow(*opened.catalog, *opened.engine, flow, times);
  }

  TestProject project_;
};

TEST_F(BatchFlowTest, RunsOnceUntilSomethingChanges) {
  MP_ASSERT_OK_AND_ASSIGN(auto report, Score(10));
  EXPECT_TRUE(report.changed);
  EXPECT_EQ(report.rows_out, 2);
  EXPECT_THAT(project_.Rows("SELECT * FROM products"), ElementsAre("1|10", "2|20"));
  MP_ASSERT_OK_AND_ASSIGN(report, Score(10));
  EXPECT_FALSE(report.changed);
  EXPECT_EQ(report.message, "inputs unchanged");
  MP_ASSERT_OK_AND_ASSIGN(report, Score(3));
  EXPECT_THAT(project_.Rows("SELECT * FROM products"), ElementsAre("1|3", "2|6"));
  project_.Write("data/b.csv", "n,s\n4,d\n");
  MP_EXPECT_OK(project_.Run());
  MP_ASSERT_OK_AND_ASSIGN(report, Score(3));
  EXPECT_THAT(project_.Rows("SELECT * FROM products"), ElementsAre("1|3", "2|6", "4|12"));
  MP_ASSERT_OK_AND_ASSIGN(
      report, Score(3, "SELECT s, n FROM numbers", "as of 2", data::WriteMode::kAppend));
  EXPECT_THAT(project_.Rows("SELECT count(*) FROM products"), ElementsAre("6"));
}

TEST_F(BatchFlowTest, AScoreThatFailedGoesOnWithTheCorrectedTable) {
  project_.Write("transformations/v.sql",
                 "CREATE MATERIALIZED VIEW v AS SELECT * FROM read_files('v.csv')");
  project_.Write("v.csv", "s\n1\nx\n");
  MP_EXPECT_OK(project_.Run());
  std::string select = "SELECT CAST(s AS BIGINT) AS n FROM v";
  for (auto mode : {data::WriteMode::kOverwrite, data::WriteMode::kAppend}) {
    project_.Write("v.csv", "s\n1\nx\n");
    MP_EXPECT_OK(project_.Run());
    EXPECT_THAT(Score(2, select, "", mode),
                FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'x'")));
    project_.Write("v.csv", "s\n1\n3\n");
    MP_EXPECT_OK(project_.Run());
    MP_ASSERT_OK_AND_ASSIGN(auto report, Score(2, select, "", mode));
    EXPECT_EQ(report.rows_out, 2);
  }
  EXPECT_THAT(project_.Rows("SELECT * FROM products"), ElementsAre("1|2", "1|2", "3|6", "3|6"));
}

TEST_F(BatchFlowTest, TheQueryMustFitTheOperator) {
  EXPECT_THAT(
      Score(1, "SELECT s FROM numbers"),
      FailsWith(ErrorKind::kInvalidArgument,
                AllOf(HasSubstr("products.sql"), HasSubstr("needs column 'n' of type int64"),
                      HasSubstr("gives none"))));
  EXPECT_THAT(Score(1, "SELECT CAST(n AS INT) AS n FROM numbers"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("gives int32")));
  EXPECT_THAT(Score(1, "SELECT random() AS n FROM numbers"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("products.sql:1:8")));
}

}  // namespace
}  // namespace millpond::pipeline
