#include "data/delta/log/last_checkpoint.h"

#include "base/testing/result_matchers.h"

namespace millpond::data {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOkAnd;

TEST(LastCheckpointTest, CanonicalFormAndChecksum) {
  constexpr const char* kSample =
      R"({"k0":"'v 0'", "checksum": "adsaskfljadfkjadfkj", "k1":{"k2": 2, "k3": ["v3", [1, 2], )"
      R"({"k4": "v4", "k5": ["v5", "v6", "v7"]}]}})";
  MP_ASSERT_OK_AND_ASSIGN(const std::string canonical, CanonicalJson(kSample));
  EXPECT_EQ(canonical,
            R"("k0"="%27v%200%27","k1"+"k2"=2,"k1"+"k3"+0="v3","k1"+"k3"+1+0=1,"k1"+"k3"+1+1=2,)"
            R"("k1"+"k3"+2+"k4"="v4","k1"+"k3"+2+"k5"+0="v5","k1"+"k3"+2+"k5"+1="v6",)"
            R"("k1"+"k3"+2+"k5"+2="v7")");
  EXPECT_EQ(Md5Hex(canonical), "6a92d155a59bf2eecbd4b4ec7fd1f875");
  EXPECT_EQ(Md5Hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  std::string hint = FormatLastCheckpoint({.version = 12, .actions = 3});
  EXPECT_THAT(ParseLastCheckpoint(hint), IsOkAnd(12));
  hint.replace(hint.find("12"), 2, "13");
  EXPECT_THAT(ParseLastCheckpoint(hint), FailsWith(ErrorKind::kCorrupt, HasSubstr("checksum")));
}

}  // namespace
}  // namespace millpond::data
