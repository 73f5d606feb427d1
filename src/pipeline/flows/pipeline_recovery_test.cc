// Flows that failed, and go on once the cause is corrected; flows whose definition changed.
#include "pipeline/flows/event_log.h"
#include "pipeline/flows/flow_test_project.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

class PipelineRecoveryTest : public ::testing::Test {
 protected:
  TestProject project_;
};

TEST_F(PipelineRecoveryTest, AViewThatFailedIsComputedFromTheCorrectedTable) {
  for (const char* b :
       {"b (CONSTRAINT ok EXPECT (v <> 'bad') ON VIOLATION FAIL UPDATE) AS SELECT k, v FROM a",
        "b AS SELECT k, CAST(CAST(v AS BIGINT) AS STRING) AS v FROM a"}) {
    TestProject project;
    project.Write("transformations/t.sql",
                  "CREATE MATERIALIZED VIEW a AS SELECT * FROM read_files('data', format => "
                  "'csv', schema => 'k STRING, v STRING');\n"
                  "CREATE MATERIALIZED VIEW " +
                      std::string(b));
    project.Write("data/1.csv", "k,v\nx,1\ny,bad\n");
    EXPECT_THAT(project.Run(), FailsWith(kBad, HasSubstr("main.default.b")));
    EXPECT_THAT(project.Run(), FailsWith(kBad, HasSubstr("main.default.b")));
    project.Write("data/1.csv", "k,v\nx,1\ny,2\n");
    MP_EXPECT_OK(project.Run());
    EXPECT_THAT(project.Rows("SELECT * FROM b"), ElementsAre("x|1", "y|2"));
    project.Write("data/2.csv", "k,v\nz,bad\n");  // and after an epoch that went well
    EXPECT_THAT(project.Run(), FailsWith(kBad, HasSubstr("main.default.b")));
    project.Write("data/2.csv", "k,v\nz,3\n");
    MP_EXPECT_OK(project.Run());
    EXPECT_THAT(project.Rows("SELECT * FROM b"), ElementsAre("x|1", "y|2", "z|3"));
  }
}

TEST_F(PipelineRecoveryTest, AStreamThatFailedOverADimensionReadsTheCorrectedOne) {
  project_.Write("transformations/t.sql",
                 "CREATE MATERIALIZED VIEW rates AS SELECT * FROM read_files('rates.csv', schema "
                 "=> 'k STRING, rate STRING');\n"
                 "CREATE STREAMING TABLE t AS SELECT line, CAST(rate AS BIGINT) AS rate FROM "
                 "STREAM read_files('data', format => 'text') JOIN rates ON k = line");
  project_.Write("rates.csv", "k,rate\na,1\nb,two\n");
  project_.Write("data/1.txt", "a\nb\n");
  EXPECT_THAT(project_.Run(), FailsWith(kBad, HasSubstr("'two'")));
  project_.Write("rates.csv", "k,rate\na,1\nb,2\n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT * FROM t"), ElementsAre("a|1", "b|2"));
}

TEST_F(PipelineRecoveryTest, AStreamThatIsTakenUpAgainGoesOnWhereItWasLeft) {
  auto flows = [&](std::string select) {
    project_.Write("transformations/t.sql",
                   "CREATE STREAMING TABLE s1 AS SELECT * FROM STREAM read_files('one', format => "
                   "'csv', schema => 'n BIGINT');\n"
                   "CREATE STREAMING TABLE s2 AS SELECT * FROM STREAM read_files('two', format => "
                   "'csv', schema => 'n BIGINT');\n"
                   "CREATE STREAMING TABLE t AS " +
                       select);
  };
  project_.Write("one/a.csv", "n\n1\n2\n");
  project_.Write("two/a.csv", "n\n10\n");
  flows("SELECT n FROM STREAM s1");
  MP_EXPECT_OK(project_.Run());
  for (int i = 0; i < 40; i += 8) {
    flows(fmt::format("SELECT n + {} AS n FROM STREAM s2", i));
    project_.Write(fmt::format("two/b{}.csv", i), "n\n20\n");
    MP_EXPECT_OK(project_.Run());
  }
  project_.Write("one/b.csv", "n\n3\n");
  flows("SELECT n FROM STREAM s1");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT n FROM t WHERE n < 10"), ElementsAre("1", "2", "3"));
  flows("SELECT n FROM STREAM s1 UNION ALL SELECT n FROM STREAM s2");
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  EXPECT_FALSE(report.changed());
  EXPECT_THAT(project_.Rows("SELECT n FROM t WHERE n >= 10"),
              ElementsAre("10", "20", "28", "36", "44", "52"));
}

TEST_F(PipelineRecoveryTest, TheEventOfACrashedRunIsWhole) {
  project_.Write("transformations/t.sql",
                 "CREATE STREAMING TABLE t (CONSTRAINT c EXPECT (line <> 'bad') ON VIOLATION "
                 "QUARANTINE) AS SELECT line FROM STREAM read_files('data', format => 'text')");
  project_.Write("data/a.txt", "a\nbad\n");
  MP_EXPECT_OK(project_.Run());
  auto events = [&]() -> std::vector<FlowEvent> {
    auto opened = project_.Open();
    return *EventLog::Open(opened->catalog->workspace())->Events("main.default.t");
  };
  FlowEvent before = events().at(0);
  EXPECT_GE(before.outcome.version, 0);
  EXPECT_GE(before.outcome.quarantine_version, 0);
  project_.Remove(".millpond/meta.db");  // as if the crash had come before the log's row
  MP_EXPECT_OK(project_.Run());
  FlowEvent after = events().at(0);
  EXPECT_EQ(after.outcome.version, before.outcome.version);
  EXPECT_EQ(after.outcome.quarantine_version, before.outcome.quarantine_version);
  EXPECT_EQ(after.outcome.bytes, before.outcome.bytes);
}

}  // namespace
}  // namespace millpond::pipeline
