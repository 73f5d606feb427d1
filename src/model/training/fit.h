// From examples to a fitted model with its calibration and its baselines. Pure: the same examples,
// definition and libraries give the same bytes. A cancellation is noticed between boosting rounds.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "base/cancellation.h"
#include "base/result.h"
#include "model/scoring/calibration_map.h"
#include "model/training/examples.h"
#include "model/training/model_definition.h"

namespace millpond::model {

// Margins and calibrated probabilities of one contender, on the calibration and the test part.
struct Contender {
  std::string name;  // "model", "logistic", "recency", "frequency", "prevalence"
  std::vector<double> calibrate_margins;
  std::vector<double> test_margins;
  CalibrationMap calibration;
  std::array<double, 3> held_out_log_loss{};  // by CalibrationKind
  std::vector<double> test_probabilities;
};

struct FittedModel {
  std::string model_bytes;
  std::vector<Contender> contenders;  // the model first
  std::vector<double> importance;     // by column: share of the mean absolute contribution (test)
  int64_t training_rows_used = 0;     // after down-sampling

  const Contender& model() const { return contenders.front(); }
};

Result<FittedModel> FitModel(const ModelDefinition& definition, const Examples& examples,
                             const CancellationToken& cancellation = {});

}  // namespace millpond::model
