// One training from inputs to evaluation, in memory: what Train stores and Reproduce compares.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>

#include "base/progress.h"
#include "model/training/examples.h"
#include "model/training/fit.h"
#include "model/training/leak_check.h"
#include "model/training/training_inputs_internal.h"

namespace millpond::model {

struct ComputedModel {
  std::shared_ptr<arrow::Table> training_set;  // labels, split part, features; by part, T, entity
  platform::TrainingSetRecord record;
  Examples examples;
  FittedModel fitted;
  Json evaluation;
  std::string encoder_json;
  std::string calibration_json;
  std::string evaluation_json;
  // SHA-256 of each: "training_set", "encoder", "model", "calibration", "evaluation".
  std::map<std::string, std::string> digests;
};

Result<ComputedModel> ComputeModel(const TrainerParts& parts, const ModelDefinition& definition,
                                   const TrainingInputs& inputs, Progress* progress);

// SHA-256 over names, types and values, row by row of each column: the same for equal tables.
Result<std::string> DigestOf(const arrow::Table& table);

}  // namespace millpond::model
