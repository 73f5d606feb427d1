#include "data/sql/session.h"

#include <arrow/api.h>

#include "data/arrow/batch_bytes.h"
#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

using ::testing::_;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using ::testing::Not;

using SessionTest = testing_sql::SessionFixture;

TEST_F(SessionTest, CreatesInsertsAndReads) {
  EXPECT_THAT(
      Run("CREATE TABLE shop.orders (id BIGINT NOT NULL, amount DECIMAL(10,2), at TIMESTAMP, "
          "note STRING)"),
      IsOkAnd("table main.shop.orders created"));
  EXPECT_THAT(Run("INSERT INTO shop.orders VALUES (1, 2.50, '2024-01-01 10:00:00', 'a'), "
                  "(2, NULL, NULL, NULL)"),
              IsOkAnd("2 rows inserted into main.shop.orders, version 1"));
  EXPECT_THAT(Run("INSERT INTO shop.orders (note, id) SELECT 'x,\"y', 3"), IsOkAnd(_));
  EXPECT_THAT(Run("SELECT * FROM main.shop.orders ORDER BY id"),
              IsOkAnd("id,amount,at,note\n1,2.50,2024-01-01T10:00:00Z,a\n2,,,\n3,,,\"x,\"\"y\"\n"));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM shop.orders VERSION AS OF 1"), IsOkAnd("n\n2\n"));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM shop.orders@v0 o"), IsOkAnd("n\n0\n"));
}

// Batches are bounded in bytes as well as in rows, also where few rows are joined.
TEST_F(SessionTest, BatchesOfWideRowsAreSmall) {
  MP_ASSERT_OK_AND_ASSIGN(
      auto result, session_->Execute("SELECT repeat('x', 1000000) AS s FROM range(60)", "q.sql"));
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t rows = 0;
  while (true) {
    ASSERT_TRUE(result.rows->ReadNext(&batch).ok());
    if (batch == nullptr) break;
    rows += batch->num_rows();
    EXPECT_LE(BytesOf(*batch), int64_t{16} << 20);
  }
  EXPECT_EQ(rows, 60);
}

class SmallMemoryTest : public SessionTest {
  SqlOptions Options() override { return {.memory_bytes = int64_t{64} << 20}; }
};

TEST_F(SmallMemoryTest, WhatDoesNotFitIsRefusedAndASortSpills) {
  EXPECT_THAT(
      Run("SELECT len(list(range)) FROM range(50000000)"),
      FailsWith(ErrorKind::kResourceExhausted, HasSubstr("raise memory_limit in millpond.yml")));
  EXPECT_THAT(Run("CREATE TABLE t AS SELECT hash(range) AS h, range AS n FROM range(4000000) "
                  "ORDER BY h"),
              IsOkAnd(HasSubstr("4000000 rows")));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM t a JOIN t b ON a.h = b.h WHERE a.n = b.n"),
              IsOkAnd("n\n4000000\n"));
}

TEST_F(SessionTest, TimeTravelsByTimestamp) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 1 AS a"));
  EXPECT_THAT(Run("SELECT a FROM t TIMESTAMP AS OF now()"), IsOkAnd("a\n1\n"));
  EXPECT_THAT(Run("SELECT a FROM t TIMESTAMP AS OF '2999-01-01'"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("yet to come: its newest is 0, of ")));
  EXPECT_THAT(Run("SELECT a FROM t TIMESTAMP AS OF '1999-01-01'"),
              FailsWith(_, HasSubstr("q.sql:1:")));
}

TEST_F(SessionTest, ReplacesATableInOneCommit) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT range AS a FROM range(10)"));
  MP_ASSERT_OK(Run("CREATE OR REPLACE TABLE t AS SELECT a, a * 2 AS b FROM t WHERE a < 3"));
  EXPECT_THAT(Run("SELECT sum(a) AS a, sum(b) AS b FROM t"), IsOkAnd("a,b\n3,6\n"));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM t VERSION AS OF 0"), IsOkAnd("n\n10\n"));
  EXPECT_THAT(Run("CREATE TABLE t AS SELECT 1 AS a"),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("q.sql:1:14: table main.default.t")));
}

TEST_F(SessionTest, ReadsByPathAndByFunction) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 7 AS a"));
  std::string path = catalog_->TablePath({"main", "default", "t"});
  EXPECT_THAT(Run("SELECT a FROM delta.`" + path + "`"), IsOkAnd("a\n7\n"));
  EXPECT_THAT(Run("SELECT a FROM delta_scan('" + path + "')"), IsOkAnd("a\n7\n"));
  EXPECT_THAT(Run("SELECT * FROM delta_scan('/etc')"),
              FailsWith(ErrorKind::kPermissionDenied, HasSubstr("/etc")));
}

TEST_F(SessionTest, ExplainShowsFilesSkipped) {
  MP_ASSERT_OK(Run("CREATE TABLE t (a BIGINT)"));
  for (int i = 0; i < 4; ++i) {
    MP_ASSERT_OK(Run(fmt::format("INSERT INTO t SELECT range + {} FROM range(100)", i * 100)));
  }
  EXPECT_THAT(Run("EXPLAIN SELECT * FROM t WHERE a = 250"),
              IsOkAnd(HasSubstr("scan of main.default.t version 4: 1 of 4 files")));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM t WHERE a = 250"), IsOkAnd("n\n1\n"));
}

// The log's statistics of a.b, a field, say nothing of "a.b", a column.
TEST_F(SessionTest, ADotInAColumnsNameIsNoPath) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 5 AS \"a.b\", {'b': 100} AS a"));
  MP_ASSERT_OK(Run("INSERT INTO t SELECT 6, {'b': 100}"));
  EXPECT_THAT(Run("SELECT \"a.b\" AS n, a.b AS m FROM t WHERE \"a.b\" = 5"),
              IsOkAnd("n,m\n5,100\n"));
  EXPECT_THAT(Run("EXPLAIN SELECT * FROM t WHERE \"a.b\" = 5"), IsOkAnd(HasSubstr("1 of 2 files")));
}

TEST_F(SessionTest, DescribesTables) {
  MP_ASSERT_OK(Run("CREATE TABLE t (a BIGINT, p STRING) PARTITIONED BY (p) COMMENT 'c'"));
  EXPECT_THAT(Run("DESCRIBE t"), IsOkAnd(HasSubstr("p,string,true,true,")));
  EXPECT_THAT(Run("DESCRIBE HISTORY t"), IsOkAnd(HasSubstr("CREATE TABLE")));
  EXPECT_THAT(Run("DESCRIBE DETAIL t"), IsOkAnd(HasSubstr("delta,")));
  EXPECT_THAT(Run("SHOW TABLES"), IsOkAnd("catalog,schema,table\nmain,default,t\n"));
  EXPECT_THAT(Run("SELECT table_name, version FROM system.commits"),
              IsOkAnd("table_name,version\nmain.default.t,0\n"));
}

TEST_F(SessionTest, MistakesNameTheirPlace) {
  MP_ASSERT_OK(Run("CREATE TABLE orders AS SELECT 1 AS amount"));
  EXPECT_THAT(Run("SELECT 1;\nSELECT amout FROM orders"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:2:8:")));
  EXPECT_THAT(Run("SELECT *\nFROM order_s"), FailsWith(_, HasSubstr("main.default.order_s")));
  EXPECT_THAT(Run("SELECT FROM WHERE"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:1:")));
  EXPECT_THAT(Run("INSERT INTO orders (nope) VALUES (1)"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column nope")));
  EXPECT_THAT(Run("INSERT INTO orders VALUES ('x')"), FailsWith(_, HasSubstr("x")));
  EXPECT_THAT(Run(""), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no statement")));
}

TEST_F(SessionTest, AByteOrderMarkIsPassedOver) {
  EXPECT_THAT(Run("\xEF\xBB\xBFSELECT 1 AS a"), IsOkAnd("a\n1\n"));
  EXPECT_THAT(Run("\xEF\xBB\xBFSELECT nope"), FailsWith(_, HasSubstr("q.sql:1:8:")));
}

TEST_F(SessionTest, WhatIsNotAllowedIsRefusedWithARemedy) {
  for (const char* sql : {"SELECT * FROM read_parquet('x')",
                          "SELECT * FROM read_csv('/etc/passwd')",
                          "SELECT * FROM '/etc/passwd'",
                          "SELECT * FROM glob('*')",
                          "FROM duckdb_settings()",
                          "SELECT current_setting('threads')",
                          "SELECT getenv('HOME')",
                          "FROM query('SELECT 1')",
                          "ATTACH 'x.db'",
                          "INSTALL httpfs",
                          "LOAD httpfs",
                          "SET threads = 1",
                          "PRAGMA version",
                          "CREATE MACRO f() AS 1",
                          "CREATE VIEW v AS SELECT 1",
                          "CALL enable_logging()",
                          "EXPORT DATABASE 'x'",
                          "UPDATE t SET a = 1",
                          "DELETE FROM t",
                          "COPY t TO 'x'",
                          "VACUUM",
                          "CREATE SECRET s (TYPE s3)",
                          "EXPLAIN COPY t TO 'x'"}) {
    auto result = Run(sql);
    EXPECT_FALSE(result.has_value()) << sql;
    if (result.has_value()) continue;
    EXPECT_THAT(result.error().ToString(), HasSubstr("q.sql:1:")) << sql;
  }
}

TEST_F(SessionTest, RegisteredReadersAreReadOnce) {
  auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  auto array = *arrow::MakeArrayFromScalar(arrow::Int64Scalar(5), 3);
  auto reader =
      *arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema, 3, {array})}, schema);
  MP_ASSERT_OK(session_->RegisterReader("batch", reader));
  EXPECT_THAT(Run("SELECT sum(a) AS s FROM batch"), IsOkAnd("s\n15\n"));
  EXPECT_THAT(Run("SELECT sum(a) AS s FROM batch"), FailsWith(_, HasSubstr("once")));
}

TEST_F(SessionTest, PinnedTablesStandStill) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 1 AS a"));
  MP_ASSERT_OK(session_->PinTable({"main", "default", "t"}, 0));
  MP_ASSERT_OK(Run("INSERT INTO t VALUES (2)"));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM t"), IsOkAnd("n\n1\n"));
}

TEST_F(SessionTest, PartsOfALargerTextKeepTheirPlaces) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 1 AS a"));
  const SourceText source("flow.sql", "CREATE X AS\nSELECT b FROM STREAM(t)");
  size_t begin = source.text().find("SELECT");
  auto part = source.text().substr(begin);
  size_t stream = source.text().find("STREAM");
  EXPECT_THAT(session_->SchemaOf(part, source, {{stream, source.text().size(), "t"}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("flow.sql:2:8")));
  EXPECT_THAT(
      session_->SchemaOf(part, source,
                         {{begin, begin, "SELECT b FROM (SELECT a AS b FROM t) WHERE b IN ("},
                          {source.text().size(), source.text().size(), ")"},
                          {stream, source.text().size(), "(SELECT a AS b FROM t)"}}),
      testing::IsOk());
}

TEST_F(SessionTest, MemoryIsBounded) {
  auto small = SqlEngine::Open(*catalog_, {.memory_bytes = int64_t{64} << 40});
  EXPECT_THAT(small, FailsWith(ErrorKind::kResourceExhausted, HasSubstr("SQL queries")));
}

}  // namespace
}  // namespace millpond::data
