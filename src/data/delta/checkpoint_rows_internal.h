// The rows of a V1 checkpoint as Arrow batches: one struct column for each kind of action, of which
// exactly one is set in a row (PROTOCOL.md, "Checkpoint Schema").
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "data/delta/actions.h"

namespace millpond::data {

class CheckpointRows {
 public:
  static std::shared_ptr<arrow::Schema> Schema();
  static Result<std::unique_ptr<CheckpointRows>> Make();
  ~CheckpointRows();

  // commitInfo and cdc have no place in a checkpoint and are programmer errors.
  Status Append(const Action& action);
  // What was appended since the last call.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  explicit CheckpointRows(std::unique_ptr<arrow::RecordBatchBuilder> builder);
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
};

}  // namespace millpond::data
