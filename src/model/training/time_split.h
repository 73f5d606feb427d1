// Which label rows go where. Later parts are later in time; between two parts lies at least the
// time until the earlier one's labels are known, so that nothing a model learns or is calibrated
// with was unknown when the next part began.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "kernel/column.h"
#include "model/training/model_definition.h"

namespace millpond::model {

struct SplitCount {
  int64_t rows = 0;
  int64_t positives = 0;
  int64_t waiting = 0;  // left out: the label is known only after `now`
  int64_t purged = 0;   // left out: known only after the next part begins
  Micros first = 0;     // T of the rows kept
  Micros last = 0;
  Micros known = 0;  // the greatest label_known_at of the rows kept
};

struct TimeSplit {
  std::vector<int64_t> rows[3];  // by SplitName: indices of label rows, ascending
  SplitCount counts[3];
  // The first T of the calibration part, less the embargo: no label of the training part may be
  // known later.
  Micros training_cutoff = 0;

  Json ToJson() const;
};

// Fails (kInvalidArgument) if parts overlap or are out of order, if a part stays empty, or if a row
// of one part is known only after the next begins and the definition does not say purge.
Result<TimeSplit> SplitByTime(const ModelDefinition& definition, const kernel::Batch& labels,
                              Micros now);

}  // namespace millpond::model
