#include "model/scoring/work_list.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

std::vector<std::string> Keys(size_t n) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < n; ++i) keys.push_back(EntityKey(std::vector{std::to_string(i)}));
  return keys;
}

std::vector<double> Falling(size_t n) {
  std::vector<double> margins;
  for (size_t i = 0; i < n; ++i) margins.push_back(-static_cast<double>(i));
  return margins;
}

TEST(WorkList, EntityKeysCannotCollide) {
  EXPECT_EQ(EntityKey(std::vector<std::string>{"AB", "1"}), "2:AB1:1");
  EXPECT_NE(EntityKey(std::vector<std::string>{"a", "b:c"}),
            EntityKey(std::vector<std::string>{"a:b", "c"}));
}

// docs/formats/work_list.md; golden: sha256("millpond.holdout\0save-1998-07\0" + "2:42") by
// Python's hashlib.
TEST(WorkList, TheHoldoutIsAFunctionOfCampaignAndEntity) {
  std::string key = EntityKey(std::vector<std::string>{"42"});
  double fraction = 0.3553197217279035;
  EXPECT_TRUE(IsHeldOut("save-1998-07", key, std::nextafter(fraction, 1)));
  EXPECT_FALSE(IsHeldOut("save-1998-07", key, fraction));
}

TEST(WorkList, AboutTheShareIsHeldOutAndCampaignsDiffer) {
  auto keys = Keys(20000);
  size_t held = 0, in_both = 0;
  for (const std::string& key : keys) {
    bool a = IsHeldOut("a", key, 0.05), b = IsHeldOut("b", key, 0.05);
    held += a ? 1 : 0;
    in_both += a && b ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(held), 1000, 100);
  EXPECT_NEAR(static_cast<double>(in_both), 50, 30);
}

TEST(WorkList, CapacityIsFilledPastTheHeldOut) {
  auto keys = Keys(1000);
  auto margins = Falling(1000);
  MP_ASSERT_OK_AND_ASSIGN(auto list, MakeWorkList(margins, keys, {"save", 100, 0.2}));
  size_t contacted = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i].rank, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(list[i].row, i);
    EXPECT_EQ(list[i].holdout, IsHeldOut("save", keys[i], 0.2));
    EXPECT_EQ(list[i].propensity, list[i].holdout ? 0 : 1);
    contacted += list[i].holdout ? 0 : 1;
  }
  EXPECT_EQ(contacted, 100U);
  EXPECT_GT(list.size(), 105U);
  EXPECT_FALSE(list.back().holdout);  // the list ends with the last one contacted
}

TEST(WorkList, AtTheCutTheDrawDecidesAndThePropensitySaysSo) {
  std::vector<double> margins(1000, 0.5);
  for (size_t i = 0; i < 10; ++i) margins[i] = 2;
  auto keys = Keys(1000);
  MP_ASSERT_OK_AND_ASSIGN(auto list, MakeWorkList(margins, keys, {"save", 60, 0.1}));
  size_t open = 0, contacted = 0, top = 0;
  for (size_t i = 10; i < 1000; ++i) open += IsHeldOut("save", keys[i], 0.1) ? 0 : 1;
  for (size_t i = 0; i < 10; ++i) top += IsHeldOut("save", keys[i], 0.1) ? 0 : 1;
  std::set<size_t> rows;
  for (const WorkListEntry& e : list) {
    rows.insert(e.row);
    if (e.holdout) {
      EXPECT_EQ(e.propensity, 0);
      continue;
    }
    ++contacted;
    double expected = e.row < 10 ? 1 : static_cast<double>(60 - top) / static_cast<double>(open);
    EXPECT_DOUBLE_EQ(e.propensity, expected);
  }
  EXPECT_EQ(contacted, 60U);
  EXPECT_GT(*rows.rbegin(), 500U);  // not the first rows: a draw
  // The same draw for candidates in another order.
  std::reverse(margins.begin(), margins.end());
  std::reverse(keys.begin(), keys.end());
  MP_ASSERT_OK_AND_ASSIGN(auto again, MakeWorkList(margins, keys, {"save", 60, 0.1}));
  ASSERT_EQ(again.size(), list.size());
  for (size_t i = 0; i < list.size(); ++i) EXPECT_EQ(again[i].row, 999 - list[i].row);
}

TEST(WorkList, WithoutCapacityEverybodyIsListed) {
  std::vector<double> margins = {1, 1, -HUGE_VAL, HUGE_VAL};
  MP_ASSERT_OK_AND_ASSIGN(auto list, MakeWorkList(margins, Keys(4), {"save", 0, 0.0}));
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].row, 3U);
  EXPECT_EQ(list[3].row, 2U);
  for (const WorkListEntry& e : list) EXPECT_EQ(e.propensity, 1);
  MP_ASSERT_OK_AND_ASSIGN(auto all_held, MakeWorkList(Falling(50), Keys(50), {"s", 5, 0.999999}));
  EXPECT_EQ(all_held.size(), 50U);
  MP_ASSERT_OK_AND_ASSIGN(auto nobody, MakeWorkList({}, {}, {"s", 5}));
  EXPECT_TRUE(nobody.empty());
}

TEST(WorkList, RefusesBadArguments) {
  auto keys = Keys(2);
  std::vector<double> margins = {1, std::nan("")};
  EXPECT_THAT(MakeWorkList(margins, keys, {"s", 1}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("candidate 1 is NaN")));
  margins[1] = 0;
  EXPECT_THAT(MakeWorkList(margins, keys, {"s", -1}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("capacity")));
  EXPECT_THAT(MakeWorkList(margins, keys, {"s", 1, 1.0}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("holdout")));
  keys.pop_back();
  EXPECT_THAT(MakeWorkList(margins, keys, {"s", 1}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("1 entities")));
}

}  // namespace
}  // namespace millpond::model
