// The Delta table that an inference log is written to: made when the first rows come, widened by
// the columns that a later model has more. Each batch is one commit with a txn (the log's appId,
// its number), so that one whose outcome was not known can be written again without being there
// twice. Used by one thread.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>

#include "data/catalog/catalog.h"
#include "kernel/column.h"

namespace millpond::model {

class InferenceTable {
 public:
  InferenceTable(data::Catalog& catalog, data::TableName name)
      : catalog_(catalog), name_(std::move(name)) {}

  const data::TableName& name() const { return name_; }

  // Durable on return. kConflict: a column is there with another type. After an error the same rows
  // are given again, or given up.
  Status Append(const kernel::Batch& rows);
  void GiveUp() { ++next_number_; }

 private:
  Result<data::DeltaTable> OpenOrCreate(const data::Schema& wanted);
  Status Open(const data::Schema& wanted);
  Status Write(const std::shared_ptr<arrow::RecordBatch>& rows);
  Status AddColumns(const data::Schema& wanted);

  data::Catalog& catalog_;
  const data::TableName name_;
  std::optional<data::DeltaTable> table_;
  int64_t next_number_ = 0;  // of the txn
};

}  // namespace millpond::model
