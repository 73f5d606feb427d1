// OPTIMIZE: many small files become fewer large ones, files lose their deleted rows, and no row
// changes. What it promises:
//
// - Which files: the rule of bin_plan.h. A second run rewrites nothing.
// - Work goes in batches of bounded size, each its own commit: a kill loses one batch at most, and
//   leaves at most unreferenced files.
// - With columns to order by, those of ZORDER BY or the table's own clustering, rows are ordered
//   along a curve through them instead, cube by cube: the rule of cluster_plan.h. Nothing but the
//   loose part of a table is ordered again, and a second run rewrites nothing.
// - Peace with writers: rewrite_commit.h.
// - Memory: a batch of rows and an open file for each thread, reserved from the arbiter.
//
// Rows keep their ids (PROTOCOL.md, "Row Tracking"); commits say dataChange = false, so that
// readers of changes see none.
#pragma once

#include <functional>
#include <vector>

#include "base/progress.h"
#include "data/delta/care/rewrite_commit.h"
#include "data/delta/log/table.h"

namespace millpond::data {

// May be asked before each batch whether the work should go on: a budget of bytes or seconds.
using MayGoOn = std::function<bool(int64_t bytes_read_so_far)>;

struct OptimizeOptions {
  // Which files of a snapshot may be rewritten, by partition. Null: all.
  std::function<Result<std::vector<bool>>(const std::shared_ptr<const Snapshot>&)> wanted = nullptr;
  bool purge = false;                       // REORG TABLE … APPLY (PURGE)
  std::vector<std::string> zorder_by = {};  // columns; not for a clustered table
  bool full = false;                        // OPTIMIZE t FULL: clusters all of a clustered table
  std::string spill_folder = {};            // of sorts; "": they have to fit the memory
  std::string operation = "OPTIMIZE";       // of the commits, for the history
  StringMap parameters = {};
  int64_t batch_bytes = int64_t{1} << 30;  // of files read for one commit
  int64_t max_bytes = INT64_MAX;           // of files read altogether; then it stops
  MayGoOn may_go_on = nullptr;             // null: yes
  Progress* progress = nullptr;
};

struct OptimizeResult {
  int64_t files_before = 0, bytes_before = 0;  // of the table
  int64_t files_after = 0, bytes_after = 0;
  int64_t files_removed = 0, bytes_removed = 0;
  int64_t files_added = 0, bytes_added = 0;
  int64_t bins_given_way = 0;
  int64_t commits = 0;
  bool stopped = false;  // by may_go_on or max_bytes, with work left
  int64_t version = 0;   // of the table afterwards

  void Count(const RewriteOutcome& outcome);
};

// kInvalidArgument: zorder_by or `wanted` for a clustered table, `full` for another; a column to
// order by that is not there, partitions the table, or has no order that statistics use.
Result<OptimizeResult> OptimizeTable(DeltaTable& table, const OptimizeOptions& options = {});

}  // namespace millpond::data
