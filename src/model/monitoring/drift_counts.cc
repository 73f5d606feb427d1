#include "model/monitoring/drift_counts.h"

namespace millpond::model {

// The cohort of each row as a number, and the names of the numbers.
struct DriftCounts::RowCohorts {
  std::vector<uint16_t> of_row;  // empty: all rows are of cohort 0
  std::vector<std::string> names;
};

DriftCounts::DriftCounts(const std::vector<WatchedColumn>& columns) : columns_(columns) {
  for (const auto& column : columns) counts_.emplace_back(column.bins.size());
}

Result<DriftCounts::RowCohorts> DriftCounts::CohortsOf(const kernel::Batch& batch) {
  RowCohorts cohorts;
  const int found = batch.Find(kCohortColumn);
  if (found < 0) {
    cohorts.names = {""};
    return cohorts;
  }
  const kernel::Column& column = batch.columns[static_cast<size_t>(found)];
  for (int64_t row = 0; row < batch.rows; ++row) {
    const std::string_view name = column.IsNull(row) ? "NULL" : column.text(row);
    auto known = cohorts_.find(name);
    if (known == cohorts_.end()) {
      if (cohorts_.size() >= kMaxCohorts) {
        return Fail(ErrorKind::kInvalidArgument,
                    "there are more than {} cohorts; make them coarser (cohort.by)", kMaxCohorts);
      }
      known = cohorts_.emplace(name, static_cast<uint16_t>(cohorts_.size())).first;
    }
    cohorts.of_row.push_back(known->second);
  }
  cohorts.names.resize(cohorts_.size());
  for (const auto& [name, number] : cohorts_) cohorts.names[number] = name;
  return cohorts;
}

Status DriftCounts::Add(const kernel::Batch& batch, TaskPool& pool) {
  MP_ASSIGN_OR_RETURN(auto cohorts, CohortsOf(batch));
  return pool.ParallelFor(columns_.size(), [&](size_t i) -> Status {
    const WatchedColumn& watched = columns_[i];
    const int found = batch.Find(watched.name);
    if (found < 0) return OkStatus();
    const auto rows = static_cast<size_t>(batch.rows);
    std::vector<uint16_t> bins(rows);
    MP_RETURN_IF_ERROR_CONTEXT(watched.bins.Assign(batch.columns[static_cast<size_t>(found)], bins),
                               "while counting column '{}'", watched.name);
    const size_t width = watched.bins.size();
    std::vector<int64_t> counts(cohorts.names.size() * width);
    for (size_t row = 0; row < rows; ++row) {
      const size_t cohort = cohorts.of_row.empty() ? 0 : cohorts.of_row[row];
      ++counts[cohort * width + bins[row]];
    }
    for (size_t cohort = 0; cohort < cohorts.names.size(); ++cohort) {
      bool any = false;
      for (size_t bin = 0; bin < width; ++bin) any = any || counts[cohort * width + bin] != 0;
      if (!any) continue;
      const auto into = counts_[i].Of(cohorts.names[cohort]);
      for (size_t bin = 0; bin < width; ++bin) into[bin] += counts[cohort * width + bin];
    }
    return OkStatus();
  });
}

}  // namespace millpond::model
