// One bin of OPTIMIZE, written: the rows of some files of one partition, without those that are
// deleted, in new files that are not committed yet. Row ids and row commit versions go along where
// the table tracks rows. Memory: one batch and the open file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/delta/rows/data_writer.h"
#include "data/delta/rows/row_set.h"

namespace millpond::data {

struct RewriteInput {
  AddFile file;                           // as it was read
  std::shared_ptr<const RowSet> deleted;  // by then; null: none
  int64_t first_row = 0;                  // of its rows among those that were written
};

struct RewrittenBin {
  std::shared_ptr<const Snapshot> snapshot;  // that was read
  std::vector<RewriteInput> inputs;
  std::vector<AddFile> outputs;
  // Rows were written in the order of the inputs, so that places can be followed.
  bool in_order = true;
  std::unique_ptr<DataWriter> writer = nullptr;

  // After a commit that is known not to have happened.
  void Discard() { writer->Discard(); }
};

// Told how many bytes of files were read, as it goes.
using BytesRead = std::function<void(int64_t)>;

// Everything is on the disk on return; after an error what was written is removed.
Result<RewrittenBin> RewriteBin(const Environment& env,
                                const std::shared_ptr<const Snapshot>& snapshot,
                                const std::vector<size_t>& files, const BytesRead& read = nullptr);

// The rows of an in-order bin that were at `positions` of an input, by output. None of them was
// deleted when the bin was written.
std::map<size_t, RowSet> FollowRows(const RewrittenBin& bin, size_t input, const RowSet& positions);

// The rows of these files, one file after the other, as DataWriter takes them from files: with ids
// and commit versions behind the table's columns where it tracks rows. A batch without rows stands
// at the end of each file, and only there.
std::unique_ptr<arrow::RecordBatchReader> ReadForRewrite(const Environment& env,
                                                         std::shared_ptr<const Snapshot> snapshot,
                                                         std::vector<size_t> files);

}  // namespace millpond::data
