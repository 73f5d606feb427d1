#include "model/evaluation/bootstrap.h"

#include <cmath>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "model/evaluation/baselines.h"
#include "model/evaluation/metrics.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

struct Slice {
  std::vector<float> labels;
  std::vector<uint64_t> entities;
  std::vector<double> good, poor, probabilities;
};

double Uniform(RandomSource& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

// `rows_each` rows an entity with the same label: the effective sample is the number of entities.
Slice MakeSlice(uint64_t seed, size_t entities, size_t rows_each) {
  SeededRandom random(seed);
  Slice s;
  for (size_t e = 0; e < entities; ++e) {
    double chance = Uniform(random);
    float label = Uniform(random) < chance ? 1.0F : 0.0F;
    for (size_t r = 0; r < rows_each; ++r) {
      s.labels.push_back(label);
      s.entities.push_back(e * 977 + 5);
      s.good.push_back(std::floor(chance * 50));
      s.poor.push_back(chance + Uniform(random));
      s.probabilities.push_back(chance);
    }
  }
  return s;
}

const std::vector<Metric> kMetrics = {{MetricKind::kAveragePrecision},
                                      {MetricKind::kRocAuc},
                                      {MetricKind::kPrecisionAtK, 40},
                                      {MetricKind::kRecallAtK, 40},
                                      {MetricKind::kLiftAtK, 40},
                                      {MetricKind::kLogLoss},
                                      {MetricKind::kBrier}};

std::vector<Prediction> Predictions(const Slice& s) {
  return {{"good", s.good, s.probabilities}, {"poor", s.poor, {}}};
}

TEST(Bootstrap, ValuesAreTheMetricsOfTheData) {
  Slice s = MakeSlice(1, 100, 2);
  MP_ASSERT_OK_AND_ASSIGN(auto result,
                          ClusteredBootstrap(s.labels, s.entities, Predictions(s), kMetrics, {50}));
  EXPECT_EQ(result.value(0, 0).value, AveragePrecision(s.good, s.labels));
  EXPECT_EQ(result.value(1, 1).value, RocAuc(s.poor, s.labels));
  AtK at = MetricsAtK(s.good, s.labels, 40);
  EXPECT_EQ(result.value(0, 2).value, at.precision);
  EXPECT_EQ(result.value(0, 3).value, at.recall);
  EXPECT_EQ(result.value(0, 4).value, at.lift);
  EXPECT_NEAR(result.value(0, 5).value, LogLoss(s.probabilities, s.labels), 1e-13);
  EXPECT_NEAR(result.value(0, 6).value, BrierScore(s.probabilities, s.labels), 1e-13);
  EXPECT_TRUE(std::isnan(result.value(1, 5).value));
  EXPECT_EQ(result.value(1, 5).replicates, 0);
  EXPECT_EQ(result.difference(0, 1, 0).value,
            AveragePrecision(s.good, s.labels) - AveragePrecision(s.poor, s.labels));
  EXPECT_EQ(kMetrics[2].name(), "precision_at_40");
}

// One replicate written out: rows repeated as often as their entity was drawn, then the plain
// metric. With a single replicate both ends of the interval are its value.
TEST(Bootstrap, AReplicateIsTheMetricOfRepeatedRows) {
  Slice s = MakeSlice(3, 60, 3);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    MP_ASSERT_OK_AND_ASSIGN(
        auto result, ClusteredBootstrap(s.labels, s.entities, Predictions(s), kMetrics, {1, seed}));
    SeededRandom random(SeededRandom(seed).Next() ^ SeededRandom(~uint64_t{0}).Next());
    std::vector<double> scores;
    std::vector<float> labels;
    for (size_t i = 0; i < 60; ++i) {
      uint64_t drawn = NextBelow(random, 60) * 977 + 5;
      for (size_t row = 0; row < s.labels.size(); ++row) {
        if (s.entities[row] != drawn) continue;
        scores.push_back(s.good[row]);
        labels.push_back(s.labels[row]);
      }
    }
    EXPECT_EQ(result.value(0, 0).low, AveragePrecision(scores, labels));
    EXPECT_EQ(result.value(0, 1).high, RocAuc(scores, labels));
    EXPECT_EQ(result.value(0, 2).low, MetricsAtK(scores, labels, 40).precision);
  }
}

TEST(Bootstrap, ThreadsDoNotChangeABit) {
  Slice s = MakeSlice(4, 80, 2);
  TaskPool pool(4);
  MP_ASSERT_OK_AND_ASSIGN(
      auto alone, ClusteredBootstrap(s.labels, s.entities, Predictions(s), kMetrics, {200, 9}));
  MP_ASSERT_OK_AND_ASSIGN(auto together, ClusteredBootstrap(s.labels, s.entities, Predictions(s),
                                                            kMetrics, {200, 9, 0.95, &pool}));
  for (size_t m = 0; m < 5; ++m) {
    EXPECT_EQ(alone.value(0, m).low, together.value(0, m).low);
    EXPECT_EQ(alone.difference(0, 1, m).high, together.difference(0, 1, m).high);
  }
}

// Rows copied five times say nothing new: the clustered interval stays, a row-wise one would shrink
// by √5.
TEST(Bootstrap, RepeatedRowsOfAnEntityDoNotNarrowTheInterval) {
  Slice once = MakeSlice(7, 300, 1);
  Slice five;
  for (size_t i = 0; i < 300; ++i) {
    for (int c = 0; c < 5; ++c) {
      five.labels.push_back(once.labels[i]);
      five.entities.push_back(once.entities[i]);
      five.good.push_back(once.good[i]);
    }
  }
  std::vector<Metric> metric = {{MetricKind::kRocAuc}};
  auto width = [&](const Slice& s, std::span<const uint64_t> entities) {
    std::vector<Prediction> p = {{"good", s.good, {}}};
    auto result = ClusteredBootstrap(s.labels, entities, p, metric, {400, 3});
    return result->value(0, 0).high - result->value(0, 0).low;
  };
  EXPECT_NEAR(width(five, five.entities), width(once, once.entities), 1e-12);
  std::vector<uint64_t> rows(five.labels.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  EXPECT_LT(width(five, rows), 0.7 * width(once, once.entities));
}

TEST(Bootstrap, APairedDifferenceIsTighterThanItsParts) {
  Slice s = MakeSlice(8, 300, 1);
  std::vector<double> nearly = s.probabilities;
  for (size_t i = 0; i < nearly.size(); i += 10) nearly[i] = 0.5;
  std::vector<Prediction> p = {{"a", s.probabilities, {}}, {"b", nearly, {}}};
  MP_ASSERT_OK_AND_ASSIGN(auto result,
                          ClusteredBootstrap(s.labels, s.entities, p, kMetrics, {400, 3}));
  Interval apart = result.value(0, 0);
  Interval paired = result.difference(0, 1, 0);
  EXPECT_LT(paired.high - paired.low, (apart.high - apart.low) / 2);
  EXPECT_LE(paired.low, paired.value);
  EXPECT_GE(paired.high, paired.value);
}

TEST(Bootstrap, RefusesBadArguments) {
  Slice s = MakeSlice(1, 10, 1);
  auto run = [&](std::vector<Metric> metrics, BootstrapOptions options) {
    return ClusteredBootstrap(s.labels, s.entities, Predictions(s), metrics, options);
  };
  EXPECT_THAT(run({{MetricKind::kLiftAtK}}, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("k above 0")));
  EXPECT_THAT(run(kMetrics, {0}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("replicates")));
  s.good[3] = std::nan("");
  EXPECT_THAT(run(kMetrics, {}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("prediction good")));
}

TEST(Baselines, ChooseTheSignOnTheTrainingSplit) {
  Matrix x(6, 1);
  x.values = {1, 2, 3, std::nanf(""), 5, INFINITY};
  std::vector<float> y = {1, 1, 0, 1, 0, 0};
  MP_ASSERT_OK_AND_ASSIGN(auto baseline, SingleFeatureBaseline::Fit(x.view(), y, 0));
  EXPECT_EQ(baseline.sign, -1);
  auto margins = baseline.Margins(x.view());
  EXPECT_GT(margins[0], margins[1]);
  EXPECT_LT(margins[3], margins[5]);  // missing ranks last
  EXPECT_TRUE(std::isfinite(margins[5]));
  EXPECT_THAT(SingleFeatureBaseline::Fit(x.view(), y, 1),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("column 1 of 1")));
  MP_ASSERT_OK_AND_ASSIGN(auto prevalence, PrevalenceBaseline::Fit(y));
  EXPECT_EQ(prevalence.Margins(2), (std::vector<double>{0, 0}));
}

}  // namespace
}  // namespace millpond::model
