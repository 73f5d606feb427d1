#include "pipeline/flows/pipeline.h"

#include "pipeline/flows/event_log.h"
#include "pipeline/flows/flow_test_project.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kBronze =
    "CREATE OR REFRESH STREAMING TABLE lines AS\n"
    "SELECT line, file, line_number FROM STREAM read_files('data/*.txt', format => 'text');\n";
constexpr const char* kSilver =
    "CREATE OR REFRESH STREAMING TABLE sales (\n"
    "  CONSTRAINT amount_known EXPECT (amount IS NOT NULL) ON VIOLATION QUARANTINE,\n"
    "  CONSTRAINT amount_positive EXPECT (amount > 0) ON VIOLATION QUARANTINE,\n"
    "  CONSTRAINT named EXPECT (name <> '') ON VIOLATION DROP ROW,\n"
    "  CONSTRAINT small EXPECT (amount < 100)\n"
    ") AS SELECT split_part(line, ',', 1) AS name,\n"
    "  try_cast(split_part(line, ',', 2) AS DECIMAL(10,2)) AS amount, file, line_number\n"
    "FROM STREAM(lines);\n";
constexpr const char* kGold =
    "CREATE OR REFRESH MATERIALIZED VIEW totals AS\n"
    "SELECT name, count(*) AS n, sum(amount) AS amount FROM sales GROUP BY name;\n";

class PipelineTest : public ::testing::Test {
 protected:
  void WriteShop() {
    project_.Write("transformations/1.sql", kGold);  // the order of files does not matter
    project_.Write("transformations/2.sql", std::string(kBronze) + kSilver);
    project_.Write("data/a.txt", "ann,1.50\nbob,x\n,3\nann,200\n");
    project_.Write("data/b.txt", "bob,-1\nbob,2\n");
  }
  const FlowReport& Flow(const PipelineReport& report, std::string_view name) {
    for (const FlowReport& flow : report.flows) {
      if (flow.name == name) return flow;
    }
    ADD_FAILURE() << "no flow " << name;
    return report.flows.at(0);
  }

  TestProject project_;
};

// A stream has the types of the table that it reads, TIMESTAMP_NTZ and what is in lists too.
TEST_F(PipelineTest, AStreamOfATableKeepsItsTypes) {
  project_.Write("transformations/1.sql",
                 "CREATE STREAMING TABLE t AS SELECT TIMESTAMP_NTZ '2024-01-31 10:00:00' AS clock, "
                 "[TIMESTAMP_NTZ '2024-01-31'] AS clocks, TIMESTAMP '2024-01-31' AS moment "
                 "FROM STREAM read_files('data/*.txt', format => 'text')");
  project_.Write("transformations/2.sql", "CREATE STREAMING TABLE u AS SELECT * FROM STREAM(t)");
  project_.Write("data/a.txt", "one\n");
  MP_ASSERT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT typeof(clock), typeof(clocks), typeof(moment), clock FROM u"),
              ElementsAre("TIMESTAMP_NTZ|TIMESTAMP_NTZ[]|TIMESTAMP WITH TIME ZONE|"
                          "2024-01-31 10:00:00.000000"));
}

TEST_F(PipelineTest, BronzeSilverGold) {
  WriteShop();
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  ASSERT_EQ(report.flows.size(), 3u);
  EXPECT_EQ(report.flows[0].name, "main.default.lines");
  EXPECT_EQ(report.flows[1].name, "main.default.sales");
  EXPECT_EQ(report.flows[2].name, "main.default.totals");
  const FlowReport& sales = report.flows[1];
  EXPECT_EQ(sales.rows_in, 6);
  EXPECT_EQ(sales.rows_out, 3);
  EXPECT_EQ(sales.rows_dropped, 1);
  EXPECT_EQ(sales.rows_quarantined, 2);
  EXPECT_THAT(sales.expectations,
              ElementsAre(ExpectationCount{"amount_known", ViolationAction::kQuarantine, 1},
                          ExpectationCount{"amount_positive", ViolationAction::kQuarantine, 2},
                          ExpectationCount{"named", ViolationAction::kDropRow, 1},
                          ExpectationCount{"small", ViolationAction::kWarn, 2}));
  EXPECT_THAT(
      project_.Rows("SELECT name, amount, file, line_number FROM sales"),
      ElementsAre("ann|1.50|data/a.txt|1", "ann|200.00|data/a.txt|4", "bob|2.00|data/b.txt|2"));
  EXPECT_THAT(project_.Rows("SELECT name, array_to_string(reasons, '+'), epoch, file, line_number "
                            "FROM sales_quarantine"),
              ElementsAre("bob|amount_known+amount_positive+small|1|data/a.txt|2",
                          "bob|amount_positive|1|data/b.txt|1"));
  EXPECT_THAT(project_.Rows("SELECT * FROM totals"), ElementsAre("ann|2|201.50", "bob|1|2.00"));
}

TEST_F(PipelineTest, ASecondRunChangesNothingAndANewFileIsReadAlone) {
  WriteShop();
  MP_ASSERT_OK_AND_ASSIGN(auto first, project_.Run());
  EXPECT_TRUE(first.changed());
  MP_ASSERT_OK_AND_ASSIGN(auto second, project_.Run());
  EXPECT_FALSE(second.changed());
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(second.flows[i].version, first.flows[i].version);
  EXPECT_EQ(second.flows[0].message, "no new data");
  EXPECT_EQ(second.flows[2].message, "inputs unchanged");

  project_.Write("data/c.txt", "cid,5\n");
  MP_ASSERT_OK_AND_ASSIGN(auto third, project_.Run());
  EXPECT_EQ(third.flows[0].files_read, 1);
  EXPECT_EQ(third.flows[1].rows_in, 1);
  EXPECT_EQ(third.flows[2].message, "computed anew: table main.default.sales changed");
  EXPECT_THAT(project_.Rows("SELECT * FROM totals"),
              ElementsAre("ann|2|201.50", "bob|1|2.00", "cid|1|5.00"));
}

TEST_F(PipelineTest, InstalmentsGiveTheSameRowsAsOneRun) {
  auto rows = [](TestProject& project) {
    auto all = project.Rows("SELECT * FROM sales");
    for (auto& row : project.Rows("SELECT * EXCLUDE (epoch) FROM sales_quarantine")) {
      all.push_back(row);
    }
    for (auto& row : project.Rows("SELECT * FROM totals")) all.push_back(row);
    return all;
  };
  SeededRandom random(7);
  std::vector<std::pair<std::string, std::string>> files;
  for (int f = 0; f < 6; ++f) {
    std::string text;
    for (uint64_t i = NextBelow(random, 50); i > 0; --i) {
      text += fmt::format("n{},{}\n", NextBelow(random, 3), NextBelow(random, 9) - 2.5);
    }
    files.emplace_back(fmt::format("data/{}.txt", f), text);
  }
  WriteShop();
  for (auto& [name, text] : files) project_.Write(name, text);
  MP_EXPECT_OK(project_.Run());

  TestProject instalments;
  std::string bronze = kBronze;
  bronze.insert(bronze.find(")"), ", maxFilesPerTrigger => 1");
  instalments.Write("transformations/1.sql", kGold);
  instalments.Write("transformations/2.sql", bronze + kSilver);
  instalments.Write("data/b.txt", "bob,-1\nbob,2\n");
  MP_EXPECT_OK(instalments.Run());
  for (auto& [name, text] : files) {
    instalments.Write(name, text);
    if (name < "data/3") {
      MP_EXPECT_OK(instalments.Run());
    }
  }
  instalments.Write("data/a.txt", "ann,1.50\nbob,x\n,3\nann,200\n");
  MP_ASSERT_OK_AND_ASSIGN(auto last, instalments.Run());
  EXPECT_EQ(last.flows[0].epochs, 4);
  EXPECT_EQ(rows(instalments), rows(project_));
}

TEST_F(PipelineTest, AViewIsComputedAnewWhenItsDefinitionChanges) {
  WriteShop();
  MP_EXPECT_OK(project_.Run());
  project_.Write("transformations/1.sql",
                 "CREATE MATERIALIZED VIEW totals AS SELECT name, max(amount) AS most FROM sales "
                 "GROUP BY name");
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  EXPECT_EQ(report.flows[2].message, "computed anew: its definition changed");
  EXPECT_THAT(project_.Rows("SELECT * FROM totals"), ElementsAre("ann|200.00", "bob|2.00"));
  project_.Write("transformations/1.sql",
                 "-- only said otherwise\nCREATE OR REFRESH MATERIALIZED VIEW totals AS\n"
                 "SELECT name, max(amount) AS most FROM sales GROUP BY name");
  MP_ASSERT_OK_AND_ASSIGN(report, project_.Run());
  EXPECT_TRUE(report.flows[2].changed);  // OR REFRESH is a word of the statement
}

TEST_F(PipelineTest, FailUpdateTouchesNothingAndGoesOnWhenTheCauseIsGone) {
  project_.Write("transformations/t.sql",
                 "CREATE STREAMING TABLE t (\n"
                 "  CONSTRAINT short EXPECT (length(line) < 3) ON VIOLATION FAIL UPDATE\n"
                 ") AS SELECT * FROM STREAM read_files('data', format => 'text')");
  project_.Write("data/a.txt", "a\n");
  MP_EXPECT_OK(project_.Run());
  project_.Write("data/b.txt", "b\nlong\nlonger\n");
  EXPECT_THAT(
      project_.Run(),
      FailsWith(ErrorKind::kInvalidArgument,
                AllOf(HasSubstr("main.default.t (transformations/t.sql:1:24)"), HasSubstr("short"),
                      HasSubstr("2 of 3 rows"), HasSubstr("data/b.txt:2"))));
  EXPECT_THAT(project_.Rows("SELECT line FROM t"), ElementsAre("a"));
  EXPECT_THAT(project_.Run(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("short")));
  project_.Write("data/b.txt", "b\n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT line FROM t"), ElementsAre("a", "b"));
}

TEST_F(PipelineTest, AWrongQueryIsCorrectedAndTheFlowGoesOn) {
  project_.Write("data/a.txt", "a\n12\n");
  auto table = [&](std::string select) {
    project_.Write("transformations/t.sql", "CREATE STREAMING TABLE t AS SELECT " + select +
                                                " FROM STREAM read_files('data', format => "
                                                "'text')");
  };
  table("CAST(line AS BIGINT) AS n");
  EXPECT_THAT(project_.Run(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'a'")));
  table("try_cast(line AS BIGINT) AS n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT n FROM t"), ElementsAre("12", "null"));
  project_.Write("data/b.txt", "1\n");
  table("nothing AS n");
  EXPECT_THAT(project_.Run(),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("transformations/t.sql:1:36")));
  table("2 * try_cast(line AS BIGINT) AS n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT n FROM t"), ElementsAre("12", "2", "null"));
}

TEST_F(PipelineTest, AChangedDefinitionHoldsForNewRows) {
  project_.Write("data/a.txt", "a\n");
  auto table = [&](std::string select) {
    project_.Write("transformations/t.sql",
                   "CREATE STREAMING TABLE t AS SELECT " + select +
                       " FROM STREAM read_files('data', format => 'text')");
  };
  table("line AS x");
  MP_EXPECT_OK(project_.Run());
  table("upper(line) AS x");
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  EXPECT_FALSE(report.changed());
  project_.Write("data/b.txt", "b\n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT x FROM t"), ElementsAre("B", "a"));

  table("line AS x, line_number AS n");
  EXPECT_THAT(project_.Run(),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("transformations/t.sql:1:24"), HasSubstr("no column n"),
                              HasSubstr("--full-refresh"))));
  RunOptions refresh;
  refresh.full_refresh = {"t"};
  MP_ASSERT_OK_AND_ASSIGN(report, project_.Run(refresh));
  EXPECT_EQ(report.flows[0].message, "full refresh");
  EXPECT_THAT(project_.Rows("SELECT * FROM t"), ElementsAre("a|1", "b|1"));
}

TEST_F(PipelineTest, AFileIsReadOnceAndMustStayAsItWas) {
  project_.Write("transformations/b.sql", kBronze);
  project_.Write("data/a.txt", "a\n");
  project_.Write("data/b.txt", "b\n");
  MP_EXPECT_OK(project_.Run());
  project_.Write("data/a.txt", "a\n");  // another time stamp
  project_.Remove("data/b.txt");
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  EXPECT_FALSE(report.changed());
  project_.Write("data/a.txt", "x\n");
  EXPECT_THAT(project_.Run(), FailsWith(ErrorKind::kInvalidArgument,
                                        AllOf(HasSubstr("transformations/b.sql:2:"),
                                              HasSubstr("file data/a.txt changed after"))));
  project_.Write("data/a.txt", "");
  EXPECT_THAT(project_.Run(),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("2 bytes then, 0 now")));
  RunOptions refresh;
  refresh.full_refresh = {"*"};
  project_.Write("data/a.txt", "new\n");
  MP_EXPECT_OK(project_.Run(refresh));
  EXPECT_THAT(project_.Rows("SELECT line FROM lines"), ElementsAre("new"));
}

TEST_F(PipelineTest, AStreamFollowsAppendsAndRefusesRewrittenRows) {
  project_.Write("transformations/t.sql",
                 "CREATE MATERIALIZED VIEW v AS SELECT line FROM read_files('data', format => "
                 "'text');\n"
                 "CREATE STREAMING TABLE t AS SELECT line FROM STREAM v;\n"
                 "CREATE STREAMING TABLE u AS SELECT line || '!' AS line FROM STREAM(t)");
  project_.Write("data/a.txt", "a\n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT line FROM u"), ElementsAre("a!"));
  project_.Write("data/b.txt", "b\n");
  EXPECT_THAT(project_.Run(), FailsWith(ErrorKind::kInvalidArgument,
                                        AllOf(HasSubstr("version 2 of table main.default.v"),
                                              HasSubstr("--full-refresh"))));
  RunOptions refresh;
  refresh.full_refresh = {"t"};  // u streams from it, so it is refreshed too
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run(refresh));
  EXPECT_EQ(Flow(report, "main.default.u").message, "full refresh");
  EXPECT_THAT(project_.Rows("SELECT line FROM u"), ElementsAre("a!", "b!"));
}

TEST_F(PipelineTest, ViewsTablesAndCasts) {
  project_.Write("transformations/t.sql",
                 "CREATE TEMPORARY VIEW raw AS SELECT trim(line) AS line FROM STREAM "
                 "read_files('data', format => 'text');\n"
                 "CREATE MATERIALIZED VIEW rates AS SELECT * FROM read_files('rates.csv', format "
                 "=> 'csv');\n"
                 "CREATE STREAMING TABLE t (currency STRING, n INT COMMENT 'how many') AS\n"
                 "SELECT r.line AS currency, rate * 2 AS n FROM STREAM(raw) AS r\n"
                 "LEFT JOIN rates ON rates.currency = r.line");
  project_.Write("rates.csv", "currency,rate\neur,3\n");
  project_.Write("data/a.txt", " eur\nusd\n");
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT *, typeof(n) FROM t"),
              ElementsAre("eur|6|INTEGER", "usd|null|INTEGER"));
  MP_ASSERT_OK_AND_ASSIGN(auto opened, project_.Open());
  MP_ASSERT_OK_AND_ASSIGN(auto lineage, opened.catalog->Lineage());
  std::vector<std::string> edges;
  for (const auto& edge : lineage) edges.push_back(edge.from_name + " > " + edge.to_name);
  std::sort(edges.begin(), edges.end());
  EXPECT_THAT(edges, ElementsAre("data > main.default.t", "main.default.rates > main.default.t",
                                 "rates.csv > main.default.rates"));
}

TEST_F(PipelineTest, EventsTellWhatEachEpochDid) {
  WriteShop();
  MP_EXPECT_OK(project_.Run());
  project_.Write("data/c.txt", "cid,0\n");
  MP_EXPECT_OK(project_.Run());
  MP_ASSERT_OK_AND_ASSIGN(auto opened, project_.Open());
  MP_ASSERT_OK_AND_ASSIGN(auto events, EventLog::Open(opened.catalog->workspace()));
  MP_ASSERT_OK_AND_ASSIGN(auto sales, events.Events("main.default.sales"));
  ASSERT_EQ(sales.size(), 2u);
  EXPECT_EQ(sales[0].epoch, 1);
  EXPECT_EQ(sales[0].outcome.rows_in, 6);
  EXPECT_EQ(sales[0].outcome.rows_quarantined, 2);
  EXPECT_EQ(sales[1].outcome.rows_in, 1);
  EXPECT_EQ(sales[1].outcome.rows_out, 0);
  EXPECT_EQ(sales[1].outcome.expectations[1].violations, 1);
  EXPECT_GT(sales[1].outcome.version, sales[0].outcome.version);
  EXPECT_THAT(sales[1].inputs, HasSubstr("main.default.lines"));
  MP_ASSERT_OK_AND_ASSIGN(auto lines, events.Events("main.default.lines"));
  EXPECT_THAT(lines.at(1).inputs, HasSubstr("[\"data/c.txt\"]"));
}

TEST_F(PipelineTest, AFileThatCannotBeReadIsNamed) {
  project_.Write("transformations/t.sql",
                 "CREATE STREAMING TABLE t AS SELECT * FROM STREAM read_files('data', format => "
                 "'csv', schema => 'a BIGINT')");
  project_.Write("data/a.csv", "a\n1\n");
  project_.Write("data/b.csv", "a\n1\nx\n");
  EXPECT_THAT(project_.Run(),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(::testing::StartsWith("streaming table main.default.t"),
                              HasSubstr(": data/b.csv: In CSV column #0: Row #3: CSV conversion"),
                              ::testing::Not(HasSubstr("arrow_scan")))));
  EXPECT_THAT(project_.Rows("SELECT * FROM t"), IsEmpty());
}

TEST_F(PipelineTest, SumsOfDoubleAreRefused) {
  project_.Write("data.csv", "d,m,n\n1.5,2.5,3\n");
  auto view = [&](std::string query) {
    project_.Write(
        "transformations/t.sql",
        "CREATE MATERIALIZED VIEW v AS\n" + query +
            " FROM read_files('data.csv', schema => 'd DOUBLE, m DECIMAL(10,2), n INT')");
    return project_.Run();
  };
  auto refused = [](std::string_view name) {
    return FailsWith(ErrorKind::kUnsupported, AllOf(HasSubstr("transformations/t.sql:2:8"),
                                                    HasSubstr(name), HasSubstr("DECIMAL(18,4)")));
  };
  EXPECT_THAT(view("SELECT sum(d) AS s"), refused("sum() adds up DOUBLE"));
  EXPECT_THAT(view("SELECT avg(d) FILTER (WHERE n > 1) AS s"), refused("avg()"));
  EXPECT_THAT(view("SELECT sum(d * m) OVER (ORDER BY n) AS s"), refused("sum()"));
  EXPECT_THAT(view("SELECT sum(x) AS s FROM (SELECT CAST(n AS FLOAT) AS x"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("t.sql:2:")));  // no end of it
  MP_EXPECT_OK(view("SELECT sum(m) AS s, avg(m) AS a, avg(n) AS b, max(d) AS c"));
  EXPECT_THAT(project_.Rows("SELECT * FROM v"), ElementsAre("2.50|2.5|3|1.5"));
}

TEST_F(PipelineTest, MistakesNameThePlace) {
  auto fails = [&](std::string sql, ErrorKind kind, std::string_view place,
                   std::string_view message) {
    project_.Write("transformations/t.sql", sql);
    EXPECT_THAT(project_.Run(), FailsWith(kind, AllOf(HasSubstr(place), HasSubstr(message))))
        << sql;
  };
  project_.Write("data/a.txt", "a\n");
  constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;
  fails("CREATE TABLE t AS SELECT 1", kBad, "t.sql:1:1", "hold nothing else");
  fails("CREATE MATERIALIZED VIEW v AS\nSELECT a FRM t", kBad, "t.sql:2:", "");
  fails("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a;\nCREATE MATERIALIZED VIEW V AS SELECT 2 AS a",
        kBad, "t.sql:2:26", "a second time");
  fails(
      "CREATE MATERIALIZED VIEW a AS SELECT * FROM b;\nCREATE MATERIALIZED VIEW b AS SELECT * "
      "FROM c;\nCREATE MATERIALIZED VIEW c AS SELECT * FROM a",
      kBad, "main.default.a → main.default.b → main.default.c → main.default.a", "circle");
  fails("CREATE MATERIALIZED VIEW v AS SELECT * FROM nowhere", ErrorKind::kNotFound, "t.sql:1:45",
        "nowhere");
  fails("CREATE MATERIALIZED VIEW v AS SELECT * FROM read_files('gone', format => 'text')",
        ErrorKind::kNotFound, "t.sql:1:45", "gone");
  fails("CREATE MATERIALIZED VIEW v AS SELECT * FROM read_files('/etc', format => 'text')",
        ErrorKind::kPermissionDenied, "t.sql:1:45", "/etc");
  fails(
      "CREATE STREAMING TABLE t (a STRING, b STRING) AS SELECT line AS a FROM STREAM "
      "read_files('data', format => 'text')",
      kBad, "t.sql:1:", "b");
  RunOptions refresh;
  refresh.full_refresh = {"other"};
  EXPECT_THAT(project_.Run(refresh), FailsWith(kBad, HasSubstr("main.default.t")));
  project_.Remove("transformations");
  MP_EXPECT_OK(project_.Run());  // a project without pipelines
}

}  // namespace
}  // namespace millpond::pipeline
