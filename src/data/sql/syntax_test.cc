#include "data/sql/syntax.h"

#include "base/testing/result_matchers.h"

namespace millpond::data {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SqlExpr Expression(std::string text) {
  const SourceText source("q.sql", std::move(text));
  auto expression = ParseExpression(source.text(), source);
  EXPECT_TRUE(expression.has_value()) << expression.error().ToString();
  return expression.value_or(SqlExpr{});
}

std::string Text(std::string text) {
  return ToString(Expression(std::move(text)));
}

Result<SelectTree> Parse(std::string text) {
  return ParseSelect(SourceText("q.sql", std::move(text)));
}

TEST(Expressions, ConstantsAreExact) {
  EXPECT_EQ(Text("3.50"), "3.50");
  EXPECT_EQ(Expression("3.50").literal.kind, SqlLiteral::Kind::kDecimal);
  EXPECT_EQ(Text("-42"), "-42");
  EXPECT_EQ(Text("170141183460469231731687303715884105727"),
            "170141183460469231731687303715884105727");
  EXPECT_EQ(Text("TRUE"), "true");
  EXPECT_EQ(Text("false"), "false");
  EXPECT_EQ(Text("NULL"), "NULL");
  EXPECT_EQ(Text("DATE '1998-07-01'"), "DATE '1998-07-01'");
  EXPECT_EQ(Text("TIMESTAMP '1998-07-01 10:00:00'"), "TIMESTAMP '1998-07-01T10:00:00.000000Z'");
  EXPECT_EQ(Text("'it''s'"), "'it''s'");
  EXPECT_EQ(Expression("1e3").literal.kind, SqlLiteral::Kind::kDouble);
}

TEST(Expressions, IntervalsAreWhole) {
  EXPECT_EQ(Text("INTERVAL 90 DAYS"), "INTERVAL 90 DAYS");
  EXPECT_EQ(Text("INTERVAL '90' DAY"), "INTERVAL 90 DAYS");
  EXPECT_EQ(Text("INTERVAL '90 days'"), "INTERVAL 90 DAYS");
  EXPECT_EQ(Text("'90 days'::INTERVAL"), "INTERVAL 90 DAYS");
  EXPECT_EQ(Text("INTERVAL 1 HOUR"), "INTERVAL 3600000000 MICROSECONDS");
  EXPECT_EQ(Text("INTERVAL '1.5' SECONDS"), "INTERVAL 1500000 MICROSECONDS");
  EXPECT_EQ(Text("INTERVAL 2 WEEKS"), "INTERVAL 14 DAYS");
  EXPECT_EQ(Text("INTERVAL 1 YEAR"), "INTERVAL 12 MONTHS");
  EXPECT_EQ(Text("ts + INTERVAL 23 HOURS"), "(\"ts\" + INTERVAL 82800000000 MICROSECONDS)");
  EXPECT_EQ(Expression("INTERVAL (x) DAYS").kind, SqlExprKind::kFunction);
}

TEST(Expressions, EveryKindIsRead) {
  EXPECT_EQ(Text("a + b * 2"), "(\"a\" + (\"b\" * 2))");
  EXPECT_EQ(Text("a = 1 AND b <> 2 AND NOT c"), "((\"a\" = 1) AND (\"b\" <> 2) AND (NOT \"c\"))");
  EXPECT_EQ(Text("a IN (1, 2) OR b NOT IN ('x')"), "((\"a\" IN (1, 2)) OR (\"b\" NOT IN ('x')))");
  EXPECT_EQ(Text("a BETWEEN 1 AND 2"), "(\"a\" BETWEEN 1 AND 2)");
  EXPECT_EQ(Text("CASE WHEN a THEN 1 END"), "CASE WHEN \"a\" THEN 1 ELSE NULL END");
  EXPECT_EQ(Text("CAST(a AS DECIMAL(10,2))"), "CAST(\"a\" AS DECIMAL(10,2))");
  EXPECT_EQ(Text("a::STRING"), "CAST(\"a\" AS VARCHAR)");
  EXPECT_EQ(Text("TRY_CAST(a AS BIGINT)"), "TRY_CAST(\"a\" AS BIGINT)");
  EXPECT_EQ(Text("a IS NULL"), "(\"a\" IS NULL)");
  EXPECT_EQ(Text("a IS NOT NULL"), "(\"a\" IS NOT NULL)");
  EXPECT_EQ(Text("a <=> b"), "(\"a\" is not distinct from \"b\")");
  EXPECT_EQ(Text("a LIKE 'x%'"), "(\"a\" ~~ 'x%')");
  EXPECT_EQ(Text("count(*)"), "count(*)");
  EXPECT_EQ(Text("count(DISTINCT a)"), "count(DISTINCT \"a\")");
  EXPECT_EQ(Text("Sum(a) FILTER (WHERE b)"), "sum(\"a\") FILTER (WHERE \"b\")");
  EXPECT_EQ(Text("As_Of()"), "as_of()");
  EXPECT_EQ(Text("coalesce(a, 0)"), "coalesce(\"a\", 0)");
  EXPECT_EQ(Text("nullif(a, 0)"), "nullif(\"a\", 0)");
  EXPECT_EQ(Text("-a"), "(- \"a\")");
  EXPECT_EQ(Text("a || 'x'"), "(\"a\" || 'x')");
  EXPECT_EQ(Text("['a', 'b']"), "list_value('a', 'b')");
  EXPECT_EQ(Text("t.a.b"), "\"t\".\"a\".\"b\"");
  EXPECT_EQ(Text("f(x, format => 'csv')"), "f(\"x\", format => 'csv')");
  EXPECT_EQ(Text("EXISTS (SELECT 1)"), "<exists subquery>");
}

TEST(Expressions, PlacesAreTheUsers) {
  EXPECT_EQ(Expression("  a + `b c`").children[1].offset, 6u);
  EXPECT_EQ(Expression("x AND y <=> z").children[1].children[1].offset, 12u);
  const SourceText source("f.sql", "CREATE X AS\n (a +) ;");
  EXPECT_THAT(ParseExpression(source.text().substr(13, 5), source),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("f.sql:2:6: ")));
}

constexpr char kView[] = R"(SELECT
  count(*)                      OVER w90  AS orders_90d,
  sum(amount) FILTER (WHERE ok) OVER w90  AS spend_90d,
  spend_90d / nullif(orders_90d, 0)       AS basket_90d,
  first_n(sku, 3 ORDER BY ts DESC) OVER "w 90" AS skus,
  days_between(max(order_ts) OVER life, as_of()) AS recency_days
FROM main.shop.orders
WINDOW w90 AS (RANGE INTERVAL 90 DAYS PRECEDING), life AS (RANGE UNBOUNDED PRECEDING),
  "w 90" AS (RANGE BETWEEN INTERVAL 90 DAYS PRECEDING AND CURRENT ROW))";

TEST(Queries, AFeatureViewBodyIsReadWhole) {
  MP_ASSERT_OK_AND_ASSIGN(const SelectTree tree, Parse(kView));
  ASSERT_EQ(tree.select.size(), 5u);
  EXPECT_EQ(tree.select[0].alias, "orders_90d");
  EXPECT_EQ(ToString(tree.select[0]), "count(*) OVER \"w90\"");
  EXPECT_EQ(ToString(tree.select[1]), "sum(\"amount\") FILTER (WHERE \"ok\") OVER \"w90\"");
  EXPECT_EQ(ToString(tree.select[2]), "(\"spend_90d\" / nullif(\"orders_90d\", 0))");
  EXPECT_EQ(ToString(tree.select[3]), "first_n(\"sku\", 3 ORDER BY \"ts\" DESC) OVER \"w 90\"");
  const WindowSpec& w90 = *tree.select[0].window;
  EXPECT_EQ(w90.start.kind, FrameBound::Kind::kPreceding);
  EXPECT_EQ(w90.start.distance->interval.days, 90);
  EXPECT_EQ(w90.end.kind, FrameBound::Kind::kCurrentRow);
  EXPECT_EQ(w90.unit, WindowSpec::Unit::kRange);
  EXPECT_EQ(tree.select[4].children[0].window->name, "life");
  EXPECT_EQ(tree.select[4].children[0].window->start.kind, FrameBound::Kind::kUnboundedPreceding);
  EXPECT_THAT(tree.from.names, ElementsAre("main", "shop", "orders"));
  EXPECT_EQ(std::string(kView).substr(tree.from.offset, tree.from.end - tree.from.offset),
            "main.shop.orders");
  EXPECT_EQ(tree.select[1].offset, std::string(kView).find("sum("));
}

TEST(Queries, RelationsAreFoundAtEveryDepth) {
  const std::string text = R"(WITH c AS (SELECT * FROM a), d AS (SELECT * FROM d)
    SELECT (SELECT max(x) FROM e), * FROM c JOIN STREAM read_files('p', format => 'csv') r USING (x)
    JOIN s.f VERSION AS OF 3 AS g ON x IN (SELECT y FROM STREAM(h)), (VALUES ((SELECT 1 FROM i))) v
    WHERE EXISTS (FROM delta.`/p`) ORDER BY (SELECT 1 FROM j))";
  MP_ASSERT_OK_AND_ASSIGN(const SelectTree tree, Parse(text));
  std::vector<std::string> names;
  for (const ReferencedRelation& relation : Relations(tree)) {
    std::string name = relation.stream ? "STREAM " : "";
    if (relation.is_function) name += ToString(*relation.function);
    for (const std::string& part : relation.names) name += "." + part;
    if (relation.at) name += "@" + ToString(*relation.at);
    name += "|" + text.substr(relation.offset, relation.end - relation.offset);
    names.push_back(name);
  }
  EXPECT_THAT(names,
              ::testing::UnorderedElementsAre(
                  ".a|a", ".d|d", ".e|e",
                  "STREAM read_files('p', format => 'csv')|STREAM read_files('p', format => 'csv')",
                  ".s.f@3|s.f", "STREAM .h|STREAM(h)", ".i|i", ".delta./p|delta.`/p`", ".j|j"));
}

TEST(Queries, SetOperationsAndTheRest) {
  MP_ASSERT_OK_AND_ASSIGN(
      const SelectTree tree,
      Parse("SELECT DISTINCT a FROM t WHERE b GROUP BY a HAVING c UNION ALL VALUES (1) "
            "ORDER BY 1 DESC NULLS LAST LIMIT 3 OFFSET 1"));
  EXPECT_EQ(tree.set_operation, "union all");
  ASSERT_EQ(tree.operands.size(), 2u);
  EXPECT_TRUE(tree.operands[0].distinct);
  EXPECT_TRUE(tree.order_by[0].descending);
  EXPECT_EQ(tree.order_by[0].nulls_first, false);
  EXPECT_EQ(ToString(*tree.limit), "3");
  EXPECT_EQ(tree.operands[1].from.kind, TableRef::Kind::kValues);
}

TEST(Queries, ErrorsSayWhereAndWhatToDo) {
  EXPECT_THAT(Parse("SELECT a,\n  b FORM t"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:2:10: ")));
  EXPECT_THAT(Parse("SELECT count(*) OVER (w) FROM t WINDOW w AS (ROWS 1 PRECEDING)"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("write OVER w instead")));
  EXPECT_THAT(Parse("SELECT\n count(*) OVER nowhere FROM t"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:2:16: ")));
  EXPECT_THAT(Parse("DELETE FROM t"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:1:1: expected a query")));
  EXPECT_THAT(Parse(""), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("is missing here")));
  EXPECT_THAT(Parse("SELECT 1; SELECT 2"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:1:9")));
  EXPECT_THAT(Parse("SELECT a, `b` FROM STREAM t x WHERE )"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:1:37: ")));
}

}  // namespace
}  // namespace millpond::data
