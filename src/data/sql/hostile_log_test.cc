// A table is what others wrote: its log must not open files that SQL may not read.
#include <filesystem>
#include <fstream>

#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class HostileLog : public testing_sql::SessionFixture {
 protected:
  // A table "t" with a file of its own, and a Parquet file outside the project.
  void SetUp() override {
    SessionFixture::SetUp();
    MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 'mine' AS a"));
    MP_ASSERT_OK(Run("CREATE TABLE secret AS SELECT 'theirs' AS a"));
    table_ = catalog_->TablePath({"main", "default", "t"});
    const std::string secret = catalog_->TablePath({"main", "default", "secret"});
    for (const auto& entry : std::filesystem::directory_iterator(secret)) {
      if (entry.path().extension() == ".parquet") Move(entry.path(), outside_ / "secret.parquet");
    }
  }

  static void Move(const std::string& from, const std::string& to) {
    std::filesystem::copy(from, to);
    std::filesystem::remove(from);
  }

  // Adds a file to the table as another program might.
  void AddToLog(const std::string& path) {
    std::ofstream(fmt::format("{}/_delta_log/{:020}.json", table_, next_version_++))
        << fmt::format(R"({{"add":{{"path":"{}","partitionValues":{{}},"size":)", path)
        << std::filesystem::file_size(outside_ / "secret.parquet")
        << R"(,"modificationTime":0,"dataChange":true}})" << "\n";
  }

  std::string Climbing(const std::string& path) const {
    return std::filesystem::path(path).lexically_relative(table_).string();
  }

  testing::TempDir outside_;
  std::string table_;
  int next_version_ = 1;
};

TEST_F(HostileLog, PathsOutsideTheReadableFoldersAreRefused) {
  const std::string secret = outside_ / "secret.parquet";
  const std::string escaped = "%2e%2e/" + Climbing(secret).substr(3);
  for (const auto& path :
       {secret, "file://" + secret, "file:" + secret, Climbing(secret), escaped}) {
    AddToLog(path);
    for (const auto& from : {std::string("t"), "delta.`" + table_ + "`"}) {
      EXPECT_THAT(Run("SELECT * FROM " + from),
                  FailsWith(ErrorKind::kPermissionDenied, HasSubstr("secret.parquet")))
          << path;
    }
    std::filesystem::remove(fmt::format("{}/_delta_log/{:020}.json", table_, --next_version_));
  }
}

TEST_F(HostileLog, ALinkInTheTablesFolderIsFollowedToItsEnd) {
  std::filesystem::create_symlink(outside_ / "secret.parquet", table_ + "/link.parquet");
  AddToLog("link.parquet");
  EXPECT_THAT(Run("SELECT * FROM t"),
              FailsWith(ErrorKind::kPermissionDenied, HasSubstr("link.parquet")));
}

// Tables may share files by absolute paths (a shallow clone), as long as SQL may read them.
TEST_F(HostileLog, ReadablePathsStayReadable) {
  const std::string shared = dir_ / "shared.parquet";
  std::filesystem::copy(outside_ / "secret.parquet", shared);
  AddToLog(shared);
  EXPECT_THAT(Run("SELECT a FROM t ORDER BY a"), IsOkAnd("a\nmine\ntheirs\n"));
}

}  // namespace
}  // namespace millpond::data
