#include "model/training/xgboost_learner.h"

#include <cmath>
#include <limits>
#include <thread>

#include "base/json.h"
#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "model/evaluation/metrics.h"
#include "model/scoring/calibration_map.h"
#include "model/scoring/tree_model.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

struct Example {
  Matrix features;
  std::vector<float> labels, weights;
  std::vector<std::string> names;
  TrainingData data() const { return {features.view(), labels, weights, names}; }
};

Example Make(uint64_t seed, size_t rows, size_t columns = 5) {
  SeededRandom random(seed);
  auto uniform = [&] { return static_cast<double>(random.Next() >> 11) * 0x1p-53; };
  Example e{Matrix(rows, columns), {}, {}, {}};
  for (size_t c = 0; c < columns; ++c) e.names.push_back(fmt::format("column {}", c));
  for (size_t i = 0; i < rows; ++i) {
    for (float& value : e.features.row(i)) value = static_cast<float>(uniform());
    double m = 4 * e.features.row(i)[0] * e.features.row(i)[1] - 1;
    e.labels.push_back(uniform() < 1 / (1 + std::exp(-m)) ? 1.0F : 0.0F);
  }
  return e;
}

size_t Trees(const std::string& bytes) {
  auto model = TreeModel::Load(bytes, "model");
  return model.has_value() ? (*model)->trees() : 0;
}

TEST(XgboostLearner, SameInputsSameBytes) {
  Example e = Make(1, 2000);
  Json params{{"subsample", 0.7}, {"colsample_bynode", 0.5}, {"num_boost_round", 30}};
  MP_ASSERT_OK_AND_ASSIGN(std::string once, XgboostLearner().Fit(e.data(), params, 42));
  MP_ASSERT_OK_AND_ASSIGN(std::string again, XgboostLearner().Fit(e.data(), params, 42));
  EXPECT_EQ(once, again);
  MP_ASSERT_OK_AND_ASSIGN(std::string other, XgboostLearner().Fit(e.data(), params, 43));
  EXPECT_NE(once, other);
  MP_ASSERT_OK_AND_ASSIGN(auto model, TreeModel::Load(once, "model"));
  EXPECT_EQ(model->trees(), 30U);
  EXPECT_EQ(model->feature_names(), e.names);
  EXPECT_EQ(XgboostLearner::LibraryVersion(), "3.2.0");
}

TEST(XgboostLearner, AWeightCountsAsRepeatedRows) {
  Example e = Make(2, 400);
  Example repeated{Matrix(0, 5), {}, {}, e.names};
  for (size_t i = 0; i < 400; ++i) {
    e.weights.push_back(i % 3 == 0 ? 3.0F : 1.0F);
    for (int c = 0; c < (i % 3 == 0 ? 3 : 1); ++c) {
      auto row = e.features.row(i);
      repeated.features.values.insert(repeated.features.values.end(), row.begin(), row.end());
      repeated.labels.push_back(e.labels[i]);
      ++repeated.features.rows;
    }
  }
  Json params{{"num_boost_round", 5}, {"tree_method", "exact"}, {"base_score", 0.5}};
  MP_ASSERT_OK_AND_ASSIGN(auto a, XgboostLearner().Fit(e.data(), params, 1));
  MP_ASSERT_OK_AND_ASSIGN(auto b, XgboostLearner().Fit(repeated.data(), params, 1));
  MP_ASSERT_OK_AND_ASSIGN(auto left, LoadScorer("xgboost", a, "a"));
  MP_ASSERT_OK_AND_ASSIGN(auto right, LoadScorer("xgboost", b, "b"));
  MP_ASSERT_OK_AND_ASSIGN(auto ours, left->Margins(e.features.view()));
  MP_ASSERT_OK_AND_ASSIGN(auto theirs, right->Margins(e.features.view()));
  for (size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 1e-4);
}

TEST(XgboostLearner, StopsEarlyAndKeepsTheBestRounds) {
  Example train = Make(3, 300);
  Example later = Make(4, 300);
  Json params{{"num_boost_round", 300}, {"early_stopping_rounds", 10}, {"max_depth", 6}};
  MP_ASSERT_OK_AND_ASSIGN(
      std::string bytes, XgboostLearner().FitWithValidation(train.data(), later.data(), params, 1));
  size_t kept = Trees(bytes);
  EXPECT_GE(kept, 1U);
  EXPECT_LT(kept, 100U);
  // One round fewer or ten more are no better on the slice that decided.
  auto loss = [&](size_t rounds) {
    auto fit =
        XgboostLearner().Fit(train.data(), {{"num_boost_round", rounds}, {"max_depth", 6}}, 1);
    auto margins = (*LoadScorer("xgboost", *fit, "m"))->Margins(later.features.view());
    return LogLoss(CalibrationMap().Probabilities(*margins), later.labels);
  };
  EXPECT_LE(loss(kept), loss(kept + 10));
  if (kept > 1) {
    EXPECT_LE(loss(kept), loss(kept - 1));
  }
  params["eval_metric"] = "aucpr";
  MP_EXPECT_OK(XgboostLearner().FitWithValidation(train.data(), later.data(), params, 1));
  EXPECT_THAT(XgboostLearner().Fit(train.data(), params, 1),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("validation slice")));
}

TEST(XgboostLearner, NamesWhatItRefuses) {
  Example e = Make(5, 100);
  auto fit = [&](Json params) { return XgboostLearner().Fit(e.data(), params, 1); };
  EXPECT_THAT(fit({{"max_dept", 3}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("\"max_dept\"")));
  EXPECT_THAT(fit({{"max_depth", "deep"}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("max_depth")));
  EXPECT_THAT(fit({{"max_depth", {1, 2}}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("max_depth must be")));
  EXPECT_THAT(fit({{"num_boost_round", 0}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("num_boost_round")));
  EXPECT_THAT(fit({{"seed", 1}}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("seed")));
  EXPECT_THAT(fit({{"objective", "multi:softmax"}}),
              FailsWith(ErrorKind::kUnsupported, HasSubstr("multi:softmax")));
  EXPECT_THAT(fit({{"booster", "dart"}}), FailsWith(ErrorKind::kUnsupported, HasSubstr("dart")));
  e.features.row(7)[2] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(fit({}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("inf")));
  e.labels[9] = 3;
  EXPECT_THAT(fit({}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("row 9 is 3")));
}

TEST(XgboostLearner, LeavesAnotherThreadsLogAlone) {
  // The warning about the unknown name must be found on whichever thread trains.
  Example e = Make(6, 100);
  Status status;
  std::thread([&] {
    auto fit = XgboostLearner().Fit(e.data(), {{"no_such", 3}}, 1);
    if (!fit.has_value()) status = std::unexpected(fit.error());
  }).join();
  EXPECT_THAT(status, FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no_such")));
  MP_EXPECT_OK(XgboostLearner().Fit(e.data(), {{"num_boost_round", 1}}, 1));
}

TEST(TreeModelContributions, EqualTheLibrarysApproximation) {
  Example e = Make(7, 500);
  for (size_t i = 0; i < 500; i += 3) e.features.row(i)[1] = std::nanf("");
  MP_ASSERT_OK_AND_ASSIGN(std::string bytes,
                          XgboostLearner().Fit(e.data(), {{"num_boost_round", 40}}, 1));
  MP_ASSERT_OK_AND_ASSIGN(auto model, TreeModel::Load(bytes, "model"));
  MP_ASSERT_OK_AND_ASSIGN(auto booster, XgboostBooster::Load(bytes));
  MP_ASSERT_OK_AND_ASSIGN(auto theirs, booster.ApproximateContributions(e.features.view()));
  std::vector<double> ours(5);
  for (size_t i = 0; i < 500; ++i) {
    MP_ASSERT_OK_AND_ASSIGN(double bias, model->Contributions(e.features.view().row(i), ours));
    double sum = bias;
    for (size_t c = 0; c < 5; ++c) {
      EXPECT_NEAR(ours[c], theirs[i * 6 + c], 1e-4);
      sum += ours[c];
    }
    EXPECT_NEAR(bias, theirs[i * 6 + 5], 1e-4);
    EXPECT_NEAR(sum, model->Margin(e.features.view().row(i).data()), 1e-4);
  }
}

// Model files are input: whatever was done to their bytes, loading says so or the walk stays within
// the model. (Run under the asan preset as well.)
TEST(TreeModelFile, SurvivesAnyDamage) {
  Example e = Make(8, 300);
  MP_ASSERT_OK_AND_ASSIGN(
      std::string ubj,
      XgboostLearner().Fit(e.data(), {{"num_boost_round", 4}, {"max_depth", 4}}, 1));
  MP_ASSERT_OK_AND_ASSIGN(auto booster, XgboostBooster::Load(ubj));
  MP_ASSERT_OK_AND_ASSIGN(std::string json, booster.ToJson());
  SeededRandom random(99);
  size_t refused = 0, walked = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string bytes = i % 3 == 0 ? json : ubj;
    size_t changes = 1 + NextBelow(random, 4);
    for (size_t c = 0; c < changes; ++c) {
      size_t at = NextBelow(random, bytes.size());
      switch (NextBelow(random, 4)) {
        case 0:
          bytes[at] = static_cast<char>(random.Next());
          break;
        case 1:
          bytes[at] = "0123456789-[]{}$#LSd"[NextBelow(random, 20)];
          break;
        case 2:
          bytes.erase(at, 1 + NextBelow(random, 8));
          break;
        default:
          bytes.insert(at, bytes.substr(NextBelow(random, bytes.size()), NextBelow(random, 40)));
      }
      if (bytes.empty()) break;
    }
    if (NextBelow(random, 10) == 0) bytes.resize(NextBelow(random, bytes.size() + 1));
    auto model = TreeModel::Load(bytes, "damaged");
    if (!model.has_value()) {
      EXPECT_TRUE(model.error().kind() == ErrorKind::kCorrupt ||
                  model.error().kind() == ErrorKind::kUnsupported)
          << model.error().ToString();
      ++refused;
      continue;
    }
    if ((*model)->columns() > 100'000) continue;
    Matrix rows(9, (*model)->columns());
    for (size_t k = 0; k < rows.values.size(); ++k) rows.values[k] = static_cast<float>(k % 7) / 7;
    MP_ASSERT_OK((*model)->Margins(rows.view()));
    ++walked;
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(walked, 300U);
}

}  // namespace
}  // namespace millpond::model
