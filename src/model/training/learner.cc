#include "model/training/learner.h"

#include <cmath>

#include "model/training/logistic_regression.h"
#include "model/training/xgboost_learner.h"

namespace millpond::model {

Status CheckTrainingData(const TrainingData& data) {
  size_t rows = data.features.rows;
  if (rows == 0 || data.features.columns == 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "there is nothing to learn from: {} training rows of {} columns", rows,
                data.features.columns);
  }
  if (data.labels.size() != rows || (!data.weights.empty() && data.weights.size() != rows) ||
      (!data.names.empty() && data.names.size() != data.features.columns)) {
    return Fail(ErrorKind::kInvalidArgument,
                "{} rows of {} columns come with {} labels, {} weights and {} column names", rows,
                data.features.columns, data.labels.size(), data.weights.size(), data.names.size());
  }
  size_t positives = 0;
  for (size_t i = 0; i < rows; ++i) {
    if (data.labels[i] != 0.0F && data.labels[i] != 1.0F) {
      return Fail(ErrorKind::kInvalidArgument, "the label of training row {} is {}, not 0 or 1", i,
                  data.labels[i]);
    }
    positives += data.labels[i] == 1.0F ? 1 : 0;
    if (!data.weights.empty() && !(data.weights[i] > 0 && std::isfinite(data.weights[i]))) {
      return Fail(ErrorKind::kInvalidArgument, "the weight of training row {} is {}, not positive",
                  i, data.weights[i]);
    }
  }
  if (positives == 0 || positives == rows) {
    return Fail(ErrorKind::kInvalidArgument,
                "all {} training rows have label {}: there is nothing to tell apart", rows,
                positives == 0 ? 0 : 1);
  }
  return OkStatus();
}

Result<std::unique_ptr<Learner>> MakeLearner(std::string_view kind) {
  if (kind == "xgboost") return std::make_unique<XgboostLearner>();
  if (kind == "logistic") return std::make_unique<LogisticRegression>();
  return Fail(ErrorKind::kInvalidArgument,
              "there is no learner '{}'; Millpond has xgboost and logistic", kind);
}

}  // namespace millpond::model
