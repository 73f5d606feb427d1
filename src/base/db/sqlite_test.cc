#include "base/db/sqlite.h"

#include <filesystem>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond {
namespace {

using ::testing::_;
using testing::FailsWith;
using ::testing::HasSubstr;

TEST(SqliteTest, StoresAndReadsValues) {
  testing::TempDir dir;
  MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "t.db"));
  MP_ASSERT_OK(db.Execute("CREATE TABLE t (a INTEGER, b REAL, c TEXT)"));
  MP_ASSERT_OK(
      db.Execute("INSERT INTO t VALUES (?1, ?2, ?3)", {int64_t{7}, 0.5, std::string("x")}));
  MP_ASSERT_OK(
      db.Execute("INSERT INTO t VALUES (?1, ?2, ?3)", {std::monostate(), 1.0, std::string()}));
  MP_ASSERT_OK_AND_ASSIGN(auto rows, db.Query("SELECT a, b, c FROM t ORDER BY b"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].Int(0), 7);
  EXPECT_EQ(rows[0].Text(2), "x");
  EXPECT_TRUE(rows[1].IsNull(0));
}

// A folder in which SQLite cannot put its shared memory, as on a read-only disk.
TEST(SqliteTest, WhatCannotBeWrittenCanBeRead) {
  testing::TempDir dir;
  {
    MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "t?.db"));
    MP_ASSERT_OK(db.Migrate("c", {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7);"}));
  }
  std::filesystem::create_symlink("/nowhere/at/all", dir / "t?.db-shm");
  MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "t?.db"));
  EXPECT_TRUE(db.read_only());
  MP_ASSERT_OK(db.Migrate("c", {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7);"}));
  EXPECT_EQ(db.Query("SELECT a FROM t")->at(0).Int(0), 7);
  EXPECT_THAT(
      db.Execute("INSERT INTO t VALUES (8)"),
      FailsWith(ErrorKind::kPermissionDenied, HasSubstr("make the file and its folder writable")));
}

TEST(SqliteTest, FailedTransactionLeavesNothing) {
  testing::TempDir dir;
  MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "t.db"));
  MP_ASSERT_OK(db.Execute("CREATE TABLE t (a INTEGER PRIMARY KEY)"));
  Status status = db.Transaction([&]() -> Status {
    MP_RETURN_IF_ERROR(db.Execute("INSERT INTO t VALUES (1)"));
    return db.Execute("INSERT INTO t VALUES (1)");
  });
  EXPECT_THAT(status, FailsWith(ErrorKind::kAlreadyExists, HasSubstr("t.db")));
  EXPECT_EQ(db.Query("SELECT count(*) FROM t")->at(0).Int(0), 0);
}

TEST(SqliteTest, MigratesStepByStepWithABackup) {
  testing::TempDir dir;
  std::vector<std::string> scripts = {"CREATE TABLE a (x)"};
  {
    MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "t.db"));
    MP_ASSERT_OK(db.Migrate("t", scripts));
  }
  scripts.push_back("CREATE TABLE b (x)");
  MP_ASSERT_OK_AND_ASSIGN(auto db, SqliteDatabase::Open(dir / "t.db"));
  MP_ASSERT_OK(db.Migrate("t", scripts));
  MP_ASSERT_OK(db.Execute("INSERT INTO b VALUES (1)"));
  EXPECT_TRUE(std::filesystem::exists(dir / "t.db.t-v1.bak"));
  scripts.resize(1);
  EXPECT_THAT(db.Migrate("t", scripts),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("newer Millpond")));
}

TEST(SqliteTest, RefusesAFileThatIsNoDatabase) {
  testing::TempDir dir;
  FILE* file = std::fopen((dir / "t.db").c_str(), "w");
  for (int i = 0; i < 200; ++i) std::fputs("this is not a database ", file);
  std::fclose(file);
  EXPECT_THAT(SqliteDatabase::Open(dir / "t.db"), FailsWith(_, HasSubstr("t.db")));
}

}  // namespace
}  // namespace millpond
