#include "data/delta/log/data_paths.h"

#include "base/testing/result_matchers.h"
#include "data/delta/log/file_list.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

TEST(DataPathsTest, PathsOfAnObjectStoreStayAsTheyAre) {
  EXPECT_THAT(CanonicalPath("s3://lake/a b/t/"), IsOkAnd("s3://lake/a b/t"));
  EXPECT_THAT(CanonicalPath("s3://lake"), IsOkAnd("s3://lake"));
  for (const char* path : {"s3://lake/../x", "s3://lake/a/..", "s3://lake/./x"}) {
    EXPECT_THAT(CanonicalPath(path), FailsWith(ErrorKind::kInvalidArgument, HasSubstr(path)));
  }
}

TEST(DataPathsTest, APrefixEndsAtASlash) {
  EXPECT_TRUE(IsUnder("s3://lake/open/t", "s3://lake/open"));
  EXPECT_TRUE(IsUnder("s3://lake/open", "s3://lake"));
  EXPECT_FALSE(IsUnder("s3://lake/openly/t", "s3://lake/open"));
  EXPECT_FALSE(IsUnder("s3://lake2/t", "s3://lake"));
}

TEST(DataPathsTest, ALogOnAnObjectStoreLeadsToObjects) {
  EXPECT_EQ(ResolveDataPath("s3://lake/t", "p=a%20b/x.parquet"), "s3://lake/t/p=a b/x.parquet");
  EXPECT_EQ(ResolveDataPath("s3://lake/t", "s3a://other/x%2B.parquet"), "s3://other/x+.parquet");
  EXPECT_EQ(ResolveDataPath("/t", "s3n://other/x"), "s3://other/x");
  EXPECT_EQ(FileKey("s3://lake/t", "s3a://lake/t/x", nullptr),
            FileKey("s3://lake/t", "x", nullptr));
  EXPECT_TRUE(LeavesTableFolder("s3://other/x"));
}

}  // namespace
}  // namespace millpond::data
