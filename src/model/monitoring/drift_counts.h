// Counts watched columns in their bins, by cohort, over a stream of batches: memory is one batch
// and the counts, whatever the number of rows. The result does not depend on the order of rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task_pool.h"
#include "kernel/column.h"
#include "model/monitoring/drift.h"
#include "model/monitoring/feature_bins.h"

namespace millpond::model {

// The column of a batch that holds a row's cohort; without it all rows are one cohort.
inline constexpr std::string_view kCohortColumn = "millpond_cohort";
inline constexpr size_t kMaxCohorts = 1000;

struct WatchedColumn {
  std::string name;
  FeatureBins bins;
};

class DriftCounts {
 public:
  // `columns` must outlive the counts.
  explicit DriftCounts(const std::vector<WatchedColumn>& columns);

  // Columns that the batch does not have are left as they are: rows may come in several parts.
  // kInvalidArgument: more than kMaxCohorts cohorts, or a column of another type.
  Status Add(const kernel::Batch& batch, TaskPool& pool);

  const CohortCounts& of(size_t column) const { return counts_[column]; }
  int64_t rows(size_t column) const { return counts_[column].rows(); }

 private:
  struct RowCohorts;
  Result<RowCohorts> CohortsOf(const kernel::Batch& batch);

  const std::vector<WatchedColumn>& columns_;
  std::vector<CohortCounts> counts_;
  std::map<std::string, uint16_t, std::less<>> cohorts_;
};

}  // namespace millpond::model
