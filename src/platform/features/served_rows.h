// Rows of an inference table as an audit reads them: whole, by column.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/resources/arbiter.h"
#include "base/result.h"
#include "kernel/feature_view.h"

namespace millpond::platform {

struct ServedColumns;

class ServedRows {
 public:
  // kInvalidArgument names a column that is missing or of the wrong type.
  static Result<ServedRows> Read(arrow::RecordBatchReader& reader,
                                 const kernel::FeatureProgram& program,
                                 const ServedColumns& columns, Arbiter& arbiter);

  int64_t rows() const { return as_of_.size(); }
  const kernel::Column& as_of() const { return as_of_; }
  const kernel::Column& source_version() const { return source_version_; }
  std::vector<const kernel::Column*> EntityPointers() const;  // in the view's order and types
  bool Has(const std::string& feature) const { return features_.contains(feature); }
  bool has_features() const { return !features_.empty(); }
  const kernel::Column& Feature(const std::string& name) const { return features_.at(name); }
  std::string RequestId(int64_t row) const;
  bool IsMarked(int64_t row) const { return !marked_.IsNull(row) && marked_.booleans()[row] != 0; }
  // Whether the row was served by this version of the view, as far as it says.
  bool IsOf(int64_t row, int64_t view_version) const {
    return view_version_.IsNull(row) || view_version_.int64s()[row] == view_version;
  }

 private:
  MemoryReservation memory_;
  kernel::Column request_id_;
  kernel::Column as_of_;
  kernel::Column source_version_;
  kernel::Column marked_;
  kernel::Column view_version_;
  std::vector<kernel::Column> entity_;
  std::map<std::string, kernel::Column> features_;
};

// One column of a table, and a batch as a reader.
Result<kernel::Column> ColumnOf(const arrow::Table& table, const std::string& name);
Result<std::shared_ptr<arrow::RecordBatchReader>> AsReader(
    const std::shared_ptr<arrow::RecordBatch>& batch);

}  // namespace millpond::platform
