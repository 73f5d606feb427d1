#include "model/monitoring/hysteresis.h"

#include <cmath>
#include <string>

#include "base/testing/result_matchers.h"

namespace millpond::model {
namespace {

struct Case {
  const char* name;
  const char* values;  // h over high, l under low, . between, ? not measured
  Hysteresis hysteresis;
  bool firing;
  const char* transitions;  // F fired, C cleared, - nothing, place by place
};

std::vector<double> Values(std::string_view text) {
  std::vector<double> values;
  for (char c : text) {
    values.push_back(c == 'h' ? 0.2 : c == 'l' ? 0.09 : c == '.' ? 0.1 : std::nan(""));
  }
  return values;
}

TEST(HysteresisTest, Sequences) {
  const Case cases[] = {
      {"one period is not enough", "hlhlhl", {2, 2}, false, "------"},
      {"two in a row fire", "hh", {2, 2}, false, "-F"},
      {"it fires once", "hhhhh", {2, 2}, false, "-F---"},
      {"between the thresholds changes nothing", "hh.....", {2, 2}, false, "-F-----"},
      {"between ends a row", "h.h.h", {2, 2}, false, "-----"},
      {"two under clear", "hhll", {2, 2}, false, "-F-C"},
      {"one under does not", "hhlhlh", {2, 2}, false, "-F----"},
      {"between ends the row under too", "hhl.l.", {2, 2}, false, "-F----"},
      {"again after it cleared", "hhllhh", {2, 2}, false, "-F-C-F"},
      {"at once", "hlhl", {1, 1}, false, "FCFC"},
      {"three and one", "hhhl", {3, 1}, false, "--FC"},
      {"nothing measured ends a row", "h?h?hh", {2, 2}, false, "-----F"},
      {"… under too", "hhl?l?ll", {2, 2}, false, "-F-----C"},
      {"going on from firing", "ll", {2, 2}, true, "-C"},
      {"still firing", "hhh", {2, 2}, true, "---"},
      {"none", "", {2, 2}, false, ""},
  };
  for (const Case& one : cases) {
    std::string found(std::string_view(one.values).size(), '-');
    for (const auto& transition :
         TransitionsOf(Values(one.values), {0.1, 0.2}, one.hysteresis, one.firing)) {
      found[transition.period] = transition.transition == AlertTransition::kFired ? 'F' : 'C';
    }
    EXPECT_EQ(found, one.transitions) << one.name;
  }
}

TEST(HysteresisTest, ThresholdsAreInclusiveAboveAndExclusiveBelow) {
  const std::vector<double> at_high = {0.2}, at_low = {0.1};
  EXPECT_EQ(TransitionsOf(at_high, {0.1, 0.2}, {1, 1}).size(), 1U);
  EXPECT_TRUE(TransitionsOf(at_low, {0.1, 0.2}, {1, 1}, true).empty());
}

// Cutting a series in two anywhere, with the state carried over, differs at most in rows of periods
// that straddle the cut; at a transition it never does.
TEST(HysteresisTest, GoingOnAfterATransitionIsTheSame) {
  const auto values = Values("hh.lhllhhhl.lllh");
  const auto whole = TransitionsOf(values, {0.1, 0.2}, {2, 2});
  for (size_t k = 0; k < whole.size(); ++k) {
    const size_t cut = whole[k].period + 1;
    auto rest = TransitionsOf(std::span(values).subspan(cut), {0.1, 0.2}, {2, 2},
                              whole[k].transition == AlertTransition::kFired);
    for (auto& transition : rest) transition.period += cut;
    EXPECT_EQ(rest, std::vector(whole.begin() + static_cast<int64_t>(k) + 1, whole.end()));
  }
}

}  // namespace
}  // namespace millpond::model
