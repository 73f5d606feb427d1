#include "model/training/learner.h"

#include <cmath>
#include <utility>

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

std::span<const std::string_view> LearnerParameters(std::string_view kind) {
  static constexpr std::string_view kLogistic[] = {"l2", "max_iterations", "tolerance"};
  static constexpr std::string_view kXgboost[] = {"alpha",
                                                  "base_score",
                                                  "booster",
                                                  "colsample_bylevel",
                                                  "colsample_bynode",
                                                  "colsample_bytree",
                                                  "eta",
                                                  "eval_metric",
                                                  "gamma",
                                                  "grow_policy",
                                                  "interaction_constraints",
                                                  "lambda",
                                                  "learning_rate",
                                                  "max_bin",
                                                  "max_cat_threshold",
                                                  "max_cat_to_onehot",
                                                  "max_delta_step",
                                                  "max_depth",
                                                  "max_leaves",
                                                  "min_child_weight",
                                                  "min_split_loss",
                                                  "monotone_constraints",
                                                  "num_boost_round",
                                                  "num_parallel_tree",
                                                  "reg_alpha",
                                                  "reg_lambda",
                                                  "sampling_method",
                                                  "scale_pos_weight",
                                                  "subsample",
                                                  "tree_method"};
  if (kind == "logistic") return kLogistic;
  return kXgboost;
}

std::string_view WhyNotAParameter(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kReasons[] = {
      {"seed", "'seed' stands beside 'learner'"},
      {"random_state", "'seed' stands beside 'learner'"},
      {"nthread", "it is fixed to one thread, so that runs repeat"},
      {"n_jobs", "it is fixed to one thread, so that runs repeat"},
      {"objective", "it is fixed, so that runs repeat"},
      {"device", "models are trained on the processor; remove it"},
      {"early_stopping_rounds",
       "it needs a validation part, which the split does not have; set num_boost_round"},
      {"verbosity", "Millpond sets it; remove it"},
      {"validate_parameters", "Millpond sets it; remove it"}};
  for (const auto& [refused, reason] : kReasons) {
    if (refused == name) return reason;
  }
  return "";
}

Result<std::unique_ptr<Learner>> MakeLearner(std::string_view kind) {
  if (kind == "xgboost") return std::make_unique<XgboostLearner>();
  if (kind == "logistic") return std::make_unique<LogisticRegression>();
  return Fail(ErrorKind::kInvalidArgument,
              "there is no learner '{}'; Millpond has xgboost and logistic", kind);
}

}  // namespace millpond::model
