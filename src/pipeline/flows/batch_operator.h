// A step that turns batches of rows into batches of rows and is not SQL: scoring by a model, a
// worker in another language. Declared here, implemented above (model/scoring), run by
// RunBatchFlow (batch_flow.h).
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace millpond::pipeline {

class BatchOperator {
 public:
  virtual ~BatchOperator() = default;

  // The columns it takes, by name; the SELECT must give each with this very type and may give more.
  virtual std::shared_ptr<arrow::Schema> input_schema() const = 0;
  // The columns of its result: the target table's.
  virtual std::shared_ptr<arrow::Schema> output_schema() const = 0;
  // A text that changes whenever the operator could answer differently for the same rows ("churn
  // v3 sha256:…"): part of the flow's fingerprint, so that nothing is skipped that has changed.
  virtual std::string version_pin() const = 0;

  // `batch` has the columns of input_schema() in its order. The result has output_schema(); its
  // rows may be more or fewer. A function of the batch alone: rows must not depend on how they were
  // cut into batches. Called by one thread at a time.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& batch) = 0;
};

}  // namespace millpond::pipeline
