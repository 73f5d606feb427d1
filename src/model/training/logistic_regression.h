// Logistic regression with an L2 penalty by Newton's method (iteratively reweighted least squares),
// our own so that the bytes depend on the data alone: every sum runs over rows and columns in a
// fixed order on one thread, in doubles.
//
// Minimised, over standardised columns z:  Σ w_i · log(1 + exp(−±m_i)) + l2/2 · Σ (weights²)
// (the intercept is free). A column with missing values gets a second, 0/1 column; a missing value
// itself stands at the mean. A constant column gets weight 0. ±inf count as ±FLT_MAX. Separable
// data are held by the penalty: l2 > 0 is required.
//
// params: l2 (default 1), max_iterations (default 100), tolerance (default 1e-10: stop when the
// penalised loss falls by less than that share). Newton steps are halved until the loss falls.
// Not converged within max_iterations: kInvalidArgument with what to change.
#pragma once

#include <string>

#include "model/training/learner.h"

namespace millpond::model {

class LogisticRegression final : public Learner {
 public:
  std::string_view kind() const override { return "logistic"; }
  Result<std::string> Fit(const TrainingData& data, const Json& params,
                          uint64_t seed) const override;  // the seed changes nothing
};

}  // namespace millpond::model
