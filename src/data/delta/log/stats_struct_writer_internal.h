// Statistics as the typed struct of a checkpoint, `stats_parsed`, from their JSON text
// (PROTOCOL.md, "Checkpoint Schema").
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "data/delta/log/stats_source_internal.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

// The columns that have typed statistics, by their physical names: the first 32 leaves, or those
// that the table's properties name.
Schema StatsColumns(const Schema& schema, const Metadata& metadata);

// The partition columns by their physical names, for `partitionValues_parsed`.
Schema PartitionColumns(const Schema& schema, const Metadata& metadata);

class StatsStructWriter {
 public:
  explicit StatsStructWriter(Schema columns);
  ~StatsStructWriter();
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  // Appends one row to a builder of that type; text that says nothing becomes a null.
  Status Append(const std::string& json, arrow::StructBuilder* builder);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::shared_ptr<arrow::DataType> type_;
};

// Appends a value to a builder of the type that ToArrowType gives for it; a null if it has none.
Status AppendValue(const ColumnValue& value, arrow::ArrayBuilder* builder);

}  // namespace millpond::data
