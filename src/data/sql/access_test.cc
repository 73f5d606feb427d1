// The AccessPolicy is asked at every door, with the session's principal.
#include <arrow/api.h>

#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

using ::testing::_;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

// Everything but reading files, for everybody but "boss".
class NoFiles : public AccessPolicy {
 public:
  Status Check(const Principal& principal, Privilege privilege,
               const std::string& object) override {
    if (privilege != Privilege::kReadFiles || principal.name == "boss") return OkStatus();
    return Fail(ErrorKind::kPermissionDenied, "{} may not {} {}", principal.name,
                ToString(privilege), object);
  }
};

// Reads files, as read_files does.
class ReadThem : public RelationFunction {
 public:
  std::string name() const override { return "read_them"; }
  Result<std::shared_ptr<arrow::RecordBatchReader>> Open(const FunctionArguments& arguments,
                                                         const Workspace&) override {
    MP_RETURN_IF_ERROR(arguments.may_read(*arguments.positional.at(0).AsString()));
    return arrow::RecordBatchReader::Make({}, arrow::schema({arrow::field("a", arrow::int64())}))
        .ValueOrDie();
  }
};

class AccessTest : public testing_sql::SessionFixture {
 protected:
  SqlOptions Options() override {
    SqlOptions options = SessionFixture::Options();
    options.access = &policy_;
    return options;
  }
  void SetUp() override {
    SessionFixture::SetUp();
    engine_->Register(&read_them_);
    boss_ = *engine_->Connect({"boss"});
  }

  NoFiles policy_;
  ReadThem read_them_;
  std::unique_ptr<SqlSession> boss_;
};

TEST_F(AccessTest, FilesAreAskedForWithThePrincipal) {
  MP_ASSERT_OK(Run("CREATE TABLE t AS SELECT 1 AS a"));
  const std::string path = catalog_->TablePath({"main", "default", "t"});
  for (const auto& from : {std::string("read_them('x.csv')"), "delta.`" + path + "`"}) {
    EXPECT_THAT(Run("SELECT * FROM " + from),
                FailsWith(ErrorKind::kPermissionDenied, HasSubstr("local may not READ FILES")))
        << from;
    EXPECT_THAT(RunIn(*boss_, "SELECT * FROM " + from), IsOkAnd(_)) << from;
  }
  EXPECT_THAT(Run("SELECT a FROM t"), IsOkAnd("a\n1\n"));
}

}  // namespace
}  // namespace millpond::data
