#include "model/training/logistic_regression.h"

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "model/scoring/logistic_model.h"

namespace millpond::model {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Example {
  Matrix features;
  std::vector<float> labels, weights;
  std::vector<std::string> names;
  TrainingData data() const { return {features.view(), labels, weights, names}; }
};

std::vector<int> Sequence(uint64_t state) {
  std::vector<int> out;
  for (int i = 0; i < 200; ++i) {
    state = (state * 1103515245 + 12345) % (1U << 31);
    out.push_back(static_cast<int>((state >> 16) % 1000));
  }
  return out;
}

Example Weighted() {
  auto a = Sequence(1), b = Sequence(2), c = Sequence(3);
  Example e{Matrix(200, 3), {}, {}, {"a", "b", "c"}};
  for (size_t i = 0; i < 200; ++i) {
    auto row = e.features.row(i);
    row[0] = static_cast<float>(a[i] / 1000.0);
    row[1] = static_cast<float>(b[i] / 1000.0);
    row[2] = static_cast<float>((c[i] - 500) / 300.0);
    e.labels.push_back((a[i] + c[i]) % 7 < 2 || b[i] > 800 ? 1.0F : 0.0F);
    e.weights.push_back(static_cast<float>(1 + c[i] % 3));
  }
  return e;
}

Result<LogisticModel> Fit(const Example& e, const Json& params = {}) {
  MP_ASSIGN_OR_RETURN(std::string bytes, LogisticRegression().Fit(e.data(), params, 0));
  return LogisticModel::FromJson(bytes, "model");
}

// Golden: scikit-learn LogisticRegression(C=0.5, newton-cholesky, tol=1e-14) on standardised
// columns with sample weights, computed once by hand on these rows in doubles.
TEST(LogisticRegression, AgreesWithScikitLearn) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, Fit(Weighted(), Json{{"l2", 2}}));
  EXPECT_NEAR(model.intercept(), -0.11270861421936845, 1e-6);
  ASSERT_EQ(model.terms().size(), 3U);
  EXPECT_NEAR(model.terms()[0].weight, -0.22346806697792002, 1e-6);
  EXPECT_NEAR(model.terms()[1].weight, 0.6142358952547835, 1e-6);
  EXPECT_NEAR(model.terms()[2].weight, 0.20317752370988687, 1e-6);
  EXPECT_NEAR(model.terms()[0].mean, 0.45469586, 1e-7);
  EXPECT_NEAR(model.terms()[2].scale, 0.94063786, 1e-7);
  EXPECT_EQ(model.terms()[2].name, "c");
}

TEST(LogisticRegression, SameInputsSameBytes) {
  Example e = Weighted();
  EXPECT_EQ(*LogisticRegression().Fit(e.data(), {}, 1), *LogisticRegression().Fit(e.data(), {}, 2));
}

TEST(LogisticRegression, AMissingValueHasItsOwnStep) {
  Example e = Weighted();
  // Missing says positive, apart from what the value would have said.
  for (size_t i = 0; i < 200; i += 4) {
    e.features.row(i)[2] = kNaN;
    e.labels[i] = i % 16 == 0 ? 0.0F : 1.0F;
  }
  MP_ASSERT_OK_AND_ASSIGN(auto model, Fit(e));
  EXPECT_GT(model.terms()[2].missing_weight, 0.5);
  EXPECT_EQ(model.terms()[0].missing_weight, 0);
  float row[] = {0.5F, 0.5F, kNaN};
  float at_mean[] = {0.5F, 0.5F, static_cast<float>(model.terms()[2].mean)};
  EXPECT_NEAR(model.Margin(row) - model.Margin(at_mean), model.terms()[2].missing_weight, 1e-6);
  std::vector<double> parts(3);
  MP_ASSERT_OK_AND_ASSIGN(double bias, model.Contributions(row, parts));
  EXPECT_DOUBLE_EQ(bias + parts[0] + parts[1] + parts[2], model.Margin(row));
}

TEST(LogisticRegression, OddColumnsDoNoHarm) {
  Example e = Weighted();
  for (size_t i = 0; i < 200; ++i) {
    e.features.row(i)[0] = 0.1F;  // constant
    e.features.row(i)[1] = kNaN;  // never there
    if (i % 50 == 0) e.features.row(i)[2] = i % 100 ? kInf : -kInf;
  }
  MP_ASSERT_OK_AND_ASSIGN(auto model, Fit(e));
  EXPECT_EQ(model.terms()[0].weight, 0);
  EXPECT_EQ(model.terms()[1].weight, 0);
  for (float value : {kInf, -kInf, kNaN, 0.0F}) {
    float row[] = {value, value, value};
    EXPECT_TRUE(std::isfinite(model.Margin(row))) << value;
  }
}

TEST(LogisticRegression, ThePenaltyHoldsSeparableData) {
  Example e{Matrix(40, 2), {}, {}, {}};
  for (size_t i = 0; i < 40; ++i) {
    e.features.row(i)[0] = static_cast<float>(i);
    e.features.row(i)[1] = static_cast<float>(2 * i);  // and collinear
    e.labels.push_back(i < 20 ? 0.0F : 1.0F);
  }
  for (double l2 : {1.0, 1e-3}) {
    MP_ASSERT_OK_AND_ASSIGN(auto model, Fit(e, Json{{"l2", l2}}));
    EXPECT_TRUE(std::isfinite(model.terms()[0].weight));
    EXPECT_NEAR(model.terms()[0].weight, model.terms()[1].weight, 1e-6);
    float low[] = {0, 0}, high[] = {39, 78};
    EXPECT_LT(model.Margin(low), 0);
    EXPECT_GT(model.Margin(high), 0);
  }
}

TEST(LogisticRegression, NamesWhatItRefuses) {
  Example e = Weighted();
  EXPECT_THAT(Fit(e, Json{{"depth", 3}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no parameter depth")));
  EXPECT_THAT(Fit(e, Json{{"l2", 0}}), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("l2")));
  EXPECT_THAT(Fit(e, Json{{"max_iterations", 1}}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("did not converge in 1")));
  e.labels[7] = 0.5F;
  EXPECT_THAT(Fit(e), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("row 7 is 0.5")));
  e.labels.assign(200, 1.0F);
  EXPECT_THAT(Fit(e), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("nothing to tell apart")));
  e.weights[3] = -1;
  EXPECT_THAT(Fit(e),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("weight of training row 3")));
  e.labels.pop_back();
  EXPECT_THAT(Fit(e), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("199 labels")));
  EXPECT_THAT(MakeLearner("forest"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("'forest'")));
}

// docs/formats/logistic_model.md; computed by Python.
TEST(LogisticModel, GoldenVectors) {
  MP_ASSERT_OK_AND_ASSIGN(auto model, LogisticModel::FromJson(R"(
      {"format":"millpond.logistic","version":1,"intercept":-0.1,"columns":[
      {"name":"recency_days","mean":31.25,"scale":17.5,"weight":0.6,"missing_weight":0.0},
      {"name":"gap","mean":12.0,"scale":8.0,"weight":-0.25,"missing_weight":0.7}]})",
                                                              "m"));
  float a[] = {10, 3}, b[] = {0.1F, kNaN}, c[] = {kInf, 0};
  EXPECT_EQ(model.Margin(a), -0.5473214285714285);
  EXPECT_EQ(model.Margin(b), -0.4679999999489104);
  EXPECT_EQ(model.Margin(c), 1.1666823313320988e+37);
}

TEST(LogisticModel, RefusesBrokenFiles) {
  auto read = [](std::string_view text) { return LogisticModel::FromJson(text, "m.json"); };
  EXPECT_THAT(read("{}"), FailsWith(ErrorKind::kCorrupt, HasSubstr("m.json")));
  std::string head = R"({"format":"millpond.logistic","version":)";
  EXPECT_THAT(read(head + "3}"), FailsWith(ErrorKind::kUnsupported, HasSubstr("version 3")));
  EXPECT_THAT(read(head + R"(1,"intercept":"x"})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("'intercept'")));
  EXPECT_THAT(read(head + R"(1,"intercept":0,"columns":[{"name":"a","mean":0,"scale":0,"weight":1,)"
                          R"("missing_weight":0}]})"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("scale 0")));
}

}  // namespace
}  // namespace millpond::model
