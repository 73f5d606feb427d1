// What a flow may not say and only its bound query shows: behind aliases, macros and CTEs.
#include "pipeline/flows/flow_test_project.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PipelineRefusalsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    project_.Write("d.csv", "k,v\n1,5\n2,7\n");
    project_.Write("data/s.csv", "k,v\n1,1\n2,2\n");
  }
  Result<PipelineReport> Run(const std::string& statement) {
    project_.Write("transformations/t.sql",
                   "CREATE MATERIALIZED VIEW d AS SELECT * FROM read_files('d.csv', schema => "
                   "'k BIGINT, v BIGINT');\n" +
                       statement);
    return project_.Run();
  }
  Result<PipelineReport> Stream(const std::string& select) {
    std::string reader = "STREAM read_files('data', format => 'csv', schema => 'k INT, v INT')";
    std::string text = select;
    text.replace(text.find("$S"), 2, reader);
    return Run("CREATE OR REFRESH STREAMING TABLE t AS\n" + text);
  }
  Result<PipelineReport> View(const std::string& select) {
    return Run("CREATE MATERIALIZED VIEW t AS\n" + select);
  }

  TestProject project_;
};

TEST_F(PipelineRefusalsTest, AnyAggregateOverAStream) {
  for (const char* call : {"regr_count(v, k)", "bitstring_agg(v, 0, 9)", "weighted_avg(v, k)",
                           "wavg(v, k)", "mad(v)"}) {
    for (std::string select : {fmt::format("SELECT {} AS x FROM $S", call),
                               fmt::format("WITH c AS (SELECT * FROM $S), e AS (SELECT k + 1 AS k, "
                                           "v FROM c) SELECT {} AS x FROM e",
                                           call)}) {
      auto result = Stream(select);
      ASSERT_FALSE(result.has_value()) << select;
      EXPECT_THAT(result.error().ToString(), HasSubstr("over a STREAM")) << select;
      EXPECT_THAT(result.error().ToString(), HasSubstr("t.sql:")) << select;
    }
  }
  MP_EXPECT_OK(
      Stream("SELECT s.k, (SELECT max(v) FROM d WHERE d.k = s.k) AS m, (SELECT regr_count(v, k) "
             "FROM d) AS n FROM $S AS s JOIN (SELECT k, weighted_avg(v, k) AS w FROM d GROUP BY k) "
             "AS e USING (k) WHERE s.k IN (SELECT max(k) FROM d UNION ALL SELECT min(k) FROM d)"));
  EXPECT_THAT(project_.Rows("SELECT * FROM t"), ElementsAre("1|5|2", "2|7|2"));
}

TEST_F(PipelineRefusalsTest, MistakesNameTheirPlace) {
  constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;
  project_.Write("x.csv", "s\nx\n");
  std::string from = "\nFROM read_files('x.csv')";
  auto cast_fails = [](std::string_view place) {
    return FailsWith(kBad, AllOf(HasSubstr("transformations/t.sql:" + std::string(place) +
                                           ": Could not convert string 'x'"),
                                 HasSubstr("write try_cast")));
  };
  EXPECT_THAT(View("SELECT upper(s) AS u,\n  CAST(s AS BIGINT) AS n" + from), cast_fails("4:3"));
  EXPECT_THAT(Run("CREATE MATERIALIZED VIEW t (\n  CONSTRAINT c EXPECT (s)) AS SELECT s" + from),
              cast_fails("3:24"));
  EXPECT_THAT(
      Run("CREATE MATERIALIZED VIEW t (\n  CONSTRAINT c EXPECT (1 < s::INT)) AS SELECT s" + from),
      cast_fails("3:29"));
  EXPECT_THAT(Run("CREATE MATERIALIZED VIEW t (\n  s BIGINT) AS SELECT s" + from),
              cast_fails("3:3"));
  EXPECT_THAT(Run("CREATE MATERIALIZED VIEW parted PARTITIONED BY (p) AS SELECT s" + from),
              FailsWith(kBad, AllOf(HasSubstr("t.sql:2:26"), HasSubstr("column p"),
                                    HasSubstr("it gives s"))));
  EXPECT_THAT(View("SELECT s FROM nowhere"),
              FailsWith(ErrorKind::kNotFound,
                        AllOf(HasSubstr("t.sql:3:15"), HasSubstr("make the table first"))));
}

TEST_F(PipelineRefusalsTest, WhatAMacroHides) {
  constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;
  EXPECT_THAT(View("SELECT json_group_array(v) AS a FROM d"),
              FailsWith(kBad, AllOf(HasSubstr("t.sql:2:"), HasSubstr("ORDER BY"))));
  EXPECT_THAT(View("SELECT regr_avgx(CAST(v AS DOUBLE), k) AS a FROM d"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("DECIMAL")));
  EXPECT_THAT(View("SELECT geomean(v) AS a FROM d"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("DECIMAL")));
  MP_EXPECT_OK(View("SELECT k, CASE WHEN v < 0 THEN error('negative') ELSE v END AS v FROM d"));
}

}  // namespace
}  // namespace millpond::pipeline
