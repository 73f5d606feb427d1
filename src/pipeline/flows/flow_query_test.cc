#include "pipeline/flows/flow_query.h"

#include "base/testing/result_matchers.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The last statement of a file, the views before it known to it.
Result<FlowQuery> Query(std::string text) {
  data::SourceText source("t.sql", std::move(text));
  MP_ASSIGN_OR_RETURN(auto statements, data::SplitStatements(source));
  ViewMap views;
  for (const auto& statement : statements) {
    MP_ASSIGN_OR_RETURN(FlowStatement flow, ParseFlowStatement(statement));
    if (flow.kind == FlowKind::kTemporaryView) {
      views[flow.name.table] = flow;
    } else {
      return MakeFlowQuery(flow, views);
    }
  }
  return Fail(ErrorKind::kInternal, "no table in the test's text");
}

std::string Composed(const FlowQuery& query, bool with_conditions) {
  auto composed = Compose(query, 0, with_conditions);
  if (!composed.has_value()) return composed.error().ToString();
  auto text = data::Rewrite(composed->part, composed->source, composed->replacements);
  return text.has_value() ? text->text() : text.error().ToString();
}

TEST(FlowQuery, FindsItsInputs) {
  MP_ASSERT_OK_AND_ASSIGN(
      auto query,
      Query("CREATE STREAMING TABLE t AS SELECT * FROM STREAM a.b AS x JOIN c USING (k) "
            "JOIN c AS again USING (k) JOIN d VERSION AS OF 3 USING (k)"));
  ASSERT_EQ(query.inputs.size(), 3u);
  EXPECT_EQ(query.inputs[0].Key(), "table main.a.b");
  EXPECT_TRUE(query.inputs[0].stream);
  EXPECT_EQ(query.inputs[1].Key(), "table main.default.c");
  EXPECT_FALSE(query.inputs[1].stream);
  EXPECT_TRUE(query.inputs[2].fixed_version);
  EXPECT_THAT(Composed(query, false),
              HasSubstr("FROM (SELECT * FROM \"__millpond_input_1\" AS x JOIN c"));

  MP_ASSERT_OK_AND_ASSIGN(query, Query("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n\n"
                                       "FROM read_files('in', format => 'text')"));
  ASSERT_EQ(query.inputs.size(), 1u);
  EXPECT_EQ(query.inputs[0].Key(), "files in");
  EXPECT_EQ(query.inputs[0].place, "t.sql:2:6");
  EXPECT_THAT(Composed(query, false), HasSubstr("FROM \"__millpond_input_1\" AS \"read_files\""));
}

TEST(FlowQuery, PutsViewsCastsAndConditionsAroundTheBody) {
  MP_ASSERT_OK_AND_ASSIGN(auto query,
                          Query("CREATE TEMPORARY VIEW lines AS SELECT line, now() AS at\n"
                                "FROM STREAM read_files('in', format => 'text');\n"
                                "CREATE STREAMING TABLE t (line STRING, at TIMESTAMP,\n"
                                "  CONSTRAINT full EXPECT (line <> '')) AS SELECT * FROM lines"));
  EXPECT_TRUE(query.uses_now);
  EXPECT_EQ(query.inputs.size(), 1u);
  EXPECT_EQ(
      Composed(query, true),
      "WITH \"lines\" AS (SELECT line, CAST('1970-01-01T00:00:00.000000Z' AS TIMESTAMP WITH TIME "
      "ZONE) AS at\nFROM \"__millpond_input_1\" AS \"read_files\"\n)"
      "SELECT *, coalesce(CAST((line <> ''\n) AS BOOLEAN), false) AS "
      "\"__millpond_expectation_0\" FROM ("
      "SELECT CAST(\"line\" AS STRING) AS \"line\", CAST(\"at\" AS TIMESTAMP) AS \"at\" FROM ("
      "SELECT * FROM lines"
      ") AS __millpond_rows) AS __millpond_checked");
}

TEST(FlowQuery, FingerprintFollowsMeaning) {
  auto print = [](std::string text) { return Query(std::move(text))->fingerprint; };
  std::string a = print("CREATE STREAMING TABLE t AS SELECT a FROM STREAM u");
  EXPECT_EQ(a, print("create streaming table t as -- same\n  SELECT a FROM stream u"));
  EXPECT_NE(a, print("CREATE STREAMING TABLE t AS SELECT b FROM STREAM u"));
  std::string view = "CREATE TEMPORARY VIEW w AS SELECT 1 AS a FROM STREAM u;";
  std::string other = "CREATE TEMPORARY VIEW w AS SELECT 2 AS a FROM STREAM u;";
  std::string table = "CREATE STREAMING TABLE t AS SELECT a FROM w";
  EXPECT_NE(print(view + table), print(other + table));
}

TEST(FlowQuery, RefusesWhatGivesOtherRowsEachTime) {
  auto fails = [](std::string select, std::string_view place, std::string_view message) {
    EXPECT_THAT(Query("CREATE MATERIALIZED VIEW v AS\n" + select),
                FailsWith(ErrorKind::kInvalidArgument,
                          ::testing::AllOf(HasSubstr(place), HasSubstr(message))))
        << select;
  };
  fails("SELECT random() AS r FROM t", "t.sql:2:8", "random() gives another value");
  fails("SELECT a FROM (SELECT uuid() AS a FROM t)", "t.sql:2:23", "uuid()");
  fails("SELECT row_number() OVER (PARTITION BY a) AS r FROM t", "t.sql:2:8", "ORDER BY");
  fails("SELECT first(a) AS a FROM t", "t.sql:2:8", "first(x ORDER BY …)");
  fails("SELECT a FROM t LIMIT 3", "t.sql:2:23", "LIMIT without ORDER BY");
  fails("SELECT a FROM STREAM t", "t.sql:2:15", "leave out STREAM");
  fails("SELECT a FROM t USING SAMPLE 10 ROWS", "t.sql:2:8", "USING SAMPLE");
  fails("SELECT a FROM u JOIN t TABLESAMPLE 10% USING (a)", "t.sql:2:22", "TABLESAMPLE");
  fails("SELECT sum(a) AS s FROM (SELECT a FROM t LIMIT 3)", "t.sql:2:48",
        "LIMIT without ORDER BY");
  fails("WITH c AS (SELECT a FROM t OFFSET 3) SELECT a FROM c", "t.sql:2:35", "LIMIT without");
  fails("SELECT a FROM t WHERE a IN (SELECT b FROM u LIMIT 1)", "t.sql:2:51", "LIMIT without");
  fails("SELECT * FROM (SELECT DISTINCT ON (a % 7) a FROM t)", "t.sql:2:38", "DISTINCT ON");
  fails("SELECT t.a FROM t POSITIONAL JOIN u", "t.sql:2:35", "POSITIONAL JOIN");
  fails("SELECT any_value(a) AS a FROM t", "t.sql:2:8", "any_value(x ORDER BY …)");
  fails("SELECT string_agg(a, ',') AS a FROM t", "t.sql:2:8", "string_agg(x ORDER BY …)");
  fails("SELECT ARRAY(SELECT a FROM t) AS a", "t.sql:2:", "array_agg");
  fails("SELECT array_agg(a) OVER () AS a FROM t", "t.sql:2:8", "ORDER BY to its window");
  fails("SELECT arg_min(a, b) AS a FROM t", "t.sql:2:8", "first(x ORDER BY y, x)");
  fails("SELECT max_by(a, b) OVER (ORDER BY c) AS a FROM t", "t.sql:2:8", "y DESC, x)");
  fails("SELECT mode(a) AS a FROM t", "t.sql:2:8", "GROUP BY");
  fails("SELECT reservoir_quantile(a, 0.5) AS a FROM t", "t.sql:2:8", "quantile_disc");
  fails("SELECT 1 + approx_quantile(a, 0.5) AS a FROM t", "t.sql:2:12", "quantile_disc");
  MP_EXPECT_OK(
      Query("CREATE MATERIALIZED VIEW v AS SELECT row_number() OVER (ORDER BY a) AS r, "
            "first(a ORDER BY b) FROM t GROUP BY ALL ORDER BY 1 LIMIT 3"));
}

TEST(FlowQuery, RefusesTheWallClock) {
  for (const char* clock :
       {"\"now\"()", "main.now()", "\"current_date\"()", "\"current_date\"", "localtime",
        "current_localtime()", "system.main.today()", "main.get_current_timestamp()",
        "main.transaction_timestamp()", "current_time", "get_current_time()", "LocalTime"}) {
    EXPECT_THAT(Query(fmt::format("CREATE MATERIALIZED VIEW v AS\nSELECT {} AS t FROM u", clock)),
                FailsWith(ErrorKind::kInvalidArgument,
                          ::testing::AllOf(HasSubstr("t.sql:2:8"), HasSubstr("wall clock"))))
        << clock;
  }
  EXPECT_THAT(
      Query("CREATE MATERIALIZED VIEW v AS\nSELECT list_transform(a, x -> age(x)) AS t FROM u"),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("age(CAST(now() AS TIMESTAMP), x)")));
  EXPECT_THAT(Query("CREATE STREAMING TABLE v (CONSTRAINT c EXPECT (d < \"now\"())) AS\n"
                    "SELECT d FROM STREAM u"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("t.sql:1:52")));
  MP_EXPECT_OK(
      Query("CREATE MATERIALIZED VIEW v AS SELECT now(), NOW ( ), current_date, current_date(), "
            "today(), localtimestamp, current_localtimestamp(), current_timestamp, "
            "get_current_timestamp(), transaction_timestamp(), age(a, b), u.localtime FROM u"));
}

TEST(FlowQuery, RefusesStateOverAStream) {
  auto fails = [](std::string select, std::string_view message) {
    EXPECT_THAT(Query("CREATE STREAMING TABLE t AS\n" + select),
                FailsWith(ErrorKind::kUnsupported,
                          ::testing::AllOf(HasSubstr("t.sql:2:"), HasSubstr(message))))
        << select;
  };
  fails("SELECT count(*) AS n FROM STREAM u", "aggregate count");
  fails("SELECT a FROM STREAM u GROUP BY a", "GROUP BY");
  fails("SELECT DISTINCT a FROM STREAM u", "DISTINCT");
  fails("SELECT a FROM STREAM u ORDER BY a", "ORDER BY");
  fails("SELECT sum(a) OVER (ORDER BY b) AS s FROM STREAM u", "window function sum");
  fails("SELECT a FROM STREAM u UNION SELECT a FROM STREAM w", "union");
  fails("SELECT u.a FROM STREAM u JOIN STREAM w USING (a)", "a join of two STREAMs");
  fails("SELECT w.a FROM w LEFT JOIN STREAM u USING (a)", "left join");
  fails("SELECT w.a FROM STREAM u FULL JOIN w USING (a)", "full join");
  fails("WITH x AS (SELECT max(a) AS m FROM STREAM u) SELECT m FROM x", "aggregate max");
  fails("WITH x AS (SELECT a FROM STREAM u) SELECT count(*) AS n FROM x", "aggregate count");
  fails("SELECT a FROM d WHERE a IN (SELECT a FROM STREAM u)", "subquery in an expression");
  fails("WITH x AS (SELECT a FROM STREAM u) SELECT a FROM d WHERE a IN (SELECT a FROM x)",
        "subquery in an expression");
  fails(
      "WITH x AS (SELECT a FROM STREAM u) SELECT a FROM d WHERE EXISTS (SELECT 1 FROM x AS y "
      "JOIN e ON e.a = y.a)",
      "subquery in an expression");
  fails("SELECT d.a FROM d JOIN e ON d.a IN (SELECT a FROM STREAM u)", "subquery");
  fails("WITH x AS (SELECT a FROM STREAM u) SELECT d.a FROM d JOIN e ON d.a = (SELECT a FROM x)",
        "subquery");
  fails("SELECT (WITH x AS (SELECT a FROM STREAM u) SELECT a FROM x) AS a FROM d", "subquery");
  fails("SELECT a FROM d ORDER BY (SELECT a FROM STREAM u)", "subquery");
  fails(
      "WITH RECURSIVE x AS (SELECT a FROM STREAM u UNION ALL SELECT a + 1 FROM x WHERE a < 9) "
      "SELECT a FROM x",
      "WITH RECURSIVE");
  fails("SELECT u.a FROM STREAM u ASOF RIGHT JOIN w ON u.a >= w.a", "asof right join");
  EXPECT_THAT(Query("CREATE TEMPORARY VIEW x AS SELECT a FROM STREAM u;\n"
                    "CREATE STREAMING TABLE t AS SELECT a FROM d WHERE a IN (SELECT a FROM x)"),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("subquery in an expression")));
  for (const char* dim : {"SELECT a FROM d", "SELECT 1 AS a", "SELECT a FROM d WHERE a > 1"}) {
    for (bool first : {false, true}) {
      std::string stream = "SELECT a FROM STREAM u", other = dim;
      if (first) swap(stream, other);
      EXPECT_THAT(Query("CREATE STREAMING TABLE t AS\nSELECT * FROM (" + stream + " UNION ALL " +
                        other + ")"),
                  FailsWith(ErrorKind::kInvalidArgument,
                            ::testing::AllOf(HasSubstr("t.sql:2:"), HasSubstr("reads no STREAM"),
                                             HasSubstr("MATERIALIZED VIEW"))));
    }
  }
  MP_EXPECT_OK(
      Query("CREATE STREAMING TABLE t AS SELECT a FROM STREAM u NATURAL JOIN d WHERE a IN "
            "(WITH x AS (SELECT a FROM e) SELECT a FROM x)"));
  MP_EXPECT_OK(
      Query("CREATE STREAMING TABLE t AS SELECT u.a, s FROM STREAM u JOIN "
            "(SELECT a, sum(b) AS s FROM w GROUP BY a) USING (a)"));
  MP_EXPECT_OK(
      Query("CREATE STREAMING TABLE t AS SELECT a FROM STREAM u UNION ALL "
            "SELECT a FROM STREAM w"));
  EXPECT_THAT(Query("CREATE STREAMING TABLE t AS SELECT a FROM u"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("reads no STREAM")));
  EXPECT_THAT(Query("CREATE STREAMING TABLE t (CONSTRAINT c EXPECT (count(a) > 0)) AS SELECT a "
                    "FROM STREAM u"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("one row")));
}

}  // namespace
}  // namespace millpond::pipeline
