#include "base/random.h"

#include <set>

#include "base/sha256.h"
#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

TEST(RandomTest, SeededSequenceIsFixed) {
  SeededRandom random(0);  // the reference sequence of SplitMix64 for seed 0
  EXPECT_EQ(random.Next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random.Next(), 0x6e789e6aa1b965f4u);
}

TEST(RandomTest, NextBelowStaysBelowAndReachesAll) {
  SeededRandom random(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(NextBelow(random, 5));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4}));
}

TEST(UuidTest, CarriesVersionVariantAndTime) {
  SeededRandom random(7);
  std::string v4 = NewUuid4(random), v7 = NewUuid7(random, 0x0123456789ab);
  EXPECT_EQ(v4.size(), 36u);
  EXPECT_EQ(v4[14], '4');
  EXPECT_EQ(v7.substr(0, 15), "01234567-89ab-7");
  EXPECT_NE(std::string("89ab").find(v7[19]), std::string::npos);
}

TEST(Sha256Test, KnownDigest) {
  EXPECT_EQ(Sha256::Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace millpond
