// Which features change, and for whom, between T and the moment the label became known.
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <cmath>

#include "data/arrow/status.h"
#include "model/training/leak_check.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {

namespace {

using kernel::Batch;
using kernel::Column;

constexpr size_t kSampleRows = 2000;
// A difference between the two shares from which a change tells the labels apart.
constexpr double kTelling = 0.9;

// Evenly spread over the training rows, which are ordered by T and entity.
std::vector<int64_t> SampleOf(const std::vector<int64_t>& rows) {
  std::vector<int64_t> sample;
  const size_t count = std::min(rows.size(), kSampleRows);
  for (size_t i = 0; i < count; ++i) sample.push_back(rows[i * rows.size() / count]);
  return sample;
}

// The sampled label rows with T moved to the moment the label was known.
Result<std::shared_ptr<arrow::RecordBatchReader>> MovedLabels(const ModelDefinition& definition,
                                                              const Batch& rows,
                                                              const std::vector<int64_t>& sample) {
  const LabelDefinition& label = definition.label;
  Batch moved{.names = label.entity, .columns = {}, .rows = static_cast<int64_t>(sample.size())};
  for (const auto& name : label.entity) {
    moved.columns.push_back(rows.columns[rows.Find(name)].Take(sample));
  }
  moved.names.push_back(label.time);
  moved.columns.push_back(rows.columns[rows.Find(label.known_at)].Take(sample));
  MP_ASSIGN_OR_RETURN(auto batch, platform::ToArrowBatch(std::move(moved)));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  return reader;
}

LabelTimeChange CompareColumn(const std::string& name, const Column& before, const Column& after,
                              const Column& label, const std::vector<int64_t>& sample) {
  int64_t rows[2] = {0, 0}, changed[2] = {0, 0};
  for (size_t i = 0; i < sample.size(); ++i) {
    const int positive = label.booleans()[sample[i]] != 0 ? 1 : 0;
    ++rows[positive];
    const auto at = static_cast<int64_t>(i);
    if (!(before.ValueAt(sample[i]) == after.ValueAt(at))) ++changed[positive];
  }
  const auto share = [&](int of) {
    return rows[of] == 0 ? 0 : static_cast<double>(changed[of]) / static_cast<double>(rows[of]);
  };
  return {name, share(1), share(0)};
}

void Warn(LeakFindings& findings) {
  if (findings.changes.empty()) return;
  std::string names;
  for (const auto& change : findings.changes) {
    names += (names.empty() ? "" : ", ") + change.feature;
  }
  findings.warnings.push_back(fmt::format(
      "{} change between T and the moment the label is known, for one label and not for the other: "
      "as expected if label and features read the same events, but make sure that KNOWN AT is true",
      names));
}

}  // namespace

Status CheckLabelTime(platform::FeatureStore& features, const Batch& rows, const TimeSplit& split,
                      const std::vector<std::string>& feature_columns,
                      const ModelDefinition& definition, const platform::TrainingOptions& options,
                      LeakFindings& findings) {
  const auto sample = SampleOf(split.rows[static_cast<int>(SplitName::kTrain)]);
  MP_ASSIGN_OR_RETURN(auto reader, MovedLabels(definition, rows, sample));
  std::vector<std::string> views;
  for (const auto& view : definition.views) views.push_back(view.view);
  MP_ASSIGN_OR_RETURN(auto moved, features.TrainingSetFor(*reader, views, options));
  MP_ARROW_ASSIGN_OR_RETURN(auto whole, moved.rows->CombineChunksToBatch());
  MP_ASSIGN_OR_RETURN(auto after, platform::ToKernel(*whole));
  const Column& label = rows.columns[rows.Find(definition.label.label)];
  for (const auto& name : feature_columns) {
    const int then = rows.Find(name), later = after.Find(name);
    if (then < 0 || later < 0) continue;  // a request column
    const auto change =
        CompareColumn(name, rows.columns[then], after.columns[later], label, sample);
    if (std::abs(change.of_positives - change.of_negatives) < kTelling) continue;
    findings.changes.push_back(change);
  }
  Warn(findings);
  return OkStatus();
}

}  // namespace millpond::model
