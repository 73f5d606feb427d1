#include "pipeline/flows/batch_flow.h"

#include <arrow/type.h>

#include <chrono>

#include "base/fs/file_lock.h"
#include "base/sha256.h"
#include "data/catalog/catalog.h"
#include "pipeline/flows/event_log.h"
#include "pipeline/flows/flow_inputs.h"
#include "pipeline/flows/flow_run.h"
#include "pipeline/flows/flow_tables.h"

namespace millpond::pipeline {
namespace {

// The select as if it stood in a CREATE MATERIALIZED VIEW, with what else its result depends on in
// the fingerprint.
Result<FlowQuery> QueryFor(const BatchFlow& flow, const BatchOperator& batch_operator) {
  FlowStatement statement;
  statement.kind = FlowKind::kMaterializedView;
  statement.source = flow.select;
  statement.text = flow.select.text();
  statement.body = flow.select.text();
  statement.name = flow.target;
  MP_ASSIGN_OR_RETURN(FlowQuery query, MakeFlowQuery(statement, {}));
  query.fingerprint = Sha256::Hex(
      fmt::format("{}\n{}\n{}", query.fingerprint, batch_operator.version_pin(), flow.parameters));
  return query;
}

bool SameInputs(const EpochPlan& plan, const std::vector<PlannedInput>& inputs) {
  return plan.inputs == inputs;
}

class BatchRun {
 public:
  BatchRun(FlowContext context, const BatchFlow& flow, BatchOperator& batch_operator,
           FlowState state)
      : context_(context), flow_(flow), operator_(batch_operator), state_(std::move(state)) {}

  Result<FlowReport> Run() {
    report_.name = flow_.name;
    report_.kind = "batch flow";
    MP_ASSIGN_OR_RETURN(FlowQuery query, QueryFor(flow_, operator_));
    MP_ASSIGN_OR_RETURN(auto inputs, PlanInputs(context_.catalog, query, nullptr, {}));
    MP_RETURN_IF_ERROR(CheckOperator(query, inputs.inputs));
    MP_ASSIGN_OR_RETURN(auto tables, OpenFlowTables(context_.catalog, query, flow_.name,
                                                    *operator_.output_schema()));
    MP_ASSIGN_OR_RETURN(auto snapshot, tables.main.Latest());
    report_.version = snapshot->version();

    bool same_table =
        state_.last().has_value() && state_.last()->table_id == snapshot->metadata().id;
    if (same_table && state_.last()->fingerprint == query.fingerprint) {
      const EpochPlan last = *state_.last();
      bool committed = snapshot->txn_version(last.AppId()).value_or(0) >= last.epoch;
      // Uncommitted over inputs that have moved since, it is left aside: what made it fail may be
      // corrected there.
      if (SameInputs(last, inputs.inputs)) {
        if (!committed) MP_RETURN_IF_ERROR(Epoch(query, last, tables));
        report_.message = report_.changed ? "finished what was cut off" : "inputs unchanged";
        return std::move(report_);
      }
    }
    EpochPlan plan;
    plan.flow = flow_.name;
    plan.generation = state_.generation() == 0 ? 1 : state_.generation();
    plan.epoch = state_.last().has_value() ? state_.last()->epoch + 1 : 1;
    // The flow's memory is gone, but not what it has committed.
    auto known = snapshot->txn_version(AppId(snapshot->metadata().id, plan.flow, plan.generation));
    plan.epoch = std::max(plan.epoch, known.value_or(0) + 1);
    plan.now = context_.catalog.workspace().env.clock.Now();
    plan.overwrite = flow_.mode == data::WriteMode::kOverwrite;
    plan.table_id = snapshot->metadata().id;
    plan.fingerprint = query.fingerprint;
    plan.definition = {{flow_.select.file(), 1, std::string(flow_.select.text())}};
    plan.inputs = std::move(inputs.inputs);
    MP_RETURN_IF_ERROR(state_.WritePlan(plan));
    MP_RETURN_IF_ERROR(Epoch(query, plan, tables));
    return std::move(report_);
  }

 private:
  // The query gives what the operator takes, before anything is planned.
  Status CheckOperator(const FlowQuery& query, const std::vector<PlannedInput>& inputs) const {
    MP_ASSIGN_OR_RETURN(auto schema, DescribeFlow(context_, query, inputs,
                                                  context_.catalog.workspace().env.clock.Now()));
    auto wanted = operator_.input_schema();
    for (const auto& field : wanted->fields()) {
      auto given = schema->GetFieldByName(field->name());
      if (given != nullptr && given->type()->Equals(field->type())) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "{}: flow {} needs column '{}' of type {}; the query gives {}",
                  flow_.select.file(), flow_.name, field->name(), field->type()->ToString(),
                  given == nullptr ? "none" : given->type()->ToString());
    }
    return OkStatus();
  }

  Status Epoch(const FlowQuery& query, const EpochPlan& plan, const FlowTables& tables) {
    auto start = std::chrono::steady_clock::now();
    auto outcome = RunEpoch(context_, query, plan, tables, state_, &operator_);
    if (!outcome.has_value()) {
      return std::unexpected(
          std::move(outcome).error().WithContext(fmt::format("batch flow {}", flow_.name)));
    }
    outcome->seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    report_.seconds += outcome->seconds;
    MP_ASSIGN_OR_RETURN(EventLog events, EventLog::Open(context_.catalog.workspace()));
    MP_RETURN_IF_ERROR(events.Record(plan, *outcome));
    AddToReport(*outcome, report_);
    return OkStatus();
  }

  FlowContext context_;
  const BatchFlow& flow_;
  BatchOperator& operator_;
  FlowState state_;
  FlowReport report_;
};

}  // namespace

Result<FlowReport> RunBatchFlow(data::Catalog& catalog, data::SqlEngine& engine,
                                const BatchFlow& flow, BatchOperator& batch_operator) {
  const data::Workspace& workspace = catalog.workspace();
  std::string dir = FlowStateDir(workspace, flow.name);
  MP_RETURN_IF_ERROR(workspace.env.fs.CreateDirectories(dir));
  MP_ASSIGN_OR_RETURN(auto lock, FileLock::TryAcquire(JoinPath(dir, "lock"), "flow " + flow.name));
  MP_ASSIGN_OR_RETURN(auto state, FlowState::Open(workspace, flow.name));
  return BatchRun({catalog, engine}, flow, batch_operator, std::move(state)).Run();
}

}  // namespace millpond::pipeline
