// One epoch, from its plan to its commits:
//
//   inputs as planned → the query with its conditions → rows sorted by what they violate
//     → quarantine table (commits first) → main table (commits last: the epoch's commit point)
//
// Everything is bounded: rows flow through in batches. Nothing is committed before all rows are
// judged. An epoch that runs a second time gives the same rows, and what its first run committed is
// skipped by its txn.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <optional>

#include "base/cancellation.h"
#include "data/delta/log/table.h"
#include "pipeline/flows/batch_operator.h"
#include "pipeline/flows/flow_query.h"
#include "pipeline/flows/flow_state.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
}  // namespace millpond::data

namespace millpond::pipeline {

struct FlowContext {
  data::Catalog& catalog;
  data::SqlEngine& engine;
  // Of who runs the flows, beside the workspace's own; asked after each batch of rows.
  CancellationToken cancellation = {};
};

struct FlowTables {
  data::DeltaTable main;
  std::optional<data::DeltaTable> quarantine;
};

// The columns that the query gives, casts included, conditions not. Refuses sums of DOUBLE.
Result<std::shared_ptr<arrow::Schema>> DescribeFlow(const FlowContext& context,
                                                    const FlowQuery& query,
                                                    const std::vector<PlannedInput>& inputs,
                                                    Micros now);

// `query` must be made from the plan's definition. The output of `batch_operator`, if there is one,
// takes the place of the query's rows. `on_rows` hears how many rows were read so far.
Result<EpochOutcome> RunEpoch(const FlowContext& context, const FlowQuery& query,
                              const EpochPlan& plan, const FlowTables& tables, FlowState& state,
                              BatchOperator* batch_operator = nullptr,
                              const std::function<void(int64_t)>& on_rows = nullptr);

}  // namespace millpond::pipeline
