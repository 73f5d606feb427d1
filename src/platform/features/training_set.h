// Point-in-time training sets: the labels, and beside each the feature values its entity had at its
// T. The work is cut by entity into partitions; each is read, computed and put back at the labels'
// places on its own, so neither threads nor the number of passes over the source can show in the
// result.
#pragma once

#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "platform/features/feature_store.h"
#include "platform/features/labels.h"
#include "platform/features/view_binding.h"

namespace millpond::platform {

// kInvalidArgument if a feature has the name of a label column or of another view's feature.
Result<TrainingSet> BuildTrainingSet(const Environment& env, const Labels& labels,
                                     const std::vector<ViewBinding>& views,
                                     const TrainingOptions& options);

Result<LeakReport> FindLeaks(const Environment& env, const Labels& labels,
                             const std::vector<ViewBinding>& views, const TrainingOptions& options,
                             int max_moments);

}  // namespace millpond::platform
