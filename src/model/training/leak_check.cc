#include "model/training/leak_check.h"

#include <algorithm>
#include <cmath>

#include "model/evaluation/baselines.h"
#include "model/evaluation/metrics.h"

namespace millpond::model {

Json LeakFindings::ToJson() const {
  Json changing = Json::array();
  for (const auto& change : changes) {
    changing.push_back({{"feature", change.feature},
                        {"positives", change.of_positives},
                        {"negatives", change.of_negatives}});
  }
  Json rewritten = Json::array();
  for (const auto& view : restating) {
    rewritten.push_back({{"view", view.view}, {"source", view.source}, {"why", view.why}});
  }
  return {{"passed", true},
          {"accepted_restatements", rewritten},
          {"changes_at_label_time", changing},
          {"moments_recomputed", moments},
          {"rows_recomputed", rows},
          {"warnings", warnings}};
}

Status CheckRestatements(const platform::FeatureStore& features, const ModelDefinition& definition,
                         const platform::TrainingOptions& options, LeakFindings& findings) {
  std::vector<std::string> views;
  for (const auto& view : definition.views) views.push_back(view.view);
  MP_ASSIGN_OR_RETURN(findings.restating, features.Restatements(views, options));
  for (const auto& view : findings.restating) {
    const auto& accepted = definition.leak_check.accept_restate;
    if (std::ranges::find(accepted, view.view) != accepted.end()) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "{}: leak check failed: feature view {} reads {}, whose history is rewritten ({}), "
                "so a row that is there now need not have been there at T. Feed the view from a "
                "streaming table, or accept it by name with leak_check: {{accept_restate: [{}]}}",
                definition.PlaceOf("features.views." + view.view), view.view, view.source, view.why,
                view.view);
  }
  return OkStatus();
}

Status CheckTruncatedSource(platform::FeatureStore& features, arrow::RecordBatchReader& labels,
                            const ModelDefinition& definition,
                            const platform::TrainingOptions& options, LeakFindings& findings) {
  std::vector<std::string> views;
  for (const auto& view : definition.views) views.push_back(view.view);
  MP_ASSIGN_OR_RETURN_CONTEXT(
      auto report, features.CheckForLeaks(labels, views, options, definition.leak_check.moments),
      "{}: in the leak check", definition.file);
  findings.moments = report.moments;
  findings.rows = report.rows;
  if (report.differing_rows == 0) return OkStatus();
  return Fail(
      ErrorKind::kInvalidArgument,
      "{}: leak check failed: {} of {} label rows get other features when the source is cut "
      "at T, so a feature reads rows that were not known at T; correct KNOWN AT or SETTLE of "
      "the view; first difference: {}",
      definition.file, report.differing_rows, report.rows, report.first);
}

Status CheckLabelsKnown(const TimeSplit& split) {
  const Micros known = split.counts[0].known;
  if (known <= split.training_cutoff) return OkStatus();
  return Fail(
      ErrorKind::kInvalidArgument,
      "leak check failed: a training label was known only at {}, after the training cut-off "
      "{}",
      FormatTimestamp(known), FormatTimestamp(split.training_cutoff));
}

Status CheckSingleFeatures(const ModelDefinition& definition, const Examples& examples,
                           LeakFindings& findings) {
  const ExampleSet& train = examples.part(SplitName::kTrain);
  const SplitCount& count = examples.split.counts[0];
  const double prevalence = static_cast<double>(count.positives) / static_cast<double>(count.rows);
  for (size_t column = 0; column < examples.columns.size(); ++column) {
    MP_ASSIGN_OR_RETURN(auto baseline,
                        SingleFeatureBaseline::Fit(train.features.view(), train.labels, column));
    const double precision =
        AveragePrecision(baseline.Margins(train.features.view()), train.labels);
    findings.single_ap.push_back(precision);
    if (!(precision > definition.leak_check.warn_average_precision)) continue;
    findings.warnings.push_back(fmt::format(
        "feature '{}' alone has average precision {:.3f} on the training rows (prevalence {:.3f}, "
        "threshold {:.2f}): make sure that it is known at T and is not the label in disguise",
        examples.columns[column], precision, prevalence,
        definition.leak_check.warn_average_precision));
  }
  return OkStatus();
}

}  // namespace millpond::model
