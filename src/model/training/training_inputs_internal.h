// What a training depends on, found out before anything is computed: table versions, feature
// definitions, libraries, the moment until which labels are known.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/training/label_rows.h"
#include "model/training/trainer.h"

namespace millpond::model {

struct TrainingInputs {
  TableVersions tables;  // of the label's SELECT and of the views' sources
  std::vector<platform::FeatureView> views;
  std::vector<std::string> feature_columns;  // of the views, then request columns: encoder order
  Micros now = 0;                            // labels known later are not used
  Json libraries;                            // name -> version

  std::vector<std::string> ViewNames() const;
};

// Latest versions and definitions. kInvalidArgument names a column that a view does not have.
Result<TrainingInputs> ResolveInputs(const TrainerParts& parts, const ModelDefinition& definition);

// SHA-256 over all that decides the bytes of a model and its evaluation: what in the definition
// concerns training, feature hashes, live versions, table versions, libraries, and `now` as far as
// labels still wait.
Result<std::string> FingerprintOf(const TrainerParts& parts, const ModelDefinition& definition,
                                  const TrainingInputs& inputs);

}  // namespace millpond::model
