#include "data/delta/rows/row_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/testing/result_matchers.h"
#include "data/delta/rows/base85_internal.h"

namespace millpond::data {
namespace {

TEST(RowSet, BehavesAsASetOfNumbers) {
  std::mt19937_64 random(7);
  RowSet rows;
  std::set<uint64_t> expected;
  for (int i = 0; i < 20'000; ++i) {
    uint64_t row = random() % 100'000;
    if (i % 10 == 0) row += uint64_t{3} << 32;
    EXPECT_EQ(rows.Add(row), expected.insert(row).second);
  }
  rows.AddRange(200'000, 300'000);
  for (uint64_t row = 200'000; row < 300'000; ++row) expected.insert(row);
  EXPECT_EQ(rows.size(), static_cast<int64_t>(expected.size()));
  EXPECT_EQ(rows.greatest(), *expected.rbegin());
  std::vector<uint64_t> seen;
  rows.ForEach([&](uint64_t row) { seen.push_back(row); });
  EXPECT_EQ(seen, std::vector<uint64_t>(expected.begin(), expected.end()));
  for (uint64_t first :
       {uint64_t{0}, uint64_t{99'000}, uint64_t{199'000}, (uint64_t{1} << 32) - 5}) {
    std::vector<uint32_t> kept, wanted;
    rows.AppendKept(first, 2000, &kept);
    for (uint32_t i = 0; i < 2000; ++i) {
      if (!expected.contains(first + i)) wanted.push_back(i);
    }
    EXPECT_EQ(kept, wanted) << first;
    EXPECT_EQ(rows.AnyIn(first, 2000), wanted.size() < 2000) << first;
  }
}

TEST(RowSet, ComesBackFromItsBytes) {
  RowSet rows;
  for (uint64_t row : {uint64_t{0}, uint64_t{7}, uint64_t{1} << 33}) rows.Add(row);
  rows.AddRange(1000, 90'000);
  MP_ASSERT_OK_AND_ASSIGN(const RowSet back, RowSet::Parse(rows.Serialize(), "test"));
  EXPECT_EQ(back, rows);
  EXPECT_TRUE(rows.Intersects(back));
  EXPECT_TRUE(rows.Minus(back).empty());
}

TEST(RowSet, BytesThatAreCutOrChangedDoNotCrash) {
  RowSet rows;
  for (uint64_t row = 0; row < 5000; row += 3) rows.Add(row);
  rows.AddRange(70'000, 80'000);
  const std::string bytes = rows.Serialize();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(RowSet::Parse(std::string_view(bytes).substr(0, length), "test").has_value());
  }
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    std::string flipped = bytes;
    flipped[random() % flipped.size()] ^= static_cast<char>(1 << random() % 8);
    const auto parsed = RowSet::Parse(flipped, "test");
    if (!parsed) continue;  // another set of rows, and it does not contradict itself
    int64_t count = 0;
    std::optional<uint64_t> last;
    parsed->ForEach([&](uint64_t row) {
      EXPECT_TRUE(!last || *last < row);
      EXPECT_TRUE(parsed->Contains(row));
      last = row;
      ++count;
    });
    EXPECT_EQ(count, parsed->size());
    EXPECT_EQ(parsed->Serialize(), RowSet::Parse(parsed->Serialize(), "test")->Serialize());
  }
}

TEST(RowSet, ContainersThatLieAreRefused) {
  RowSet rows;
  for (uint64_t row : {3, 5, 9, 40}) rows.Add(row);
  const std::string bytes = rows.Serialize();
  const auto with = [&](size_t from_end, char value) {
    std::string changed = bytes;
    changed[changed.size() - from_end] = value;
    return RowSet::Parse(changed, "the vector");
  };
  MP_ASSERT_OK(with(2, 41));
  EXPECT_THAT(with(2, 4), testing::FailsWith(ErrorKind::kCorrupt,
                                             ::testing::HasSubstr("the vector is no bitmap")));
  EXPECT_THAT(with(4, 5), testing::FailsWith(ErrorKind::kCorrupt,
                                             ::testing::HasSubstr("values are not in order")));
  RowSet range;
  range.AddRange(65'000, 65'100);
  std::string runs = range.Serialize();
  runs[runs.size() - 1] = '\x7f';  // the run leaves its container
  EXPECT_THAT(RowSet::Parse(runs, "test"),
              testing::FailsWith(ErrorKind::kCorrupt, ::testing::HasSubstr("runs")));
}

TEST(Base85, IsTheAlphabetOfZ85) {
  const std::string bytes("\x86\x4F\xD2\x6F\xB5\x59\xF7\x5B", 8);
  EXPECT_EQ(EncodeBase85(bytes), "HelloWorld");
  EXPECT_EQ(DecodeBase85("HelloWorld"), bytes);
  EXPECT_EQ(DecodeBase85("Hello\"orld"), std::nullopt);
  EXPECT_EQ(DecodeBase85("Hell"), std::nullopt);
  EXPECT_EQ(DecodeBase85("#####"), std::nullopt);
}

}  // namespace
}  // namespace millpond::data
