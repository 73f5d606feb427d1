// Rows of some files of one partition, ordered along a curve through their columns and written to
// new files of equal size that are not committed yet. The columns are read twice: first they alone,
// for a sample that says where their ranges lie. Memory: row_sorter.h's, the sample, an open file.
#pragma once

#include <string>
#include <vector>

#include "data/delta/care/bin_rewrite.h"
#include "data/delta/rows/clustering.h"

namespace millpond::data {

struct ClusterOrder {
  std::vector<std::string> columns;
  Curve curve = Curve::kHilbert;
  bool is_table_clustering = false;  // else ZORDER BY: no clustering provider
  int64_t target_bytes = 0;          // of a file
  std::string spill_folder = {};     // "": no spilling
  int64_t memory_bytes = int64_t{256} << 20;
};

// As RewriteBin; places of rows cannot be followed.
Result<RewrittenBin> RewriteOrdered(const Environment& env,
                                    const std::shared_ptr<const Snapshot>& snapshot,
                                    const std::vector<size_t>& files, const ClusterOrder& order,
                                    const BytesRead& read = nullptr);

}  // namespace millpond::data
