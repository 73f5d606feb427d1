// bench/tree_walk: see README.md beside this file.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "base/json.h"
#include "base/random.h"
#include "model/scoring/tree_model.h"
#include "model/training/xgboost_learner.h"

namespace millpond::model {
namespace {

constexpr size_t kRows = 20'000;
constexpr int kRounds = 7;

struct Shape {
  int trees = 500;
  int depth = 6;
  size_t columns = 50;
};

Matrix RandomRows(uint64_t seed, size_t rows, size_t columns) {
  SeededRandom random(seed);
  Matrix m(rows, columns);
  for (float& value : m.values) {
    value = static_cast<float>(static_cast<double>(random.Next() >> 11) * 0x1p-53);
    if (random.Next() % 20 == 0) value = std::nanf("");
  }
  return m;
}

Result<std::string> TrainModel(const Shape& shape, const Matrix& rows) {
  SeededRandom random(7);
  std::vector<float> labels;
  for (size_t i = 0; i < rows.rows; ++i) {
    auto row = rows.view().row(i);
    double m = 0;
    for (size_t c = 0; c < row.size(); ++c) m += std::isnan(row[c]) ? 0 : std::sin(9 * row[c] + c);
    double u = static_cast<double>(random.Next() >> 11) * 0x1p-53;
    labels.push_back(u < 1 / (1 + std::exp(-m)) ? 1.0F : 0.0F);
  }
  TrainingData data{rows.view(), labels, {}, {}};
  Json params{{"num_boost_round", shape.trees}, {"max_depth", shape.depth}, {"eta", 0.05}};
  return XgboostLearner().Fit(data, params, 1);
}

// Best of the rounds, in microseconds a row.
double Measure(size_t rows, const std::function<void()>& work) {
  double best = HUGE_VAL;
  for (int round = 0; round < kRounds; ++round) {
    auto begin = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / static_cast<double>(rows));
  }
  return best;
}

void Report(const char* what, double ours, double theirs) {
  std::printf("%-28s Millpond %8.3f us/row   XGBoost %8.3f us/row   %6.1f x\n", what, ours, theirs,
              theirs / ours);
}

Status Run(const Shape& shape) {
  Matrix rows = RandomRows(3, kRows, shape.columns);
  MP_ASSIGN_OR_RETURN(std::string bytes, TrainModel(shape, rows));
  MP_RETURN_IF_ERROR(VerifyTreeModel(bytes, rows.view()));
  MP_ASSIGN_OR_RETURN(auto model, TreeModel::Load(bytes, "the model"));
  MP_ASSIGN_OR_RETURN(auto booster, XgboostBooster::Load(bytes));
  std::printf(
      "%zu trees of depth %d, %zu columns, XGBoost %s, one thread; %zu rows equal to the bit\n",
      model->trees(), shape.depth, shape.columns, XgboostLearner::LibraryVersion().c_str(), kRows);
  std::vector<float> out(kRows);
  volatile float sink = 0;
  constexpr size_t kFew = 2'000;  // the library's single rows are slow
  double one = Measure(kRows, [&] {
    for (size_t i = 0; i < kRows; ++i) sink = sink + model->Margin(rows.view().row(i).data());
  });
  double library_one = Measure(kFew, [&] {
    for (size_t i = 0; i < kFew; ++i) {
      (void)booster.InplaceMargins(rows.view().slice(i, 1), std::span(out).first(1));
    }
  });
  Report("one row at a time", one, library_one);
  double batch = Measure(kRows, [&] { (void)model->FloatMargins(rows.view(), out); });
  double library_batch = Measure(kRows, [&] { (void)booster.InplaceMargins(rows.view(), out); });
  Report("batch of 20,000 rows", batch, library_batch);
  std::vector<double> parts(shape.columns);
  double reasons = Measure(kFew, [&] {
    for (size_t i = 0; i < kFew; ++i) (void)model->Contributions(rows.view().row(i), parts);
  });
  std::printf("%-28s Millpond %8.3f us/row\n", "contributions of a row", reasons);
  return OkStatus();
}

}  // namespace
}  // namespace millpond::model

int main(int argc, char** argv) {
  millpond::model::Shape shape;
  if (argc == 4) {
    shape = {std::atoi(argv[1]), std::atoi(argv[2]), static_cast<size_t>(std::atoi(argv[3]))};
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: tree_walk [trees depth columns]\n");
    return 2;
  }
  auto status = millpond::model::Run(shape);
  if (!status.has_value()) {
    std::fprintf(stderr, "%s\n", status.error().ToString().c_str());
    return 1;
  }
  return 0;
}
