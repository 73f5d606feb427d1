// A training set as the learners see it: encoded rows, labels, cluster ids, by split part.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/column.h"
#include "kernel/encoder.h"
#include "model/scoring/matrix.h"
#include "model/training/time_split.h"

namespace millpond::model {

struct ExampleSet {
  Matrix features;
  std::vector<float> labels;
  std::vector<uint64_t> clusters;  // dense: 0, 1, … by first appearance over all parts
  std::vector<Micros> moments;     // T
  std::vector<uint64_t> keys;      // hash of entity and T: sampling does not depend on row order
};

struct Examples {
  kernel::Encoder encoder;  // fitted on the training part alone
  std::vector<std::string> columns;
  ExampleSet parts[3];  // by SplitName
  TimeSplit split;

  const ExampleSet& part(SplitName name) const { return parts[static_cast<int>(name)]; }
};

// `rows`: the label rows with their feature columns, in the order that `split` indexes.
Result<Examples> MakeExamples(const ModelDefinition& definition, const kernel::Batch& rows,
                              const std::vector<std::string>& feature_columns, TimeSplit split);

}  // namespace millpond::model
