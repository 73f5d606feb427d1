// SELECT → operator → table, once, as an epoch of its own with a written plan: how batch scoring
// gets its rows into Delta. The inputs' versions are pinned in the plan, so a run that was killed
// is repeated on the same rows, and what it had committed is not committed again.
#pragma once

#include <string>

#include "data/catalog/table_name.h"
#include "data/delta/commit/write.h"
#include "data/sql/source_text.h"
#include "pipeline/flows/batch_operator.h"
#include "pipeline/flows/report.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
}  // namespace millpond::data

namespace millpond::pipeline {

struct BatchFlow {
  std::string name;         // of the flow: names its state and its txn
  data::SourceText select;  // one query, over tables
  data::TableName target;   // made with the operator's output columns if it is not there
  // kOverwrite: the table is the result of the last run. kAppend: each run adds its rows.
  data::WriteMode mode = data::WriteMode::kOverwrite;
  // More that the result depends on (an as-of time, a seed); part of the fingerprint.
  std::string parameters;
};

// Skips (changed == false, with a message) when neither an input's version nor the query, the
// operator's pin or the parameters changed since the last run.
Result<FlowReport> RunBatchFlow(data::Catalog& catalog, data::SqlEngine& engine,
                                const BatchFlow& flow, BatchOperator& batch_operator);

}  // namespace millpond::pipeline
