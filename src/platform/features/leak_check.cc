// The leak check of design section 8: at some of the labels' moments T the features are computed
// again from a source that holds only what was known then, and must not change by a bit. The
// truncation (source_scan.cc) reads the visibility rule for itself, before any row is handed over,
// so that a kernel that looked past T - settle would be found out.
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <set>
#include <utility>

#include "data/arrow/status.h"
#include "platform/features/training_set.h"

namespace millpond::platform {
namespace {

// T of every label row, in microseconds; NULL as nullopt.
Result<std::vector<std::optional<Micros>>> Moments(const Labels& labels, const ViewBinding& binding,
                                                   const TrainingOptions& options) {
  MP_ASSIGN_OR_RETURN(LabelKeys keys, labels.KeysFor(*binding.program, options));
  const bool date = keys.as_of.type() == kernel::kDate;
  std::vector<std::optional<Micros>> moments(static_cast<size_t>(labels.rows()));
  for (int64_t row = 0; row < labels.rows(); ++row) {
    if (keys.as_of.IsNull(row)) continue;
    moments[static_cast<size_t>(row)] = keys.as_of.int64s()[row] * (date ? kMicrosPerDay : 1);
  }
  return moments;
}

// At most `limit` of them, spread evenly, the first and the last included.
std::vector<Micros> Choose(const std::set<Micros>& distinct, int limit) {
  std::vector<Micros> all(distinct.begin(), distinct.end());
  if (limit < 1 || static_cast<int>(all.size()) <= limit) return all;
  if (limit == 1) return {all.back()};
  std::vector<Micros> chosen;
  for (int i = 0; i < limit; ++i) {
    chosen.push_back(
        all[(all.size() - 1) * static_cast<size_t>(i) / static_cast<size_t>(limit - 1)]);
  }
  return chosen;
}

Status Compare(const TrainingSet& full, const TrainingSet& truncated,
               const std::vector<int64_t>& rows, Micros at, LeakReport& report) {
  arrow::Int64Builder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.AppendValues(rows));
  MP_ARROW_ASSIGN_OR_RETURN(auto indices, builder.Finish());
  const int first = full.rows->num_columns() - static_cast<int>(full.feature_columns.size());
  std::set<int64_t> differing;
  for (size_t i = 0; i < full.feature_columns.size(); ++i) {
    const int column = first + static_cast<int>(i);
    MP_ARROW_ASSIGN_OR_RETURN(arrow::Datum taken,
                              arrow::compute::Take(full.rows->column(column), indices));
    const auto expected = taken.chunked_array();
    const auto actual = truncated.rows->column(column);
    const auto options = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
    if (expected->Equals(*actual, options)) continue;
    for (int64_t row = 0; row < expected->length(); ++row) {
      if (expected->Slice(row, 1)->Equals(*actual->Slice(row, 1), options)) continue;
      if (report.first.empty()) {
        MP_ARROW_ASSIGN_OR_RETURN(auto with, expected->GetScalar(row));
        MP_ARROW_ASSIGN_OR_RETURN(auto without, actual->GetScalar(row));
        report.first =
            fmt::format("feature {} of label row {} at {} is {}, but {} from what was known then",
                        full.feature_columns[i], rows[static_cast<size_t>(row)] + 1,
                        FormatTimestamp(at), with->ToString(), without->ToString());
      }
      differing.insert(row);
    }
  }
  report.differing_rows += static_cast<int64_t>(differing.size());
  return OkStatus();
}

Status FindLeaksOf(const Environment& env, const Labels& labels, const ViewBinding& binding,
                   const TrainingOptions& options, int max_moments, LeakReport& report) {
  MP_ASSIGN_OR_RETURN(TrainingSet full, BuildTrainingSet(env, labels, {binding}, options));
  MP_ASSIGN_OR_RETURN(auto moments, Moments(labels, binding, options));
  std::set<Micros> distinct;
  for (const auto& moment : moments) {
    if (moment) distinct.insert(*moment);
  }
  for (const Micros at : Choose(distinct, max_moments)) {
    std::vector<int64_t> rows;
    for (size_t row = 0; row < moments.size(); ++row) {
      if (moments[row] == at) rows.push_back(static_cast<int64_t>(row));
    }
    MP_ASSIGN_OR_RETURN(Labels then, labels.Take(rows, env.arbiter));
    TrainingOptions truncated = options;
    truncated.truncate_source_at = at;
    MP_ASSIGN_OR_RETURN(TrainingSet set, BuildTrainingSet(env, then, {binding}, truncated));
    MP_RETURN_IF_ERROR(Compare(full, set, rows, at, report));
    ++report.moments;
    report.rows += static_cast<int64_t>(rows.size());
  }
  return OkStatus();
}

}  // namespace

Result<LeakReport> FindLeaks(const Environment& env, const Labels& labels,
                             const std::vector<ViewBinding>& views, const TrainingOptions& options,
                             int max_moments) {
  LeakReport report;
  for (const ViewBinding& binding : views) {
    MP_RETURN_IF_ERROR(FindLeaksOf(env, labels, binding, options, max_moments, report));
  }
  return report;
}

}  // namespace millpond::platform
