// The labels of a training set: read whole, kept in order, and seen by the kernel as entity columns
// and T.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "kernel/feature_view.h"

namespace millpond::platform {

struct TrainingOptions;

// A label row for the kernel.
struct LabelKeys {
  std::vector<kernel::Column> entity;  // in the view's order and types
  kernel::Column as_of;

  std::vector<const kernel::Column*> EntityPointers() const;
  LabelKeys Take(std::span<const int64_t> rows) const;
};

class Labels {
 public:
  static Result<Labels> Read(arrow::RecordBatchReader& reader, Arbiter& arbiter);

  int64_t rows() const;
  const std::shared_ptr<arrow::Table>& table() const { return table_; }

  // kInvalidArgument names a column that is missing or of a type that no row of the source can
  // match.
  Result<LabelKeys> KeysFor(const kernel::FeatureProgram& program,
                            const TrainingOptions& options) const;

  // The rows `take`, in that order.
  Result<Labels> Take(const std::vector<int64_t>& take, Arbiter& arbiter) const;

 private:
  Result<kernel::Column> ColumnAt(int index) const;
  Result<int> IndexOf(const std::string& name, const std::string& what) const;

  std::shared_ptr<arrow::Table> table_;
  std::shared_ptr<MemoryReservation> memory_;
};

}  // namespace millpond::platform
