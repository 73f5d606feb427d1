#include "data/sql/rewrite.h"

#include "base/testing/result_matchers.h"

namespace millpond::data {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::HasSubstr;

std::string Rewritten(std::string text) {
  const SourceText source("q.sql", std::move(text));
  auto rewritten = Rewrite(source.text(), source);
  if (!rewritten) return rewritten.error().ToString();
  // Runs of blanks do not matter.
  std::string out;
  for (char c : rewritten->text()) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

TEST(Rewrite, TimeTravelBecomesAt) {
  EXPECT_EQ(Rewritten("FROM t VERSION AS OF 3"), "FROM t AT (VERSION => 3)");
  EXPECT_EQ(Rewritten("FROM a.b.t version as of 3 x WHERE y"),
            "FROM a.b.t AS \"x\" AT (VERSION => 3) WHERE y");
  EXPECT_EQ(Rewritten("FROM t TIMESTAMP AS OF '2026-01-31' AS x, u"),
            "FROM t AS \"x\" AT (TIMESTAMP => '2026-01-31') , u");
  EXPECT_EQ(Rewritten("FROM t FOR VERSION AS OF 3 JOIN u"), "FROM t AT (VERSION => 3) JOIN u");
  EXPECT_EQ(Rewritten("FROM t TIMESTAMP AS OF now() - INTERVAL 1 DAY x"),
            "FROM t AS \"x\" AT (TIMESTAMP => now() - INTERVAL 1 DAY)");
  EXPECT_EQ(Rewritten("FROM t@v12 x"), "FROM t AS \"x\" AT (VERSION => 12)");
  EXPECT_EQ(Rewritten("FROM t@20260131080910123"),
            "FROM t AT (TIMESTAMP => '2026-01-31 08:09:10.123')");
  EXPECT_EQ(Rewritten("FROM t AT (VERSION => 3) x"), "FROM t AS \"x\" AT (VERSION => 3)");
  EXPECT_EQ(Rewritten("FROM t AT (VERSION => 3) WHERE a"), "FROM t AT (VERSION => 3) WHERE a");
}

TEST(Rewrite, BackquotesBecomeDoubleQuotes) {
  EXPECT_EQ(Rewritten("SELECT `a \"b` FROM delta.`/p/q`"),
            "SELECT \"a \"\"b\" FROM delta.\"/p/q\"");
  EXPECT_EQ(Rewritten("SELECT '`a`' -- `b`"), "SELECT '`a`' -- `b`");
}

TEST(Rewrite, StreamBecomesACall) {
  EXPECT_EQ(Rewritten("FROM STREAM t"), "FROM STREAM(t)");
  EXPECT_EQ(Rewritten("FROM stream a.`b`.t x"), "FROM stream(a.\"b\".t) x");
  EXPECT_EQ(Rewritten("FROM u, STREAM read_files('x', a => f(1)) AS r WHERE 1"),
            "FROM u, STREAM(read_files('x', a => f(1))) AS r WHERE 1");
  EXPECT_EQ(Rewritten("FROM STREAM(t)"), "FROM STREAM(t)");
  EXPECT_EQ(Rewritten("FROM stream WHERE a"), "FROM stream WHERE a");
  EXPECT_EQ(Rewritten("SELECT a, stream b FROM t"), "SELECT a, stream b FROM t");
}

TEST(Rewrite, NullSafeEqualityIsSpelledOut) {
  EXPECT_EQ(Rewritten("a<=>b"), "a IS NOT DISTINCT FROM b");
}

TEST(Rewrite, ForeignWordsAreRefusedWithARemedy) {
  EXPECT_THAT(Rewritten("SELECT a\nRLIKE 'x'"), HasSubstr("q.sql:2:1: RLIKE is not known here"));
  EXPECT_THAT(Rewritten("SELECT a div 2"), HasSubstr("write a // b"));
  EXPECT_THAT(Rewritten("FROM t LATERAL VIEW explode(x)"), HasSubstr("unnest"));
  EXPECT_THAT(Rewritten("FROM a.b.c.d"), HasSubstr("1:6: a table name has at most three parts"));
}

TEST(Rewrite, OffsetsGoBackToTheSource) {
  const SourceText source("q.sql", "x; SELECT `a`, b <=> c FROM t@v3 u WHERE dd");
  const std::string_view part = source.text().substr(3);
  MP_ASSERT_OK_AND_ASSIGN(const RewrittenSql rewritten, Rewrite(part, source));
  for (std::string_view word : {"SELECT", "c FROM", "WHERE", "dd"}) {
    EXPECT_EQ(rewritten.SourceOffset(rewritten.text().find(word)), source.text().find(word))
        << word;
  }
  EXPECT_EQ(rewritten.SourceOffset(rewritten.text().find("\"a\"")), source.text().find("`a`"));
  EXPECT_EQ(rewritten.SourceOffset(rewritten.text().find("AT (")), source.text().find("@v3"));
}

TEST(Rewrite, ReplacementsWin) {
  const SourceText source("q.sql", "SELECT a FROM STREAM t AS x WHERE b");
  MP_ASSERT_OK_AND_ASSIGN(const RewrittenSql rewritten,
                          Rewrite(source.text(), source, {{14, 22, "in_1"}}));
  EXPECT_EQ(rewritten.text(), "SELECT a FROM in_1 AS x WHERE b");
  EXPECT_EQ(rewritten.SourceOffset(rewritten.text().find("WHERE")), source.text().find("WHERE"));
}

TEST(Rewrite, UnfinishedTextNeverCrashes) {
  for (std::string text : {"FROM t VERSION AS OF", "FROM t AT (VERSION =>", "FROM t@", "STREAM",
                           "FROM STREAM", "FROM STREAM f(", "FROM t TIMESTAMP AS OF (", "t AT ("}) {
    Rewritten(text);
  }
}

}  // namespace
}  // namespace millpond::data
