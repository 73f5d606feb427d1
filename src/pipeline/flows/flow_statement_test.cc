#include "pipeline/flows/flow_statement.h"

#include "base/testing/result_matchers.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<FlowStatement> Parse(std::string text) {
  data::SourceText source("silver.sql", std::move(text));
  MP_ASSIGN_OR_RETURN(auto statements, data::SplitStatements(source));
  return ParseFlowStatement(statements.at(0));
}

TEST(FlowStatement, ReadsAHeadWithEverything) {
  MP_ASSERT_OK_AND_ASSIGN(
      auto flow, Parse("-- purchases\n"
                       "CREATE OR REFRESH STREAMING TABLE shop.purchases (\n"
                       "  id BIGINT COMMENT 'it''s',\n"
                       "  dollars DECIMAL(10, 2),\n"
                       "  CONSTRAINT cheap EXPECT (dollars < (1 + 2)),\n"
                       "  CONSTRAINT known EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW,\n"
                       "  CONSTRAINT sane EXPECT (id > 0) ON VIOLATION FAIL UPDATE,\n"
                       "  CONSTRAINT whole EXPECT (line LIKE '%)%') ON VIOLATION QUARANTINE\n"
                       ") PARTITIONED BY (day) COMMENT 'what was bought'\n"
                       "TBLPROPERTIES ('quality' = 'silver', delta.x = 3)\n"
                       "AS SELECT * FROM STREAM(bronze) -- all\n;"));
  EXPECT_EQ(flow.kind, FlowKind::kStreamingTable);
  EXPECT_TRUE(flow.refresh);
  EXPECT_EQ(flow.name.ToString(), "main.shop.purchases");
  EXPECT_EQ(flow.Place(), "silver.sql:2:35");
  ASSERT_EQ(flow.columns.size(), 2u);
  EXPECT_EQ(flow.columns[0].type, "BIGINT");
  EXPECT_EQ(flow.columns[0].comment, "it's");
  EXPECT_EQ(flow.columns[1].type, "DECIMAL(10,2)");
  std::vector<std::string> conditions;
  std::vector<ViolationAction> actions;
  for (const Expectation& e : flow.expectations) {
    conditions.emplace_back(flow.source.text().substr(e.begin, e.end - e.begin));
    actions.push_back(e.action);
  }
  EXPECT_THAT(conditions,
              ElementsAre("dollars < (1 + 2)", "id IS NOT NULL", "id > 0", "line LIKE '%)%'"));
  EXPECT_THAT(actions, ElementsAre(ViolationAction::kWarn, ViolationAction::kDropRow,
                                   ViolationAction::kFailUpdate, ViolationAction::kQuarantine));
  EXPECT_THAT(flow.partition_columns, ElementsAre("day"));
  EXPECT_EQ(flow.comment, "what was bought");
  EXPECT_EQ(flow.properties.at("quality"), "silver");
  EXPECT_EQ(flow.properties.at("delta.x"), "3");
  EXPECT_EQ(flow.body, "SELECT * FROM STREAM(bronze)");
}

TEST(FlowStatement, ReadsViews) {
  MP_ASSERT_OK_AND_ASSIGN(auto view, Parse("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a"));
  EXPECT_EQ(view.kind, FlowKind::kMaterializedView);
  MP_ASSERT_OK_AND_ASSIGN(view, Parse("create temp view v as with x as (select 1) select 2"));
  EXPECT_EQ(view.kind, FlowKind::kTemporaryView);
  EXPECT_EQ(view.body, "with x as (select 1) select 2");
}

TEST(FlowStatement, SaysWhatIsWrongAndWhere) {
  auto fails = [](std::string text, std::string_view place, std::string_view message) {
    EXPECT_THAT(Parse(text), FailsWith(ErrorKind::kInvalidArgument,
                                       ::testing::AllOf(HasSubstr(place), HasSubstr(message))))
        << text;
  };
  fails("SELECT 1", "silver.sql:1:1", "expected CREATE [OR REFRESH] STREAMING TABLE");
  fails("CREATE STREAMING TABLE", "silver.sql:1:23", "expected a name");
  fails("CREATE STREAMING TABLE t", "1:25", "expected AS SELECT");
  fails("CREATE STREAMING TABLE t AS", "1:28", "expected a query");
  fails("CREATE STREAMING TABLE t FROM x", "1:26", "not 'FROM'");
  fails("CREATE STREAMING TABLE t (a BIGNT) AS SELECT 1", "1:29", "BIGNT");
  fails("CREATE STREAMING TABLE t (a INT, A INT) AS SELECT 1", "1:34", "declared twice");
  fails("CREATE STREAMING TABLE t (CONSTRAINT c EXPECT ()) AS SELECT 1", "1:48", "a condition");
  fails("CREATE STREAMING TABLE t (CONSTRAINT c EXPECT (a) ON VIOLATION WARN) AS SELECT 1", "1:64",
        "DROP ROW, FAIL UPDATE or QUARANTINE");
  fails("CREATE STREAMING TABLE t (a INT", "1:32", "expected )");
  fails("CREATE STREAMING TABLE t TBLPROPERTIES ('k' = -", "1:48", "a number after '-'");
  EXPECT_THAT(Parse("CREATE STREAMING TABLE t (a INT NOT NULL) AS SELECT 1"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("EXPECT (a IS NOT NULL)")));
  EXPECT_THAT(Parse("CREATE STREAMING TABLE t CLUSTER BY (a) AS SELECT 1"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("CLUSTER")));
}

TEST(FlowStatement, NormalizedTextLeavesOutLayoutAndComments) {
  data::SourceText a("a", "SELECT  a, 'X y' -- c\nFROM \"T\""), b("b", "select A,'X y' from \"T\"");
  EXPECT_EQ(*NormalizedText(a.text(), a), "select a , 'X y' from \"T\"");
  EXPECT_EQ(*NormalizedText(a.text(), a), *NormalizedText(b.text(), b));
}

}  // namespace
}  // namespace millpond::pipeline
