// The walker against XGBoost itself, over random models and inputs: bit for bit. Kept beside the
// adapter since scoring must not know training.
#include <bit>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "model/scoring/tree_model.h"
#include "model/training/xgboost_learner.h"

namespace millpond::model {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

double Uniform(RandomSource& random) {
  return static_cast<double>(random.Next() >> 11) * 0x1p-53;
}

struct Example {
  Matrix features;
  std::vector<float> labels;
  std::vector<std::string> names;

  TrainingData data() const { return {features.view(), labels, {}, names}; }
};

// Columns of several characters: smooth, few values, skewed, mostly missing.
Example MakeExample(uint64_t seed, size_t rows, size_t columns, double missing) {
  SeededRandom random(seed);
  Example e{Matrix(rows, columns), std::vector<float>(rows), {}};
  for (size_t c = 0; c < columns; ++c) e.names.push_back(fmt::format("f{}", c));
  for (size_t i = 0; i < rows; ++i) {
    double score = 0;
    for (size_t c = 0; c < columns; ++c) {
      double u = Uniform(random);
      double value = c % 4 == 0   ? u * 2 - 1
                     : c % 4 == 1 ? std::floor(u * 5)
                     : c % 4 == 2 ? std::exp(20 * u - 10)
                                  : (u < 0.5 ? 0 : u * 1e-39);
      score += c % 4 == 0 ? value : 0.2 * (value > 1);
      bool gone = Uniform(random) < (c % 7 == 6 ? 0.9 : missing);
      e.features.row(i)[c] = gone ? kNaN : static_cast<float>(value);
    }
    e.labels[i] = Uniform(random) < 1 / (1 + std::exp(-2 * score)) ? 1.0F : 0.0F;
  }
  e.labels[0] = 0;
  e.labels[1] = 1;
  return e;
}

// Rows made of what a split could trip over: values of the training rows (splits lie on them),
// their neighbours, infinities, denormals, missing.
Matrix Adversarial(const Example& e, uint64_t seed, size_t rows) {
  SeededRandom random(seed);
  size_t columns = e.features.columns;
  Matrix m(rows, columns);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t c = 0; c < columns; ++c) {
      float known = e.features.values[NextBelow(random, e.features.rows) * columns + c];
      float choices[] = {known,
                         known,
                         known,
                         std::nextafter(known, kInf),
                         std::nextafter(known, -kInf),
                         kNaN,
                         kInf,
                         -kInf,
                         0.0F,
                         -0.0F,
                         1e-42F,
                         -1e-42F,
                         std::numeric_limits<float>::max(),
                         std::numeric_limits<float>::lowest()};
      m.row(i)[c] = choices[NextBelow(random, std::size(choices))];
    }
  }
  return m;
}

void ExpectSameBits(std::span<const float> ours, std::span<const float> theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(ours[i]), std::bit_cast<uint32_t>(theirs[i]))
        << "row " << i << ": " << ours[i] << " against " << theirs[i];
  }
}

void Compare(const std::string& bytes, MatrixView rows) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, TreeModel::Load(bytes, "model"));
  MP_ASSERT_OK_AND_ASSIGN(auto booster, XgboostBooster::Load(bytes));
  std::vector<float> ours(rows.rows);
  std::vector<float> theirs(rows.rows);
  MP_ASSERT_OK(model->FloatMargins(rows, ours));
  MP_ASSERT_OK(booster.InplaceMargins(rows, theirs));
  ExpectSameBits(ours, theirs);
  for (size_t i = 0; i < rows.rows; ++i) theirs[i] = model->Margin(rows.row(i).data());
  ExpectSameBits(ours, theirs);
  MP_ASSERT_OK_AND_ASSIGN(std::string json, booster.ToJson());
  MP_ASSERT_OK_AND_ASSIGN(auto from_json, TreeModel::Load(json, "model.json"));
  MP_ASSERT_OK(from_json->FloatMargins(rows, theirs));
  ExpectSameBits(ours, theirs);
}

class AgainstLibrary : public ::testing::TestWithParam<int> {};

TEST_P(AgainstLibrary, MarginsAreTheSameBits) {
  auto seed = static_cast<uint64_t>(GetParam());
  SeededRandom random(seed * 7919);
  Json params;
  params["max_depth"] = 1 + GetParam() % 10;
  params["num_boost_round"] = 1 + NextBelow(random, GetParam() % 8 == 0 ? 600 : 60);
  params["eta"] = 0.05 + Uniform(random);
  params["subsample"] = 0.5 + Uniform(random) / 2;
  params["colsample_bytree"] = 0.5 + Uniform(random) / 2;
  params["max_bin"] = std::array{2, 16, 256, 1000}[NextBelow(random, 4)];
  if (NextBelow(random, 2) == 0) params["base_score"] = 0.001 + 0.99 * Uniform(random);
  if (NextBelow(random, 3) == 0) params["grow_policy"] = "lossguide";
  if (NextBelow(random, 3) == 0) params["tree_method"] = std::array{"exact", "approx"}[seed % 2];
  if (params.value("tree_method", "") == "exact") {
    params.erase("max_bin");
    params.erase("grow_policy");
  }
  params["objective"] = std::array{"binary:logistic", "binary:logistic", "reg:squarederror",
                                   "binary:logitraw"}[NextBelow(random, 4)];
  params["min_child_weight"] = NextBelow(random, 3);
  size_t columns = 1 + NextBelow(random, 40);
  Example e = MakeExample(seed, 300 + NextBelow(random, 500), columns,
                          std::array{0.0, 0.2, 0.7}[NextBelow(random, 3)]);
  SCOPED_TRACE(DumpJson(params));
  MP_ASSERT_OK_AND_ASSIGN(std::string bytes, XgboostLearner().Fit(e.data(), params, seed));
  Compare(bytes, e.features.view());
  Compare(bytes, Adversarial(e, seed, 501).view());
  MP_EXPECT_OK(VerifyTreeModel(bytes, e.features.view()));
  // What other people's code gets through a DMatrix are the same bits too.
  MP_ASSERT_OK_AND_ASSIGN(auto booster, XgboostBooster::Load(bytes));
  MP_ASSERT_OK_AND_ASSIGN(auto through_matrix, booster.Margins(e.features.view()));
  std::vector<float> ours(e.features.rows);
  MP_ASSERT_OK_AND_ASSIGN(auto model, TreeModel::Load(bytes, "model"));
  MP_ASSERT_OK(model->FloatMargins(e.features.view(), ours));
  ExpectSameBits(ours, through_matrix);
}

INSTANTIATE_TEST_SUITE_P(Random, AgainstLibrary, ::testing::Range(0, 60));

}  // namespace
}  // namespace millpond::model
