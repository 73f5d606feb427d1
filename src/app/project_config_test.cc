#include "app/project_config.h"

#include "base/fs/local_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond::app {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

class ProjectConfigTest : public ::testing::Test {
 protected:
  Result<ProjectConfig> Load(const std::string& text) {
    MP_RETURN_IF_ERROR(fs_->ReplaceFile(dir_ / "millpond.yml", text));
    return LoadProjectConfig(*fs_, dir_.path());
  }

  testing::TempDir dir_;
  std::unique_ptr<FileSystem> fs_ = MakeLocalFileSystem();
};

TEST_F(ProjectConfigTest, NameAloneIsEnough) {
  MP_ASSERT_OK_AND_ASSIGN(auto config, Load("name: shop\n"));
  EXPECT_EQ(config.name, "shop");
  EXPECT_EQ(config.state_dir, config.project_dir + "/.millpond");
  EXPECT_EQ(config.clock_kind, ClockKind::kSystem);
}

TEST_F(ProjectConfigTest, ReadsEverything) {
  MP_ASSERT_OK_AND_ASSIGN(auto config,
                          Load("name: shop\nstorage: state\nmemory_limit: 1.5GB\nthreads: 3\n"
                               "readable: [/data]\nmode: demo\n"
                               "clock: {kind: fixed, at: 1998-07-01}\n"));
  EXPECT_EQ(config.memory_limit_bytes, 1'500'000'000);
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.readable_roots.back(), "/data");
  EXPECT_EQ(FormatTimestamp(config.clock_at), "1998-07-01T00:00:00.000000Z");
}

TEST_F(ProjectConfigTest, TablesMayLieOnAnObjectStoreAndTheStateMayNot) {
  MP_ASSERT_OK_AND_ASSIGN(auto config, Load("name: shop\nwarehouse: s3://lake/shop/\n"
                                            "readable: [s3://lake/raw/]\n"));
  EXPECT_EQ(config.warehouse_dir, "s3://lake/shop");
  EXPECT_EQ(config.readable_roots.back(), "s3://lake/raw");
  MP_ASSERT_OK_AND_ASSIGN(auto local, Load("name: shop\nwarehouse: tables\n"));
  EXPECT_EQ(local.warehouse_dir, local.project_dir + "/tables");
  EXPECT_THAT(Load("name: shop\nstorage: s3://lake/shop\n"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("write 'warehouse: s3://")));
}

TEST_F(ProjectConfigTest, MistakesNameTheirPlace) {
  EXPECT_THAT(Load("nam: shop\n"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'name' is missing")));
  EXPECT_THAT(Load("name: ''\n"),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("millpond.yml:1:7: the project has no name")));
  EXPECT_THAT(
      Load("name: shop\nmemory_limt: 1GB\n"),
      FailsWith(
          ErrorKind::kInvalidArgument,
          HasSubstr("millpond.yml:2:14: unknown key 'memory_limt'; did you mean 'memory_limit'?")));
  EXPECT_THAT(Load("name: shop\nmemory_limit: much\n"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("millpond.yml:2:15: not a size")));
  EXPECT_THAT(Load("name: shop\nclock: {kind: fixed, at: 1998-07-01}\n"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("mode: demo")));
}

TEST_F(ProjectConfigTest, NoProjectSaysWhatToDo) {
  EXPECT_THAT(LoadProjectConfig(*fs_, dir_ / "none"),
              FailsWith(ErrorKind::kNotFound, HasSubstr("--project DIR")));
}

TEST(ParseSizeTest, Units) {
  EXPECT_THAT(ParseSize("512MiB"), IsOkAnd(int64_t{512} << 20));
  EXPECT_THAT(ParseSize("4 GB"), IsOkAnd(4'000'000'000));
  for (const char* text : {"", "GB", "-1GB", "1XB", "1e30"}) {
    EXPECT_THAT(ParseSize(text), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("not a size")));
  }
}

}  // namespace
}  // namespace millpond::app
