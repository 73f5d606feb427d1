// Whatever is wrong with a data file, the message names the table, the version and the file.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using ::testing::Not;

class CorruptFile : public testing_sql::SessionFixture {
 protected:
  // Two files, the second of which is to be spoiled.
  void SetUp() override {
    SessionFixture::SetUp();
    MP_ASSERT_OK(
        Run("CREATE TABLE t AS SELECT range AS a, md5(range::VARCHAR) AS s FROM range(9)"));
    const auto first = Files();
    MP_ASSERT_OK(Run("INSERT INTO t SELECT range, md5(range::VARCHAR) FROM range(10, 20000)"));
    for (const auto& file : Files()) {
      if (!first.contains(file)) file_ = file;
    }
    std::ifstream in(file_, std::ios::binary);
    bytes_ = std::string(std::istreambuf_iterator<char>(in), {});
  }

  std::set<std::string> Files() {
    std::set<std::string> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(catalog_->TablePath({"main", "default", "t"}))) {
      if (entry.path().extension() == ".parquet") files.insert(entry.path());
    }
    return files;
  }

  void Write(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string file_, bytes_;
};

TEST_F(CorruptFile, IsNamed) {
  std::string magic = bytes_, footer = bytes_, page = bytes_;
  magic.replace(magic.size() - 4, 4, "XXXX");
  for (size_t i = 8; i < 60; ++i) footer[footer.size() - i - 1] = '\xff';
  for (size_t i = 10; i < bytes_.size() / 2; ++i) page[i] = static_cast<char>(page[i] ^ 0x5a);
  const std::pair<const char*, std::string> cases[] = {
      {"empty", ""},    {"cut", bytes_.substr(0, bytes_.size() / 2)},
      {"magic", magic}, {"footer", footer},
      {"page", page},   {"no parquet", "a,b\n1,2\n"}};
  for (const auto& [what, bytes] : cases) {
    Write(bytes);
    EXPECT_THAT(Run("SELECT count(*), max(a), max(s) FROM t"),
                FailsWith(::testing::_,
                          AllOf(HasSubstr("q.sql:1:1: "), HasSubstr(file_),
                                HasSubstr("main.default.t version 1"), Not(HasSubstr("lake:")))))
        << what;
    EXPECT_THAT(Run("SELECT count(*) AS n FROM t VERSION AS OF 0"), IsOkAnd("n\n9\n")) << what;
  }
  Write(bytes_);
  EXPECT_THAT(Run("SELECT count(*) AS n, max(a) AS m FROM t"), IsOkAnd("n,m\n19999,19999\n"));
}

TEST_F(CorruptFile, ThatIsGoneSaysWhatRemains) {
  MP_ASSERT_OK(Run("CREATE OR REPLACE TABLE t AS SELECT 1 AS a"));
  std::filesystem::remove(file_);
  EXPECT_THAT(Run("SELECT count(s) FROM t VERSION AS OF 1"),
              FailsWith(ErrorKind::kNotFound,
                        AllOf(HasSubstr(file_), HasSubstr("versions 2 to 2 can be read"))));
}

// A mistake of the query's own is not the file's.
TEST_F(CorruptFile, IsNotBlamedForTheQuery) {
  EXPECT_THAT(Run("SELECT a FROM t WHERE CAST(s AS INT) = 3"),
              FailsWith(ErrorKind::kInvalidArgument,
                        AllOf(HasSubstr("q.sql:1:23: "), Not(HasSubstr("data file")))));
}

}  // namespace
}  // namespace millpond::data
