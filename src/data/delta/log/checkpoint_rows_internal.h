// The rows of a checkpoint file as Arrow batches: one struct column for each kind of action, of
// which exactly one is set in a row (PROTOCOL.md, "Checkpoint Schema").
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "data/delta/log/checkpoint_actions_internal.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

class StatsStructWriter;

// Which columns a checkpoint file has.
struct CheckpointLayout {
  enum class Content {
    kAll,      // a V1 checkpoint
    kFiles,    // a sidecar
    kTopOnly,  // a V2 checkpoint whose file actions are in sidecars
  };
  Content content = Content::kAll;
  bool stats_as_json = true;
  bool stats_as_struct = false;
  Schema stats_columns = {};      // physical
  Schema partition_columns = {};  // physical

  // By the table's properties delta.checkpoint.writeStatsAsJson and …AsStruct.
  static CheckpointLayout Of(const Snapshot& snapshot, Content content);
};

class CheckpointRows {
 public:
  static Result<std::unique_ptr<CheckpointRows>> Make(const CheckpointLayout& layout);
  ~CheckpointRows();
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  // commitInfo and cdc have no place in a checkpoint, nor has what the layout leaves out: those are
  // programmer errors.
  Status Append(const Action& action);
  Status AppendSidecar(const Sidecar& sidecar);
  Status AppendMetadata(int64_t version, int64_t num_adds);  // checkpointMetadata
  // What was appended since the last call.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  CheckpointRows() = default;
  Result<arrow::StructBuilder*> Begin(const char* column);
  Status AppendAdd(const AddFile& add, arrow::StructBuilder* builder);

  CheckpointLayout layout_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
  std::unique_ptr<StatsStructWriter> stats_;
};

}  // namespace millpond::data
