// A condition on partition columns, as OPTIMIZE takes it: which files of a snapshot lie in the
// partitions that it holds for. One file of each partition is asked, and of that only the partition
// values are looked at.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/sql/statement_context.h"

namespace millpond::data {

// kInvalidArgument, with its place: the condition has a column that does not partition the table.
Status CheckPartitionPredicate(std::string_view condition, const Snapshot& snapshot,
                               StatementContext& context);

// By file. A partition without rows is not chosen.
Result<std::vector<bool>> FilesOfPartitions(std::string_view condition,
                                            std::shared_ptr<const Snapshot> snapshot,
                                            StatementContext& context);

}  // namespace millpond::data
