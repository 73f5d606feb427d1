// Gradient boosting by XGBoost's C API: this adapter is the only place that knows the library.
//
// params: the library's own names (max_depth, eta, subsample, …), passed on as they are, plus
//   num_boost_round         default 100
//   nthread                 default 1. Histogram sums are floats: another thread count may give
//                           other bytes, so only a fixed count reproduces a run.
//   early_stopping_rounds   needs `validation` (a later slice than the training data): stops when
//                           the metric (eval_metric, default logloss) has not improved for so many
//                           rounds and keeps the trees up to the best round only.
// Defaults that differ from the library's: objective binary:logistic, tree_method hist. The seed
// comes from the caller, a `seed` in params is refused. A name the library does not know is
// refused. The model file is UBJSON with feature names; same inputs, same bytes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/training/learner.h"

namespace millpond::model {

class XgboostLearner final : public Learner {
 public:
  std::string_view kind() const override { return "xgboost"; }
  Result<std::string> Fit(const TrainingData& data, const Json& params,
                          uint64_t seed) const override;
  Result<std::string> FitWithValidation(const TrainingData& data, const TrainingData& validation,
                                        const Json& params, uint64_t seed) const;

  static std::string LibraryVersion();  // "3.2.0"
};

// The library's own predictions, to check our walker against and to measure beside it.
class XgboostBooster {
 public:
  static Result<XgboostBooster> Load(std::string_view bytes, int threads = 1);
  ~XgboostBooster();
  XgboostBooster(XgboostBooster&&) noexcept;
  XgboostBooster& operator=(XgboostBooster&&) noexcept;

  Result<std::vector<float>> Margins(MatrixView features) const;           // through a DMatrix
  Status InplaceMargins(MatrixView features, std::span<float> out) const;  // without a copy
  // rows × (columns + 1), the bias last; Saabas's approximation as the library computes it.
  Result<std::vector<float>> ApproximateContributions(MatrixView features) const;
  Result<std::string> ToJson() const;  // the model file in the library's JSON form

 private:
  explicit XgboostBooster(void* handle) : handle_(handle) {}
  void* handle_ = nullptr;
};

// Compares the walker with the library on these rows, bit for bit; kInternal names the first row
// that differs. Done once per model file before it is stored.
Status VerifyTreeModel(std::string_view model_bytes, MatrixView features);

}  // namespace millpond::model
