// A flow's turn in a run: finish the epoch that a crash cut off, see what is new, and run epochs
// until there is nothing more.
#pragma once

#include "pipeline/flows/epoch_run.h"
#include "pipeline/flows/event_log.h"
#include "pipeline/flows/report.h"

namespace millpond::pipeline {

struct FlowRunOptions {
  bool full_refresh = false;
  // After each batch of rows and each epoch, with the report so far.
  std::function<void(const FlowReport&)> after_step;
};

// Runs a streaming table or a materialized view.
Result<FlowReport> RunFlow(const FlowContext& context, const FlowQuery& query, EventLog& events,
                           const FlowRunOptions& options);

// A plan's statements as they were when it was written, and the query made of them.
std::vector<PlannedStatement> DefinitionOf(const FlowQuery& query);
Result<FlowQuery> QueryOf(const EpochPlan& plan);

// Adds what an epoch did to a report.
void AddToReport(const EpochOutcome& outcome, FlowReport& report);

}  // namespace millpond::pipeline
