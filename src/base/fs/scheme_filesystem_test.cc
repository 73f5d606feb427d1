#include "base/fs/scheme_filesystem.h"

#include "base/fs/local_filesystem.h"
#include "base/testing/power_cut_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class SchemeFileSystemTest : public ::testing::Test {
 protected:
  // A store of folders in memory, which has its bucket.
  Result<std::unique_ptr<FileSystem>> OpenStore() {
    ++opened_;
    if (!has_keys_) return Fail(ErrorKind::kPermissionDenied, "no keys");
    auto store = std::make_unique<testing::PowerCutFileSystem>();
    MP_RETURN_IF_ERROR(store->CreateDirectory("/s3:"));
    MP_RETURN_IF_ERROR(store->CreateDirectory("/s3:/bucket"));
    return store;
  }

  testing::TempDir dir_;
  bool has_keys_ = true;
  int opened_ = 0;
  SchemeFileSystem fs_{MakeLocalFileSystem(), "s3://", [this] { return OpenStore(); }};
};

TEST_F(SchemeFileSystemTest, SendsEachPathToItsStore) {
  MP_ASSERT_OK(fs_.ReplaceFile(dir_ / "a", "local"));
  EXPECT_EQ(opened_, 0);
  MP_ASSERT_OK(fs_.PutIfAbsent("s3://bucket/a", "stored", nullptr, std::nullopt));
  EXPECT_THAT(fs_.PutIfAbsent("s3://bucket/a", "again", nullptr, std::nullopt),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("a")));
  EXPECT_THAT(fs_.ReadFile(dir_ / "a"), IsOkAnd("local"));
  EXPECT_THAT(fs_.ReadFile("s3://bucket/a"), IsOkAnd("stored"));
  MP_ASSERT_OK_AND_ASSIGN(const auto listed, fs_.List("s3://bucket"));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].path, "s3://bucket/a");
  EXPECT_EQ(opened_, 1);
}

TEST_F(SchemeFileSystemTest, AStoreThatCannotBeOpenedIsTriedAgainAndKeepsNothingElseAway) {
  has_keys_ = false;
  EXPECT_THAT(fs_.ReadFile("s3://bucket/a"),
              FailsWith(ErrorKind::kPermissionDenied, HasSubstr("no keys")));
  MP_EXPECT_OK(fs_.ReplaceFile(dir_ / "a", "local"));
  has_keys_ = true;
  MP_EXPECT_OK(fs_.ReplaceFile("s3://bucket/a", "stored"));
}

TEST_F(SchemeFileSystemTest, NothingIsRenamedFromOneStoreToAnother) {
  MP_ASSERT_OK(fs_.ReplaceFile(dir_ / "a", "local"));
  EXPECT_THAT(fs_.Rename(dir_ / "a", "s3://bucket/a"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("different stores")));
}

}  // namespace
}  // namespace millpond
