#include "model/evaluation/action_value.h"

#include <gtest/gtest.h>

#include <vector>

namespace millpond::model {
namespace {

const std::vector<double> kScores = {4, 3, 2, 1, 5, 4, 3};
const std::vector<double> kProbabilities = {0.5, 0.25, 0.125, 0.0625, 0.75, 0.5, 0.25};
const std::vector<float> kLabels = {1, 0, 1, 0, 0, 1, 1};
const std::vector<int64_t> kPeriods = {1, 1, 1, 1, 2, 2, 2};

ActionValue At(int64_t capacity) {
  return ValueAtCapacity(kScores, kProbabilities, kLabels, kPeriods,
                         {.capacity = capacity, .value = 10, .cost = 2});
}

TEST(ActionValueTest, TheBestOfEachPeriodAreContacted) {
  const ActionValue two = At(2);
  EXPECT_EQ(two.contacts, 4);
  EXPECT_EQ(two.successes, 2);
  EXPECT_EQ(two.expected_successes, 0.5 + 0.25 + 0.75 + 0.5);
  EXPECT_EQ(two.Net({2, 10, 2}), 10 * 2 - 2 * 4);
  EXPECT_EQ(two.ExpectedNet({2, 10, 2}), 10 * 2.0 - 2 * 4);
}

TEST(ActionValueTest, NoCapacityContactsAllAndAShortPeriodIsNoError) {
  for (int64_t capacity : {0, 4, 100}) {
    EXPECT_EQ(At(capacity).contacts, 7);
    EXPECT_EQ(At(capacity).successes, 4);
    // 0.125 and 0.0625 times 10 are less than 2.
    EXPECT_EQ(At(capacity).losing_contacts, 2);
  }
}

TEST(ActionValueTest, EqualScoresAreDrawnFairly) {
  const std::vector<double> equal(4, 1.0);
  const std::vector<double> probabilities(4, 0.5);
  const std::vector<float> labels = {1, 0, 0, 0};
  const std::vector<int64_t> periods(4, 0);
  const ActionValue one = ValueAtCapacity(equal, probabilities, labels, periods, {1, 1, 0});
  EXPECT_EQ(one.contacts, 1);
  EXPECT_EQ(one.successes, 0.25);
}

}  // namespace
}  // namespace millpond::model
