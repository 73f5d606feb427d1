// Overwriting some partitions of a table: their files go, rows come, in one commit.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "data/delta/commit/write.h"

namespace millpond::data {

// Which partitions an overwrite takes. Asked for the files of the snapshot, and again for those
// that others add meanwhile: rows that would have gone too are a conflict.
class OverwriteScope {
 public:
  virtual ~OverwriteScope() = default;
  // Of these files (indices into snapshot->files()), those that go. `written`: the new ones.
  virtual Result<std::vector<size_t>> Taken(const std::shared_ptr<const Snapshot>& snapshot,
                                            const std::vector<size_t>& files,
                                            const std::vector<AddFile>& written) = 0;
};

// The partition with these values. Columns by their physical names, values as the log spells them;
// a column that is not named may have any value.
std::shared_ptr<OverwriteScope> StaticPartition(PartitionValues values);
// The partitions that get rows.
std::shared_ptr<OverwriteScope> WrittenPartitions();

struct PartitionOverwrite {
  std::shared_ptr<const Snapshot> base;  // the version whose rows go
  std::shared_ptr<OverwriteScope> scope;
  StringMap parameters = {};
  // The rows were made from this table: any change of it since `base` conflicts, not only one in
  // these partitions.
  bool reads_table = false;
};

// Rows are checked and cast as write.h says. Whole files go and come, so that change files are not
// needed (PROTOCOL.md, "Add CDC File").
Result<CommitResult> OverwritePartitions(DeltaTable table, arrow::RecordBatchReader& rows,
                                         const PartitionOverwrite& overwrite);

}  // namespace millpond::data
