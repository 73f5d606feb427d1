// A learner turns encoded examples into the bytes of a model file; scoring/scorer.h reads them
// back. The same matrix, labels, weights, parameters and seed give the same bytes on the same
// machine, whatever the number of cores, as long as a learner's documentation says nothing else.
//
// Labels are 0 or 1 (float for the libraries' sake), weights positive or empty for 1 each; both are
// checked here (CheckTrainingData) and a fault names the row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancellation.h"
#include "base/json_fwd.h"
#include "base/result.h"
#include "model/scoring/matrix.h"
#include "model/scoring/scorer.h"

namespace millpond::model {

struct TrainingData {
  MatrixView features;
  std::span<const float> labels;
  std::span<const float> weights;       // empty: all 1
  std::span<const std::string> names;   // one a column; stored in the model file
  CancellationToken cancellation = {};  // looked at between rounds
};

Status CheckTrainingData(const TrainingData& data);

// The parameters that a definition may set for a kind of learner, by their names there.
std::span<const std::string_view> LearnerParameters(std::string_view kind);
// Why a well-known parameter is not among them; "" for any other name.
std::string_view WhyNotAParameter(std::string_view name);

class Learner {
 public:
  virtual ~Learner() = default;
  virtual std::string_view kind() const = 0;  // "xgboost", "logistic": what LoadScorer takes

  // params: the learner's own names and values, as in models/*.yml; an unknown name is refused.
  virtual Result<std::string> Fit(const TrainingData& data, const Json& params,
                                  uint64_t seed) const = 0;
};

// "xgboost" or "logistic"; kInvalidArgument otherwise, naming what there is.
Result<std::unique_ptr<Learner>> MakeLearner(std::string_view kind);

}  // namespace millpond::model
