#include "pipeline/flows/epoch_run.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/arrow/status.h"
#include "data/catalog/catalog.h"
#include "data/delta/commit/write.h"
#include "data/sql/session.h"
#include "pipeline/expectations/row_split.h"
#include "pipeline/flows/failing_cast.h"
#include "pipeline/flows/flow_inputs.h"
#include "pipeline/flows/query_rules.h"
#include "pipeline/flows/table_sink.h"

namespace millpond::pipeline {
namespace {

// A session in which the inputs are what the plan says; without rows if only types are asked for.
Result<std::unique_ptr<data::SqlSession>> OpenSession(const FlowContext& context,
                                                      const FlowQuery& query,
                                                      const std::vector<PlannedInput>& inputs,
                                                      bool with_rows) {
  MP_ASSIGN_OR_RETURN(auto session, context.engine.Connect({"pipeline"}));
  for (size_t i = 0; i < query.inputs.size(); ++i) {
    const FlowInput& input = query.inputs[i];
    std::shared_ptr<arrow::RecordBatchReader> reader;
    if (input.relation.empty()) {
      if (input.fixed_version) continue;
      MP_RETURN_IF_ERROR(session->PinTable(input.table, inputs[i].to_version));
      continue;
    }
    if (with_rows) {
      MP_ASSIGN_OR_RETURN(reader, OpenInput(context.catalog, input, inputs[i]));
    } else {
      MP_ASSIGN_OR_RETURN(auto schema, InputSchema(context.catalog, input, inputs[i]));
      MP_ARROW_ASSIGN_OR_RETURN(reader, arrow::RecordBatchReader::Make({}, schema));
    }
    MP_RETURN_IF_ERROR(session->RegisterReader(input.relation, std::move(reader)));
  }
  return session;
}

data::WriteOptions OptionsOf(const EpochPlan& plan, FlowKind kind) {
  data::WriteOptions options;
  options.mode = plan.overwrite ? data::WriteMode::kOverwrite : data::WriteMode::kAppend;
  options.operation = kind == FlowKind::kStreamingTable ? "STREAMING UPDATE" : "REFRESH";
  options.parameters = {{"flow", plan.flow},
                        {"generation", std::to_string(plan.generation)},
                        {"epoch", std::to_string(plan.epoch)}};
  options.txn = data::Txn{plan.AppId(), plan.epoch, std::nullopt};
  return options;
}

// With an overwrite the table takes the query's columns.
Status SetSchema(const EpochPlan& plan, const arrow::Schema& schema, data::DeltaTable table,
                 data::WriteOptions& options) {
  if (!plan.overwrite) return OkStatus();
  MP_ASSIGN_OR_RETURN(data::Schema wanted, data::Schema::FromArrow(schema));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  for (const data::StructField& field : wanted.fields()) {
    const data::StructField* old = snapshot->schema().Find(field.name);
    if (old == nullptr || old->type.ToString() != field.type.ToString() ||
        wanted.size() != snapshot->schema().size()) {
      options.overwrite_schema = std::move(wanted);
      break;
    }
  }
  return OkStatus();
}

// The columns the operator takes, in its order.
Result<std::shared_ptr<arrow::RecordBatch>> OperatorInput(const arrow::RecordBatch& batch,
                                                          const arrow::Schema& wanted) {
  arrow::ArrayVector columns;
  for (const auto& field : wanted.fields()) {
    auto column = batch.GetColumnByName(field->name());
    if (column == nullptr) {
      return Fail(ErrorKind::kInvalidArgument, "the query gives no column '{}' (or two of them)",
                  field->name());
    }
    if (!column->type()->Equals(field->type())) {
      return Fail(ErrorKind::kInvalidArgument, "column '{}' of the query is {}, needed is {}; cast",
                  field->name(), column->type()->ToString(), field->type()->ToString());
    }
    columns.push_back(std::move(column));
  }
  auto schema = std::make_shared<arrow::Schema>(wanted.fields());
  return arrow::RecordBatch::Make(std::move(schema), batch.num_rows(), std::move(columns));
}

class EpochRun {
 public:
  EpochRun(const FlowContext& context, const FlowQuery& query, const EpochPlan& plan,
           const FlowTables& tables, FlowState& state, BatchOperator* batch_operator,
           const std::function<void(int64_t)>& on_rows)
      : context_(context),
        query_(query),
        plan_(plan),
        tables_(tables),
        state_(state),
        operator_(batch_operator),
        on_rows_(on_rows) {}

  Result<EpochOutcome> Run() {
    MP_ASSIGN_OR_RETURN(auto session,
                        OpenSession(context_, query_, plan_.inputs, /*with_rows=*/true));
    MP_ASSIGN_OR_RETURN(ComposedQuery composed, Compose(query_, plan_.now, true));
    auto selected =
        session->Select(composed.part, composed.source, std::move(composed.replacements));
    if (!selected.has_value()) {
      return std::unexpected(WithPlaceOfCast(std::move(selected).error(), query_.statement));
    }
    std::shared_ptr<arrow::RecordBatchReader> rows = std::move(*selected);
    MP_RETURN_IF_ERROR(Prepare(*rows->schema()));
    while (true) {
      MP_RETURN_IF_ERROR(context_.catalog.workspace().env.cancellation.Check());
      MP_RETURN_IF_ERROR(context_.cancellation.Check());
      std::shared_ptr<arrow::RecordBatch> batch;
      if (auto read = rows->ReadNext(&batch); !read.ok()) {
        return std::unexpected(WithPlaceOfCast(data::FromArrow(read), query_.statement));
      }
      if (batch == nullptr) break;
      MP_RETURN_IF_ERROR(Push(*batch));
      if (on_rows_) on_rows_(splitter_->rows_in());
    }
    MP_RETURN_IF_ERROR(splitter_->CheckFailures());
    return Commit();
  }

 private:
  Status Prepare(const arrow::Schema& checked) {
    size_t columns = checked.num_fields() - query_.statement.expectations.size();
    rows_ = arrow::schema(
        arrow::FieldVector(checked.fields().begin(), checked.fields().begin() + columns));
    splitter_.emplace(query_.statement.expectations, rows_, plan_.epoch);
    auto schema = operator_ == nullptr ? rows_ : operator_->output_schema();
    auto options = OptionsOf(plan_, query_.statement.kind);
    MP_RETURN_IF_ERROR(SetSchema(plan_, *schema, tables_.main, options));
    main_ = std::make_unique<TableSink>(tables_.main, schema, std::move(options));
    // A refresh empties the quarantine too; else it is touched only if there is something in it.
    if (plan_.overwrite && tables_.quarantine.has_value()) return OpenQuarantine();
    return OkStatus();
  }

  Status OpenQuarantine() {
    if (quarantine_ != nullptr) return OkStatus();
    MP_ASSIGN_OR_RETURN(auto schema, QuarantineSchema(*rows_));
    auto options = OptionsOf(plan_, query_.statement.kind);
    MP_RETURN_IF_ERROR(SetSchema(plan_, *schema, *tables_.quarantine, options));
    quarantine_ = std::make_unique<TableSink>(*tables_.quarantine, schema, std::move(options));
    return OkStatus();
  }

  Status Push(const arrow::RecordBatch& batch) {
    MP_ASSIGN_OR_RETURN(SplitRows split, splitter_->Split(batch));
    if (split.quarantined != nullptr) {
      MP_RETURN_IF_ERROR(OpenQuarantine());
      MP_RETURN_IF_ERROR(quarantine_->Append(std::move(split.quarantined)));
    }
    if (split.kept == nullptr) return OkStatus();
    if (operator_ != nullptr) {
      MP_ASSIGN_OR_RETURN(auto input, OperatorInput(*split.kept, *operator_->input_schema()));
      MP_ASSIGN_OR_RETURN(split.kept, operator_->Apply(*input));
    }
    outcome_.rows_out += split.kept->num_rows();
    return main_->Append(std::move(split.kept));
  }

  Result<EpochOutcome> Commit() {
    outcome_.rows_in = splitter_->rows_in();
    outcome_.rows_dropped = splitter_->rows_dropped();
    outcome_.rows_quarantined = splitter_->rows_quarantined();
    outcome_.expectations = splitter_->counts();
    for (const PlannedInput& input : plan_.inputs) outcome_.files_read += input.files.size();
    MP_RETURN_IF_ERROR(state_.WriteOutcome(plan_, outcome_));
    MP_RETURN_IF_ERROR(state_.CheckNewest(plan_));
    if (quarantine_ != nullptr) {
      MP_ASSIGN_OR_RETURN(auto result, quarantine_->Commit());
      outcome_.quarantine_version = result.version;
      outcome_.bytes += result.bytes;
    }
    MP_ASSIGN_OR_RETURN(auto result, main_->Commit());
    outcome_.version = result.version;
    outcome_.bytes += result.bytes;
    return std::move(outcome_);
  }

  const FlowContext& context_;
  const FlowQuery& query_;
  const EpochPlan& plan_;
  const FlowTables& tables_;
  FlowState& state_;
  BatchOperator* operator_;
  const std::function<void(int64_t)>& on_rows_;
  std::shared_ptr<arrow::Schema> rows_;
  std::optional<RowSplitter> splitter_;
  std::unique_ptr<TableSink> main_, quarantine_;
  EpochOutcome outcome_;
};

}  // namespace

Result<std::shared_ptr<arrow::Schema>> DescribeFlow(const FlowContext& context,
                                                    const FlowQuery& query,
                                                    const std::vector<PlannedInput>& inputs,
                                                    Micros now) {
  MP_ASSIGN_OR_RETURN(auto session, OpenSession(context, query, inputs, /*with_rows=*/false));
  MP_ASSIGN_OR_RETURN(ComposedQuery composed, Compose(query, now, false));
  MP_ASSIGN_OR_RETURN(auto calls,
                      session->CallsOf(composed.part, composed.source, composed.replacements));
  std::set<std::string> streams;
  for (const FlowInput& input : query.inputs) {
    if (input.stream) streams.insert(input.relation);
  }
  MP_RETURN_IF_ERROR(CheckBound(calls, query.statement, streams));
  return session->SchemaOf(composed.part, composed.source, std::move(composed.replacements));
}

Result<EpochOutcome> RunEpoch(const FlowContext& context, const FlowQuery& query,
                              const EpochPlan& plan, const FlowTables& tables, FlowState& state,
                              BatchOperator* batch_operator,
                              const std::function<void(int64_t)>& on_rows) {
  return EpochRun(context, query, plan, tables, state, batch_operator, on_rows).Run();
}

}  // namespace millpond::pipeline
