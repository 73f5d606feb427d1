// The last step of an evaluation, shared by training sets (evaluate.cc) and single entities
// (entity_state.cc).
#pragma once

#include <vector>

#include "kernel/evaluate.h"

namespace millpond::kernel {

// The outputs from the aggregates' columns, one row per T; rows without a time are NULL throughout.
Batch ComputeOutputs(const FeatureProgram& program, std::vector<Column> aggregates,
                     const Column& as_of);

}  // namespace millpond::kernel
