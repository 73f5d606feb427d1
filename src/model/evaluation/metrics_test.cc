#include "model/evaluation/metrics.h"

#include <cmath>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "model/evaluation/curves.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

struct Rows {
  std::vector<double> scores;
  std::vector<float> labels;
};

Rows RandomRows(uint64_t seed, size_t n, uint64_t distinct, uint64_t percent_positive) {
  SeededRandom random(seed);
  Rows rows;
  for (size_t i = 0; i < n; ++i) {
    rows.scores.push_back(static_cast<double>(NextBelow(random, distinct)) / 7 - 3);
    rows.labels.push_back(NextBelow(random, 100) < percent_positive ? 1.0F : 0.0F);
  }
  return rows;
}

// By their definitions, in O(n²): no sorting, no cumulative counts.
double SlowAveragePrecision(const Rows& r) {
  double sum = 0, positives = 0;
  for (size_t i = 0; i < r.scores.size(); ++i) {
    if (r.labels[i] == 0) continue;
    double above = 0, hits = 0;
    for (size_t j = 0; j < r.scores.size(); ++j) {
      if (r.scores[j] < r.scores[i]) continue;
      above += 1;
      hits += r.labels[j];
    }
    sum += hits / above;
    positives += 1;
  }
  return sum / positives;
}

double SlowRocAuc(const Rows& r) {
  double wins = 0, pairs = 0;
  for (size_t i = 0; i < r.scores.size(); ++i) {
    for (size_t j = 0; j < r.scores.size(); ++j) {
      if (r.labels[i] != 1 || r.labels[j] != 0) continue;
      pairs += 1;
      wins += r.scores[i] > r.scores[j] ? 1 : r.scores[i] == r.scores[j] ? 0.5 : 0;
    }
  }
  return wins / pairs;
}

// A row is among the k best of a random order within ties with the probability
// clamp((k − rows above) / rows tied, 0, 1).
double SlowPrecisionAtK(const Rows& r, double k) {
  double hits = 0;
  for (size_t i = 0; i < r.scores.size(); ++i) {
    double above = 0, tied = 0;
    for (double s : r.scores) {
      above += s > r.scores[i] ? 1 : 0;
      tied += s == r.scores[i] ? 1 : 0;
    }
    hits += r.labels[i] * std::min(1.0, std::max(0.0, (k - above) / tied));
  }
  return hits / k;
}

TEST(Metrics, EqualTheirDefinitionsWithAndWithoutTies) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rows r = RandomRows(seed, 20 + seed * 5, seed % 4 == 0 ? 1'000'000 : 2 + seed, 5 + seed);
    r.labels[0] = 1;
    r.labels[1] = 0;
    EXPECT_NEAR(AveragePrecision(r.scores, r.labels), SlowAveragePrecision(r), 1e-13) << seed;
    EXPECT_NEAR(RocAuc(r.scores, r.labels), SlowRocAuc(r), 1e-13) << seed;
    for (double k : {1.0, 3.0, 7.5, 20.0}) {
      EXPECT_NEAR(MetricsAtK(r.scores, r.labels, k).precision, SlowPrecisionAtK(r, k), 1e-13)
          << seed << " " << k;
    }
  }
}

// The rows that the golden numbers of scikit-learn 1.x (average_precision_score, roc_auc_score,
// log_loss, brier_score_loss) were computed on, once by hand.
std::vector<double> Sequence(uint64_t state, size_t n) {
  std::vector<double> out;
  for (size_t i = 0; i < n; ++i) {
    state = (state * 1103515245 + 12345) % (1U << 31);
    out.push_back(static_cast<double>((state >> 16) % 1000));
  }
  return out;
}

TEST(Metrics, AgreeWithScikitLearn) {
  auto a = Sequence(1, 200), b = Sequence(2, 200);
  std::vector<double> scores, probabilities;
  std::vector<float> labels;
  for (size_t i = 0; i < a.size(); ++i) {
    scores.push_back(std::floor(a[i] / 50));
    probabilities.push_back((a[i] + 0.5) / 1000);
    labels.push_back(a[i] + b[i] > 1000 ? 1.0F : 0.0F);
  }
  EXPECT_NEAR(AveragePrecision(scores, labels), 0.85233455456637175, 1e-14);
  EXPECT_NEAR(RocAuc(scores, labels), 0.86134453781512599, 1e-14);
  EXPECT_NEAR(LogLoss(probabilities, labels), 0.45633727506724392, 1e-14);
  EXPECT_NEAR(BrierScore(probabilities, labels), 0.15150261000000001, 1e-14);
}

TEST(Metrics, AtKTakesTheExpectedValueOverTies) {
  std::vector<double> scores = {3, 2, 2, 2, 1};
  std::vector<float> labels = {0, 1, 1, 0, 1};
  AtK two = MetricsAtK(scores, labels, 2);
  EXPECT_DOUBLE_EQ(two.precision, (2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(two.recall, (2.0 / 3) / 3);
  EXPECT_DOUBLE_EQ(two.lift, two.precision / 0.6);
  AtK beyond = MetricsAtK(scores, labels, 99);
  EXPECT_EQ(beyond.k, 5);
  EXPECT_DOUBLE_EQ(beyond.precision, 0.6);
  EXPECT_DOUBLE_EQ(beyond.recall, 1);
}

TEST(Metrics, NeverIsAccurateForRarePositives) {
  std::vector<double> probabilities(1000, 0.04);
  std::vector<float> labels(1000, 0.0F);
  for (size_t i = 0; i < 40; ++i) labels[i * 25] = 1;
  Confusion c = ConfusionAt(probabilities, labels);
  EXPECT_EQ(c.accuracy(), 0.96);
  EXPECT_EQ(c.recall(), 0);
  EXPECT_TRUE(std::isnan(c.precision()));
  EXPECT_DOUBLE_EQ(AveragePrecision(probabilities, labels), 0.04);
  EXPECT_DOUBLE_EQ(RocAuc(probabilities, labels), 0.5);
}

TEST(Metrics, WithoutPositivesRankingIsUndefined) {
  std::vector<double> scores = {1, 2};
  std::vector<float> labels = {0, 0};
  EXPECT_TRUE(std::isnan(AveragePrecision(scores, labels)));
  EXPECT_TRUE(std::isnan(RocAuc(scores, labels)));
  EXPECT_TRUE(std::isnan(MetricsAtK(scores, labels, 1).recall));
  EXPECT_TRUE(std::isnan(MetricsAtK(scores, labels, 1).lift));
}

TEST(Metrics, RefuseWhatTheyCannotMeasure) {
  std::vector<double> scores = {0.5, std::nan("")};
  std::vector<float> labels = {1, 0};
  auto check = [&] { return CheckEvaluation(scores, labels); };
  EXPECT_THAT(check(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("row 1 is NaN")));
  scores[1] = 0;
  labels[0] = 2;
  EXPECT_THAT(check(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("row 0 is 2")));
  labels.clear();
  EXPECT_THAT(check(), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("2 scores and 0 labels")));
}

TEST(Curves, ReliabilityBinsDoNotSplitTies) {
  std::vector<double> p = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.6, 0.7, 0.8, 1.0};
  std::vector<float> y = {0, 0, 0, 0, 0, 1, 1, 1, 0, 1};
  auto mass = ReliabilityCurve(p, y, 5);
  ASSERT_EQ(mass.size(), 3U);
  EXPECT_EQ(mass[0].rows, 6U);
  EXPECT_DOUBLE_EQ(mass[0].mean_probability, 0.1);
  EXPECT_DOUBLE_EQ(mass[0].positive_share, 1.0 / 6);
  EXPECT_EQ(mass[1].rows, 2U);
  EXPECT_EQ(mass[2].high, 1.0);
  auto width = ReliabilityCurve(p, y, 2, Binning::kEqualWidth);
  ASSERT_EQ(width.size(), 2U);
  EXPECT_EQ(width[0].rows, 6U);
  double expected = (6 * std::abs(0.1 - 1.0 / 6) + 4 * std::abs(3.1 / 4 - 0.75)) / 10;
  EXPECT_NEAR(ExpectedCalibrationError(p, y, 2, Binning::kEqualWidth), expected, 1e-15);
}

TEST(Curves, PrecisionRecallEndsAtAllRows) {
  Rows r = RandomRows(5, 500, 1'000'000, 20);
  auto full = PrecisionRecallCurve(r.scores, r.labels, 1000);
  EXPECT_GT(full.size(), 490U);
  auto thin = PrecisionRecallCurve(r.scores, r.labels, 50);
  ASSERT_EQ(thin.size(), 50U);
  for (const auto* curve : {&full, &thin}) {
    EXPECT_DOUBLE_EQ(curve->back().recall, 1);
    for (size_t i = 1; i < curve->size(); ++i) {
      EXPECT_LT((*curve)[i].threshold, (*curve)[i - 1].threshold);
      EXPECT_GE((*curve)[i].recall, (*curve)[i - 1].recall);
    }
  }
  auto lift = LiftCurve(r.scores, r.labels, 10);
  ASSERT_EQ(lift.size(), 10U);
  EXPECT_DOUBLE_EQ(lift.back().lift, 1);
  EXPECT_DOUBLE_EQ(lift[2].recall, MetricsAtK(r.scores, r.labels, 150).recall);
}

}  // namespace
}  // namespace millpond::model
