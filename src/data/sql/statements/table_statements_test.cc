// CREATE TABLE … AS SELECT and INSERT beside other writers.
#include <arrow/api.h>

#include <functional>

#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

using ::testing::_;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

// Batches of the numbers 0, 1, …, and before the last one whatever the test wants to happen while
// the statement runs.
class Meanwhile : public RelationFunction {
 public:
  std::function<void()> action = [] {};
  int64_t batches = 1;
  int64_t rows = 1;  // of a batch

  std::string name() const override { return "meanwhile"; }
  Result<std::shared_ptr<arrow::RecordBatchReader>> Open(const FunctionArguments&,
                                                         const Workspace&) override {
    return std::make_shared<Reader>(*this);
  }

 private:
  class Reader : public arrow::RecordBatchReader {
   public:
    explicit Reader(Meanwhile& owner) : owner_(owner) {}
    std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
      batch->reset();
      if (next_ == owner_.batches) return arrow::Status::OK();
      if (next_ + 1 == owner_.batches) owner_.action();
      auto array =
          arrow::MakeArrayFromScalar(arrow::Int64Scalar(next_++), owner_.rows).ValueOrDie();
      *batch = arrow::RecordBatch::Make(schema_, owner_.rows, {std::move(array)});
      return arrow::Status::OK();
    }

   private:
    Meanwhile& owner_;
    int64_t next_ = 0;
    std::shared_ptr<arrow::Schema> schema_ = arrow::schema({arrow::field("x", arrow::int64())});
  };
};

class TableStatements : public testing_sql::SessionFixture {
 protected:
  void SetUp() override {
    SessionFixture::SetUp();
    engine_->Register(&meanwhile_);
    other_ = *engine_->Connect({"other"});
  }

  Meanwhile meanwhile_;
  std::unique_ptr<SqlSession> other_;  // another writer
};

TEST_F(TableStatements, ReplaceFromItselfKeepsRowsAcknowledgedMeanwhile) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT range AS a FROM range(10)"));
  meanwhile_.action = [&] { MP_EXPECT_OK(RunIn(*other_, "INSERT INTO t VALUES (-1)")); };
  EXPECT_THAT(Run("CREATE OR REPLACE TABLE t AS SELECT a FROM t, meanwhile()"),
              FailsWith(ErrorKind::kConflict, HasSubstr("main/default/t first and added")));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM t WHERE a = -1"), IsOkAnd("n\n1\n"));
}

// The version that is read is the one that is replaced, by whatever name it is read.
TEST_F(TableStatements, ReplaceReadsTheVersionItReplaces) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 1 AS a"));
  const std::string path = catalog_->TablePath({"main", "default", "t"});
  for (const auto& from :
       {std::string("t"), "delta.`" + path + "`", "delta_scan('" + path + "')"}) {
    meanwhile_.action = [&] { MP_EXPECT_OK(RunIn(*other_, "INSERT INTO t VALUES (-1)")); };
    const std::string replace = "CREATE OR REPLACE TABLE t AS SELECT a + 1 AS a FROM " + from;
    EXPECT_THAT(Run(replace + ", meanwhile()"), FailsWith(ErrorKind::kConflict, _)) << from;
    MP_ASSERT_OK(Run(replace + " WHERE a > 0"));
  }
  EXPECT_THAT(Run("SELECT a FROM t"), IsOkAnd("a\n4\n"));
}

TEST_F(TableStatements, ATableMadeFromAQueryIsThereWithItsRowsOrNotAtAll) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT range AS a FROM range(3)"));
  EXPECT_THAT(Run("SELECT version, operation FROM system.commits"),
              IsOkAnd("version,operation\n0,CREATE TABLE AS SELECT\n"));
  EXPECT_THAT(Run("SELECT count(*) AS n FROM t VERSION AS OF 0"), IsOkAnd("n\n3\n"));
}

TEST_F(TableStatements, AFailedQueryTouchesNobodysTable) {
  meanwhile_.batches = 100;  // more than is held between the query and the writer
  meanwhile_.rows = 1 << 15;
  meanwhile_.action = [&] {
    EXPECT_THAT(RunIn(*other_, "INSERT INTO z VALUES (1)"), FailsWith(ErrorKind::kNotFound, _));
    MP_EXPECT_OK(RunIn(*other_, "CREATE TABLE z AS SELECT 1 AS a"));
  };
  EXPECT_THAT(Run("CREATE TABLE z AS SELECT CASE WHEN x < 99 THEN 1 ELSE CAST('x' || x AS INT) END "
                  "AS a FROM meanwhile()"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("x99")));
  EXPECT_THAT(Run("SELECT a FROM z"), IsOkAnd("a\n1\n"));
}

TEST_F(TableStatements, OfTwoThatMakeATableOneWins) {
  meanwhile_.action = [&] { MP_EXPECT_OK(RunIn(*other_, "CREATE TABLE z AS SELECT 1 AS a")); };
  for (const char* create : {"CREATE TABLE", "CREATE OR REPLACE TABLE"}) {
    EXPECT_THAT(Run(fmt::format("{} z AS SELECT 2 AS a FROM meanwhile()", create)),
                FailsWith(ErrorKind::kAlreadyExists, HasSubstr("z")));
    EXPECT_THAT(Run("SELECT a FROM z"), IsOkAnd("a\n1\n"));
    MP_ASSERT_OK(Run("DROP TABLE z"));
  }
}

TEST_F(TableStatements, AReplacedTableIsWhatTheStatementSays) {
  MP_ASSERT_OK(
      Run("CREATE TABLE t (a INT) COMMENT 'first' TBLPROPERTIES ('owner' = 'me', 'x' = '1')"));
  MP_ASSERT_OK(
      Run("CREATE OR REPLACE TABLE t (a INT, k STRING) PARTITIONED BY (k) COMMENT 'second' "
          "TBLPROPERTIES ('x' = '2', 'delta.enableRowTracking' = 'true')"));
  auto table = catalog_->OpenTable({"main", "default", "t"});
  MP_ASSERT_OK(table);
  MP_ASSERT_OK_AND_ASSIGN(auto now, table->Latest());
  MP_ASSERT_OK_AND_ASSIGN(auto before, table->AtVersion(0));
  EXPECT_EQ(now->metadata().id, before->metadata().id);
  EXPECT_EQ(now->metadata().description, "second");
  EXPECT_EQ(now->metadata().partition_columns, std::vector<std::string>{"k"});
  EXPECT_EQ(now->property("owner"), "me");
  EXPECT_EQ(now->property("x"), "2");
  EXPECT_TRUE(now->protocol().writer_features.contains("rowTracking"));
}

class IdentityBeside : public TableStatements {
 protected:
  void SetUp() override {
    TableStatements::SetUp();
    MP_ASSERT_OK(Run("CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY, a BIGINT)"));
    MP_ASSERT_OK(Run("INSERT INTO t (a) VALUES (100)"));
  }

  // The other writer's statement, whenever `sql` of this one runs, at most so many times.
  Result<std::string> Beside(const std::string& other, int times, const std::string& sql) {
    meanwhile_.action = [&] {
      if (++runs_ > times) return;
      MP_EXPECT_OK(RunIn(*other_, other));
    };
    auto result = Run(sql);
    meanwhile_.action = [] {};
    return result;
  }

  static constexpr const char* kInsert = "INSERT INTO t (a) VALUES (200)";
  static constexpr const char* kMerge =
      "MERGE INTO t USING (SELECT x FROM meanwhile()) AS s ON t.a = s.x "
      "WHEN MATCHED THEN UPDATE SET a = -1 WHEN NOT MATCHED THEN INSERT (a) VALUES (s.x)";
  int runs_ = 0;
};

TEST_F(IdentityBeside, MergeGivesValuesBehindThoseOfTheWinner) {
  EXPECT_THAT(Beside(kInsert, 2, kMerge),
              IsOkAnd("0 rows updated, 0 deleted, 1 inserted in main.default.t, version 4"));
  EXPECT_EQ(runs_, 3);
  EXPECT_THAT(Run("SELECT * FROM t ORDER BY id"), IsOkAnd("id,a\n1,100\n2,200\n3,200\n4,0\n"));
}

// The rows are looked at again too: what the winner added is matched.
TEST_F(IdentityBeside, MergeSeesTheRowsOfTheWinner) {
  EXPECT_THAT(Beside("INSERT INTO t (a) VALUES (0)", 1, kMerge),
              IsOkAnd(HasSubstr("1 rows updated")));
  EXPECT_THAT(Run("SELECT * FROM t ORDER BY id"), IsOkAnd("id,a\n1,100\n2,-1\n"));
}

TEST_F(IdentityBeside, ReplaceWhereGivesValuesBehindThoseOfTheWinner) {
  MP_ASSERT_OK(Beside(kInsert, 1,
                      "INSERT INTO t REPLACE WHERE a < 1 BY NAME SELECT x AS a FROM meanwhile()"));
  EXPECT_THAT(Run("SELECT * FROM t ORDER BY id"), IsOkAnd("id,a\n1,100\n2,200\n3,0\n"));
}

// A query over the table itself reads what the winner left, too.
TEST_F(IdentityBeside, AStatementThatReadsItsTableLosesNothingOfTheWinner) {
  MP_ASSERT_OK(Beside(kInsert, 1,
                      "INSERT INTO t REPLACE WHERE a < 1000 BY NAME "
                      "SELECT a FROM t, meanwhile() WHERE a < 1000"));
  EXPECT_THAT(Run("SELECT a FROM t ORDER BY a"), IsOkAnd("a\n100\n200\n"));
  runs_ = 0;
  MP_ASSERT_OK(
      Beside("INSERT INTO t (a) VALUES (300)", 1,
             "MERGE INTO t USING (SELECT a + x AS a FROM t, meanwhile()) AS s ON t.a = s.a "
             "WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a) "
             "WHEN NOT MATCHED BY SOURCE THEN DELETE"));
  EXPECT_THAT(Run("SELECT a FROM t ORDER BY a"), IsOkAnd("a\n100\n200\n300\n"));
}

TEST_F(IdentityBeside, AnErrorOfTheSecondRunIsTold) {
  MP_ASSERT_OK(Run("ALTER TABLE t ADD CONSTRAINT small CHECK (a < 1000)"));
  EXPECT_THAT(Beside("INSERT INTO t (a) VALUES (0)", 1,
                     "MERGE INTO t USING (SELECT x FROM meanwhile()) AS s ON t.a = s.x "
                     "WHEN MATCHED THEN UPDATE SET a = 5000 "
                     "WHEN NOT MATCHED THEN INSERT (a) VALUES (s.x)"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("small")));
}

// Its rows are gone: nothing is left to run anew with.
TEST_F(IdentityBeside, AStreamThatIsReadOnceMakesAConflict) {
  auto one = arrow::MakeArrayFromScalar(arrow::Int64Scalar(7), 1).ValueOrDie();
  const auto schema = arrow::schema({arrow::field("y", arrow::int64())});
  MP_ASSERT_OK(session_->RegisterReader(
      "once", arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema, 1, {one})}, schema)
                  .ValueOrDie()));
  EXPECT_THAT(Beside(kInsert, 1,
                     "MERGE INTO t USING (SELECT y FROM once, meanwhile()) AS s ON t.a = s.y "
                     "WHEN MATCHED THEN UPDATE SET a = -1 WHEN NOT MATCHED THEN INSERT (a) VALUES "
                     "(s.y)"),
              FailsWith(ErrorKind::kConflict, HasSubstr("schema")));
}

TEST_F(IdentityBeside, WhoAlwaysLosesHearsOfIt) {
  EXPECT_THAT(Beside(kInsert, 1000, kMerge), FailsWith(ErrorKind::kConflict, HasSubstr("schema")));
  EXPECT_GT(runs_, 1);
  EXPECT_LT(runs_, 100);
}

TEST_F(IdentityBeside, AnotherChangeOfTheTableIsAConflictStill) {
  EXPECT_THAT(Beside("ALTER TABLE t ADD COLUMN b INT", 1, kMerge),
              FailsWith(ErrorKind::kConflict, HasSubstr("schema")));
  EXPECT_EQ(runs_, 1);
}

}  // namespace
}  // namespace millpond::data
