#include "base/db/group_commit.h"

#include <atomic>
#include <filesystem>
#include <latch>
#include <thread>

#include "base/db/sqlite_readers.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

class GroupCommitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto db = SqliteDatabase::Open(dir_ / "t.db");
    ASSERT_THAT(db, testing::IsOk());
    MP_ASSERT_OK(db->Execute("CREATE TABLE t (a INTEGER PRIMARY KEY)"));
    group_.emplace(std::move(*db));
  }

  Status Insert(int64_t value) {
    return group_->Write([&](SqliteDatabase& db) -> Status {
      return db.Execute("INSERT INTO t VALUES (?1)", {value});
    });
  }

  int64_t Count() {
    SqliteReaders readers(dir_ / "t.db");
    int64_t count = -1;
    EXPECT_THAT(readers.Read([&](SqliteDatabase& db) -> Status {
      MP_ASSIGN_OR_RETURN(auto rows, db.Query("SELECT count(*) FROM t"));
      count = rows[0].Int(0);
      return OkStatus();
    }),
                testing::IsOk());
    return count;
  }

  testing::TempDir dir_;
  std::optional<GroupCommit> group_;
};

TEST_F(GroupCommitTest, ALoneWriterCommitsEachTime) {
  for (int64_t i = 0; i < 5; ++i) MP_ASSERT_OK(Insert(i));
  EXPECT_EQ(group_->commits(), 5);
  EXPECT_EQ(Count(), 5);
}

TEST_F(GroupCommitTest, ManyWritersShareCommitsAndFailAlone) {
  constexpr int kThreads = 32;
  constexpr int kEach = 25;
  std::atomic<int> failed = 0;
  std::latch start(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        for (int i = 0; i < kEach; ++i) {
          // Every writer writes value 7 in its turn, after a row of its own in the same work.
          const int64_t own = 1000 + t * kEach + i;
          const Status status = group_->Write([&](SqliteDatabase& db) -> Status {
            MP_RETURN_IF_ERROR(db.Execute("INSERT INTO t VALUES (?1)", {own}));
            if (i % 5 == 0) return db.Execute("INSERT INTO t VALUES (7)");
            return OkStatus();
          });
          if (!status.has_value()) {
            EXPECT_EQ(status.error().kind(), ErrorKind::kAlreadyExists);
            ++failed;
          }
        }
      });
    }
  }
  EXPECT_EQ(failed, kThreads * kEach / 5 - 1);
  EXPECT_EQ(Count(), kThreads * kEach - failed + 1);
  EXPECT_LT(group_->commits(), kThreads * kEach / 2);
}

TEST_F(GroupCommitTest, AReadersSnapshotHasNoHalfWork) {
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (int64_t i = 0; i < 200; ++i) {
      EXPECT_THAT(group_->Write([&](SqliteDatabase& db) -> Status {
        MP_RETURN_IF_ERROR(db.Execute("INSERT INTO t VALUES (?1)", {2 * i}));
        return db.Execute("INSERT INTO t VALUES (?1)", {2 * i + 1});
      }),
                  testing::IsOk());
    }
    stop = true;
  });
  while (!stop) EXPECT_EQ(Count() % 2, 0);
}

TEST_F(GroupCommitTest, AReaderCannotWrite) {
  SqliteReaders readers(dir_ / "t.db");
  EXPECT_THAT(
      readers.Read([](SqliteDatabase& db) { return db.Execute("INSERT INTO t VALUES (1)"); }),
      FailsWith(ErrorKind::kPermissionDenied, HasSubstr("t.db")));
  EXPECT_EQ(Count(), 0);
}

TEST_F(GroupCommitTest, ALostTransactionFailsItsGroupAndTheNextOneWorks) {
  EXPECT_THAT(group_->Write([](SqliteDatabase& db) -> Status {
    MP_RETURN_IF_ERROR(db.Execute("INSERT INTO t VALUES (1)"));
    return db.Execute("ROLLBACK");
  }),
              FailsWith(ErrorKind::kUnavailable, HasSubstr("rolled back")));
  EXPECT_EQ(Count(), 0);
  MP_ASSERT_OK(Insert(2));
  EXPECT_EQ(Count(), 1);
}

TEST_F(GroupCommitTest, AnotherConnectionGetsItsTurnUnderLoad) {
  std::atomic<bool> stop = false;
  std::atomic<int64_t> next = 1000;
  std::vector<std::jthread> writers;
  for (int t = 0; t < 8; ++t) {
    writers.emplace_back([&] {
      while (!stop) EXPECT_THAT(Insert(next++), testing::IsOk());
    });
  }
  MP_ASSERT_OK_AND_ASSIGN(auto other, SqliteDatabase::Open(dir_ / "t.db", 10'000));
  for (int64_t i = 0; i < 10; ++i) {
    MP_EXPECT_OK(other.Transaction(
        [&]() -> Status { return other.Execute("INSERT INTO t VALUES (?1)", {i}); }));
  }
  stop = true;
  writers.clear();
  EXPECT_EQ(Count(), next - 1000 + 10);
}

TEST_F(GroupCommitTest, WaitsForAnotherConnectionsLock) {
  MP_ASSERT_OK_AND_ASSIGN(auto other, SqliteDatabase::Open(dir_ / "t.db"));
  MP_ASSERT_OK(other.Execute("BEGIN IMMEDIATE"));
  std::atomic<bool> inserted = false;
  std::jthread writer([&] {
    EXPECT_THAT(Insert(1), testing::IsOk());
    inserted = true;
  });
  MP_ASSERT_OK(other.Execute("INSERT INTO t VALUES (5)"));
  EXPECT_FALSE(inserted);
  MP_ASSERT_OK(other.Execute("COMMIT"));
  writer.join();
  EXPECT_EQ(Count(), 2);
}

}  // namespace
}  // namespace millpond
