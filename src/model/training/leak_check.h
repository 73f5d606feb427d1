// Proves, before a model is stored, that it learned nothing it could not have known (design section
// 8). Fails if a label was known later than the training cut-off, if a feature changes when its
// source is truncated at T, or if a view restates its history and the model does not accept that by
// name. Warns if one feature alone predicts too well, or changes at label time.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/training/examples.h"
#include "platform/features/feature_store.h"

namespace millpond::model {

// A feature whose value at the moment the label became known differs from its value at T, by label.
struct LabelTimeChange {
  std::string feature;
  double of_positives = 0;  // share of the sampled rows
  double of_negatives = 0;
};

struct LeakFindings {
  int64_t moments = 0;                   // T recomputed from a truncated source
  int64_t rows = 0;                      // label rows at those T
  std::vector<double> single_ap;         // by feature column, training part
  std::vector<LabelTimeChange> changes;  // those that tell the labels apart
  // Views whose sources' histories are rewritten, all of them accepted by the definition.
  std::vector<platform::Restatement> restating;
  std::vector<std::string> warnings;

  Json ToJson() const;
};

// kInvalidArgument names a view that restates its history and that accept_restate does not name.
Status CheckRestatements(const platform::FeatureStore& features, const ModelDefinition& definition,
                         const platform::TrainingOptions& options, LeakFindings& findings);
// kInvalidArgument names the feature, the row and what to do.
Status CheckTruncatedSource(platform::FeatureStore& features, arrow::RecordBatchReader& labels,
                            const ModelDefinition& definition,
                            const platform::TrainingOptions& options, LeakFindings& findings);
Status CheckLabelsKnown(const TimeSplit& split);
// Recomputes the features of a sample of training rows as of label_known_at and notes those that
// change for one label and not for the other, with one warning that names them all. Expected where
// label and features read the same events, and harmless as long as KNOWN AT is right.
Status CheckLabelTime(platform::FeatureStore& features, const kernel::Batch& rows,
                      const TimeSplit& split, const std::vector<std::string>& feature_columns,
                      const ModelDefinition& definition, const platform::TrainingOptions& options,
                      LeakFindings& findings);
// Average precision of every feature alone on the training part; warnings above the threshold.
Status CheckSingleFeatures(const ModelDefinition& definition, const Examples& examples,
                           LeakFindings& findings);

}  // namespace millpond::model
