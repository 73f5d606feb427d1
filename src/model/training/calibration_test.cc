#include "model/training/calibration.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "model/evaluation/metrics.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

struct Slice {
  std::vector<double> margins;
  std::vector<float> labels;
  std::vector<uint64_t> entities;
};

// Labels are drawn with probability truth(margin).
template <typename Truth>
Slice Draw(uint64_t seed, size_t rows, Truth truth) {
  SeededRandom random(seed);
  auto uniform = [&] { return static_cast<double>(random.Next() >> 11) * 0x1p-53; };
  Slice s;
  for (size_t i = 0; i < rows; ++i) {
    s.margins.push_back(6 * uniform() - 3);
    s.labels.push_back(uniform() < truth(s.margins.back()) ? 1.0F : 0.0F);
    s.entities.push_back(i / 2);
  }
  return s;
}

double Sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// The isotonic fit by its min-max formula, in O(n³): max over starts ≤ i of min over ends ≥ i of
// the mean.
double SlowIsotonic(const std::vector<double>& sorted, const std::vector<double>& means, size_t i) {
  double best = 0;
  for (size_t a = 0; a <= i; ++a) {
    double least = 1;
    for (size_t b = i; b < sorted.size(); ++b) {
      double sum = 0;
      for (size_t k = a; k <= b; ++k) sum += means[k];
      least = std::min(least, sum / static_cast<double>(b - a + 1));
    }
    best = std::max(best, least);
  }
  return best;
}

TEST(Isotonic, EqualsTheMinMaxFormula) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Slice s = Draw(seed, 60, [](double m) { return Sigmoid(m); });
    s.labels[0] = 1;
    s.labels[1] = 0;
    MP_ASSERT_OK_AND_ASSIGN(auto map, FitIsotonic(s.margins, s.labels));
    std::vector<size_t> order(60);
    for (size_t i = 0; i < 60; ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return s.margins[a] < s.margins[b]; });
    std::vector<double> sorted, labels;
    for (size_t i : order) {
      sorted.push_back(s.margins[i]);
      labels.push_back(s.labels[i]);
    }
    for (size_t i = 0; i < 60; ++i) {
      double expected = std::clamp(SlowIsotonic(sorted, labels, i), 0.5 / 61, 1 - 0.5 / 61);
      EXPECT_NEAR(map.Probability(sorted[i]), expected, 1e-12) << seed << " " << i;
    }
  }
}

// Golden: scikit-learn's IsotonicRegression(out_of_bounds="clip") on 200 rows with 20 distinct
// margins (the sequence of metrics_test), computed once by hand; its 0 and 1 are kept off
// certainty.
TEST(Isotonic, AgreesWithScikitLearnOnTies) {
  auto sequence = [](uint64_t state) {
    std::vector<double> out;
    for (int i = 0; i < 200; ++i) {
      state = (state * 1103515245 + 12345) % (1U << 31);
      out.push_back(static_cast<double>((state >> 16) % 1000));
    }
    return out;
  };
  auto a = sequence(1), b = sequence(2);
  std::vector<double> margins;
  std::vector<float> labels;
  for (size_t i = 0; i < 200; ++i) {
    margins.push_back(std::floor(a[i] / 50));
    labels.push_back(a[i] + b[i] > 1000 ? 1.0F : 0.0F);
  }
  MP_ASSERT_OK_AND_ASSIGN(auto map, FitIsotonic(margins, labels));
  EXPECT_DOUBLE_EQ(map.Probability(0), 0.5 / 201);
  EXPECT_DOUBLE_EQ(map.Probability(3), 0.07407407407407407);
  EXPECT_DOUBLE_EQ(map.Probability(7), 0.45454545454545453);
  EXPECT_DOUBLE_EQ(map.Probability(7.5), 0.5038684719535783);
  EXPECT_DOUBLE_EQ(map.Probability(10), 0.5531914893617021);
  EXPECT_DOUBLE_EQ(map.Probability(15), 0.7916666666666666);
  EXPECT_DOUBLE_EQ(map.Probability(19), 1 - 0.5 / 201);
}

TEST(Isotonic, DoesNotDependOnTheOrderOfRows) {
  Slice s = Draw(3, 500, [](double m) { return Sigmoid(m); });
  for (double& m : s.margins) m = std::floor(m * 20);
  MP_ASSERT_OK_AND_ASSIGN(auto forward, FitIsotonic(s.margins, s.labels));
  std::reverse(s.margins.begin(), s.margins.end());
  std::reverse(s.labels.begin(), s.labels.end());
  MP_ASSERT_OK_AND_ASSIGN(auto backward, FitIsotonic(s.margins, s.labels));
  EXPECT_EQ(forward.ToJson(), backward.ToJson());
}

TEST(Platt, FindsTheSlopeAndSurvivesSeparableData) {
  Slice s = Draw(1, 20000, [](double m) { return Sigmoid(0.5 * m - 1); });
  MP_ASSERT_OK_AND_ASSIGN(auto map, FitPlatt(s.margins, s.labels));
  for (double m : {-2.0, 0.0, 2.0}) EXPECT_NEAR(map.Probability(m), Sigmoid(0.5 * m - 1), 0.02);
  std::vector<double> margins = {-1e6, -2, 2, 3};
  std::vector<float> labels = {0, 0, 1, 1};
  MP_ASSERT_OK_AND_ASSIGN(auto separable, FitPlatt(margins, labels));
  EXPECT_TRUE(std::isfinite(separable.Probability(0)));
  labels = {1, 1, 0, 0};
  EXPECT_THAT(FitPlatt(margins, labels),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("backwards")));
}

TEST(ChooseCalibration, TakesWhatTheDataCallFor) {
  auto choose = [](auto truth) {
    Slice s = Draw(11, 20000, truth);
    auto choice = ChooseCalibration(s.margins, s.labels, s.entities);
    return choice->map.kind();
  };
  EXPECT_EQ(choose([](double m) { return Sigmoid(2 * m + 1); }), CalibrationKind::kPlatt);
  EXPECT_EQ(choose([](double m) { return m < 0   ? 0.2
                                         : m < 1 ? 0.3
                                                 : 0.9; }),
            CalibrationKind::kIsotonic);
}

TEST(ChooseCalibration, ChoosesAmongTheKindsAllowed) {
  Slice s = Draw(11, 20000, [](double m) { return Sigmoid(2 * m + 1); });
  std::vector<CalibrationKind> kinds = {CalibrationKind::kNone, CalibrationKind::kIsotonic};
  MP_ASSERT_OK_AND_ASSIGN(auto choice, ChooseCalibration(s.margins, s.labels, s.entities, kinds));
  EXPECT_EQ(choice.map.kind(), CalibrationKind::kIsotonic);
  EXPECT_LT(choice.held_out_log_loss[1], choice.held_out_log_loss[2]);  // platt, reported
}

TEST(ChooseCalibration, LeavesAWellCalibratedModelAlone) {
  // What is right already may still lose by luck, so the loss given away is what is bounded.
  Slice s = Draw(2, 20000, [](double m) { return Sigmoid(m); });
  MP_ASSERT_OK_AND_ASSIGN(auto choice, ChooseCalibration(s.margins, s.labels, s.entities));
  EXPECT_NE(choice.map.kind(), CalibrationKind::kIsotonic);
  EXPECT_NEAR(choice.held_out_log_loss[0], choice.held_out_log_loss[1], 1e-3);
  EXPECT_LT(choice.held_out_log_loss[0], choice.held_out_log_loss[2]);
}

TEST(ChooseCalibration, TooFewPositivesToChooseFrom) {
  Slice s = Draw(2, 100, [](double) { return 0.0; });
  for (size_t i = 0; i < 9; ++i) s.labels[i] = 1;
  MP_ASSERT_OK_AND_ASSIGN(auto choice, ChooseCalibration(s.margins, s.labels, s.entities));
  EXPECT_EQ(choice.map.kind(), CalibrationKind::kNone);
  EXPECT_TRUE(std::isnan(choice.held_out_log_loss[2]));
}

TEST(ChooseCalibration, RefusesUnequalLengths) {
  std::vector<double> margins = {1, 2};
  std::vector<float> labels = {0, 1};
  std::vector<uint64_t> entities = {1};
  EXPECT_THAT(ChooseCalibration(margins, labels, entities),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("1 for 2")));
  labels = {1, 1};
  EXPECT_THAT(FitIsotonic(margins, labels),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("same label")));
}

}  // namespace
}  // namespace millpond::model
