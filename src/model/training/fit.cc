#include "model/training/fit.h"

#include <algorithm>
#include <cmath>

#include "model/evaluation/baselines.h"
#include "model/scoring/scorer.h"
#include "model/training/calibration.h"
#include "model/training/learner.h"
#include "model/training/row_key_internal.h"
#include "model/training/xgboost_learner.h"

namespace millpond::model {

namespace {

// The training part, down-sampled where the definition says so: copies only what is kept.
struct Sample {
  Matrix features;
  std::vector<float> labels;
  std::vector<float> weights;  // empty: all 1
};

bool IsKept(uint64_t key, uint64_t seed, double share) {
  const auto draw = static_cast<double>(Mix(key ^ Mix(seed + 0x9e3779b97f4a7c15)) >> 11);
  return draw * 0x1p-53 < share;
}

Sample SampleTraining(const ModelDefinition& definition, const ExampleSet& train) {
  Sample sample;
  if (definition.keep_negatives >= 1) {
    sample.features = train.features;
    sample.labels = train.labels;
    return sample;
  }
  const auto weight = static_cast<float>(1 / definition.keep_negatives);
  sample.features.columns = train.features.columns;
  const MatrixView all = train.features.view();
  for (size_t row = 0; row < all.rows; ++row) {
    const bool positive = train.labels[row] != 0;
    if (!positive && !IsKept(train.keys[row], definition.seed, definition.keep_negatives)) continue;
    const auto values = all.row(row);
    sample.features.values.insert(sample.features.values.end(), values.begin(), values.end());
    ++sample.features.rows;
    sample.labels.push_back(train.labels[row]);
    sample.weights.push_back(positive ? 1.0F : weight);
  }
  return sample;
}

CalibrationKind KindNamed(std::string_view name) {
  for (auto kind : {CalibrationKind::kPlatt, CalibrationKind::kIsotonic}) {
    if (ToString(kind) == name) return kind;
  }
  return CalibrationKind::kNone;
}

Status Calibrate(Contender& contender, const std::vector<std::string>& allowed,
                 const ExampleSet& slice) {
  std::vector<CalibrationKind> kinds;
  for (const auto& name : allowed) kinds.push_back(KindNamed(name));
  MP_ASSIGN_OR_RETURN(auto choice, ChooseCalibration(contender.calibrate_margins, slice.labels,
                                                     slice.clusters, kinds));
  contender.held_out_log_loss = choice.held_out_log_loss;
  contender.calibration = std::move(choice.map);
  return OkStatus();
}

Result<Contender> ContenderOf(std::string name, const Scorer& scorer, const Examples& examples,
                              const std::vector<std::string>& allowed) {
  Contender contender;
  contender.name = std::move(name);
  MP_ASSIGN_OR_RETURN(contender.calibrate_margins,
                      scorer.Margins(examples.part(SplitName::kCalibrate).features.view()));
  MP_ASSIGN_OR_RETURN(contender.test_margins,
                      scorer.Margins(examples.part(SplitName::kTest).features.view()));
  MP_RETURN_IF_ERROR(Calibrate(contender, allowed, examples.part(SplitName::kCalibrate)));
  return contender;
}

Result<SingleFeatureBaseline> FitSingle(const ModelDefinition& definition, const std::string& name,
                                        const SingleColumnBaseline& wanted,
                                        const Examples& examples) {
  const auto at = std::ranges::find(examples.columns, wanted.column);
  if (at == examples.columns.end()) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: baseline '{}' names column '{}', which is not a feature of the model",
                definition.PlaceOf("baselines." + name), name, wanted.column);
  }
  const ExampleSet& train = examples.part(SplitName::kTrain);
  const MatrixView features = train.features.view();
  MP_ASSIGN_OR_RETURN(auto baseline, SingleFeatureBaseline::Fit(
                                         features, train.labels,
                                         static_cast<size_t>(at - examples.columns.begin())));
  if (wanted.higher_is_positive) baseline.sign = *wanted.higher_is_positive ? 1 : -1;
  return baseline;
}

Status AddBaselines(const ModelDefinition& definition, const Examples& examples,
                    const TrainingData& data, FittedModel& fitted) {
  const ExampleSet& calibrate = examples.part(SplitName::kCalibrate);
  const ExampleSet& test = examples.part(SplitName::kTest);
  // The baseline gets the best calibration there is, whatever the model may choose from.
  const std::vector<std::string> any = {"none", "platt", "isotonic"};
  if (definition.learner != "logistic") {
    MP_ASSIGN_OR_RETURN(auto learner, MakeLearner("logistic"));
    MP_ASSIGN_OR_RETURN_CONTEXT(auto bytes, learner->Fit(data, Json::object(), definition.seed),
                                "{}: while fitting the logistic baseline", definition.file);
    MP_ASSIGN_OR_RETURN(auto scorer, LoadScorer("logistic", bytes, "the logistic baseline"));
    MP_ASSIGN_OR_RETURN(auto contender, ContenderOf("logistic", *scorer, examples, any));
    fitted.contenders.push_back(std::move(contender));
  }
  for (const auto& [name, wanted] : definition.baselines) {
    MP_ASSIGN_OR_RETURN(auto baseline, FitSingle(definition, name, wanted, examples));
    Contender contender{.name = name,
                        .calibrate_margins = baseline.Margins(calibrate.features.view()),
                        .test_margins = baseline.Margins(test.features.view()),
                        .calibration = {},
                        .test_probabilities = {}};
    MP_RETURN_IF_ERROR(Calibrate(contender, {"isotonic"}, calibrate));
    fitted.contenders.push_back(std::move(contender));
  }
  MP_ASSIGN_OR_RETURN(auto prevalence,
                      PrevalenceBaseline::Fit(examples.part(SplitName::kTrain).labels));
  fitted.contenders.push_back({.name = "prevalence",
                               .calibrate_margins = prevalence.Margins(calibrate.features.rows),
                               .test_margins = prevalence.Margins(test.features.rows),
                               .calibration = {},
                               .test_probabilities = {}});
  return OkStatus();
}

// Each column's share of the summed absolute contributions over the test rows.
Result<std::vector<double>> Importance(const Scorer& scorer, MatrixView rows) {
  std::vector<double> sums(rows.columns), one(rows.columns);
  for (size_t row = 0; row < rows.rows; ++row) {
    MP_ASSIGN_OR_RETURN([[maybe_unused]] double bias, scorer.Contributions(rows.row(row), one));
    for (size_t i = 0; i < one.size(); ++i) sums[i] += std::abs(one[i]);
  }
  double total = 0;
  for (double sum : sums) total += sum;
  for (double& sum : sums) sum = total > 0 ? sum / total : 0;
  return sums;
}

}  // namespace

Result<FittedModel> FitModel(const ModelDefinition& definition, const Examples& examples,
                             const CancellationToken& cancellation) {
  const Sample sample = SampleTraining(definition, examples.part(SplitName::kTrain));
  const TrainingData data{.features = sample.features.view(),
                          .labels = sample.labels,
                          .weights = sample.weights,
                          .names = examples.columns,
                          .cancellation = cancellation};
  FittedModel fitted;
  fitted.training_rows_used = static_cast<int64_t>(sample.features.rows);
  MP_ASSIGN_OR_RETURN(auto learner, MakeLearner(definition.learner));
  MP_ASSIGN_OR_RETURN_CONTEXT(fitted.model_bytes,
                              learner->Fit(data, definition.params, definition.seed),
                              "{}: while training", definition.PlaceOf("learner.params"));
  const MatrixView test = examples.part(SplitName::kTest).features.view();
  if (definition.learner == "xgboost") {
    MP_RETURN_IF_ERROR_CONTEXT(VerifyTreeModel(fitted.model_bytes, test),
                               "{}: while checking the tree walker against the library",
                               definition.file);
  }
  MP_ASSIGN_OR_RETURN(auto scorer,
                      LoadScorer(definition.learner, fitted.model_bytes, definition.name));
  MP_ASSIGN_OR_RETURN(auto model, ContenderOf("model", *scorer, examples, definition.calibration));
  fitted.contenders.push_back(std::move(model));
  MP_ASSIGN_OR_RETURN(fitted.importance, Importance(*scorer, test));
  MP_RETURN_IF_ERROR(AddBaselines(definition, examples, data, fitted));
  for (Contender& contender : fitted.contenders) {
    contender.test_probabilities = contender.calibration.Probabilities(contender.test_margins);
  }
  return fitted;
}

}  // namespace millpond::model
