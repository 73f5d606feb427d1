#include "pipeline/flows/flow_run.h"

#include <arrow/type.h>

#include <algorithm>
#include <chrono>

#include "base/fs/file_lock.h"
#include "data/catalog/catalog.h"
#include "pipeline/flows/flow_inputs.h"
#include "pipeline/flows/flow_tables.h"

namespace millpond::pipeline {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class FlowRun {
 public:
  FlowRun(const FlowContext& context, const FlowQuery& query, EventLog& events,
          const FlowRunOptions& options, FlowState state)
      : context_(context),
        query_(query),
        events_(events),
        options_(options),
        state_(std::move(state)) {
    report_.name = query.name();
    report_.kind = std::string(ToString(query.statement.kind));
    if (query.quarantines()) {
      report_.quarantine_table = QuarantineName(query.statement.name).ToString();
    }
  }

  Result<FlowReport> Run() {
    MP_ASSIGN_OR_RETURN(main_, FindFlowTable(catalog(), query_.statement.name, query_.name()));
    MP_RETURN_IF_ERROR(ChooseGeneration());
    if (!fresh_) MP_RETURN_IF_ERROR(FinishLast());
    while (true) {
      MP_ASSIGN_OR_RETURN(bool more, NextEpoch());
      if (!more) break;
    }
    if (report_.message.empty()) report_.message = Summary();
    return std::move(report_);
  }

 private:
  data::Catalog& catalog() const { return context_.catalog; }
  bool is_stream() const { return query_.statement.kind == FlowKind::kStreamingTable; }

  // Whether this run begins a new generation, and which; else it goes on with the last one.
  Status ChooseGeneration() {
    generation_ = state_.generation();
    fresh_ = options_.full_refresh || generation_ == 0 || !main_.has_value();
    if (main_.has_value()) {
      MP_ASSIGN_OR_RETURN(auto snapshot, main_->Latest());
      const std::string& id = snapshot->metadata().id;
      blank_ = snapshot->files().size() == 0 && snapshot->state().txns.empty();
      // The table was dropped and its flow began to make it again, but came no further.
      if (!fresh_ && state_.last()->table_id != id) fresh_ = true;
      bool written = snapshot->txn_version(AppId(id, query_.name(), 1)).has_value();
      if (generation_ == 0 && written && !options_.full_refresh && is_stream()) {
        return Fail(ErrorKind::kNotFound,
                    "table {} has rows, but the flow's memory of what it has read is gone ({}). "
                    "Restore that folder, or compute the table anew with millpond run "
                    "--full-refresh {}",
                    query_.name(), FlowStateDir(catalog().workspace(), query_.name()),
                    query_.name());
      }
      if (fresh_) {
        while (snapshot->txn_version(AppId(id, query_.name(), generation_ + 1)).has_value()) {
          ++generation_;
        }
      }
    }
    if (fresh_) {
      ++generation_;
      overwrite_first_ = main_.has_value();
    }
    return OkStatus();
  }

  // The last plan's epoch, if a crash cut it off; and its row of the event log.
  Status FinishLast() {
    const EpochPlan plan = *state_.last();
    MP_ASSIGN_OR_RETURN(auto snapshot, main_->Latest());
    if (snapshot->txn_version(plan.AppId()).value_or(0) >= plan.epoch) {
      base_ = plan;
      RemoveReadSegments(catalog(), plan);
      MP_ASSIGN_OR_RETURN(bool known, events_.Has(plan));
      if (known) return OkStatus();
      MP_ASSIGN_OR_RETURN(auto outcome, state_.ReadOutcome(plan));
      if (!outcome.has_value()) return OkStatus();
      MP_RETURN_IF_ERROR(TakeCommits(plan, *outcome));
      return events_.Record(plan, *outcome);
    }
    MP_ASSIGN_OR_RETURN(FlowQuery planned, QueryOf(plan));
    MP_ASSIGN_OR_RETURN(bool aside, MayBeLeftAside(planned, plan));
    if (!aside) {
      MP_RETURN_IF_ERROR(Epoch(planned, plan));
      base_ = plan;
      return OkStatus();
    }
    overwrite_first_ = plan.overwrite;
    if (plan.previous == 0) return OkStatus();
    MP_ASSIGN_OR_RETURN(base_, state_.ReadPlan(plan.previous));
    return OkStatus();
  }

  // What an outcome does not know, since it is written before the commits: the tables' logs tell.
  Status TakeCommits(const EpochPlan& plan, EpochOutcome& outcome) {
    MP_ASSIGN_OR_RETURN(auto main, FindEpochCommit(*main_, plan));
    if (main.has_value()) {
      outcome.version = main->version;
      outcome.bytes = main->bytes;
    }
    data::TableName name = QuarantineName(query_.statement.name);
    MP_ASSIGN_OR_RETURN(bool exists, catalog().TableExists(name));
    if (!exists) return OkStatus();
    MP_ASSIGN_OR_RETURN(auto table, catalog().OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto side, FindEpochCommit(table, plan));
    if (!side.has_value()) return OkStatus();
    outcome.quarantine_version = side->version;
    outcome.bytes += side->bytes;
    return OkStatus();
  }

  // An epoch that failed for good (its SQL was wrong, a row broke a FAIL UPDATE expectation) is
  // planned anew once its cause may have gone: another definition, other files, a newer version of
  // a table that it reads whole. Unless a part of it has been committed that would stay.
  Result<bool> MayBeLeftAside(const FlowQuery& planned, const EpochPlan& plan) {
    Status inputs = CheckInputs(catalog(), planned, plan.inputs);
    bool changed = plan.fingerprint != query_.fingerprint ||
                   (!inputs.has_value() && inputs.error().kind() == ErrorKind::kInvalidArgument);
    if (!changed && inputs.has_value()) {
      MP_ASSIGN_OR_RETURN(changed, TablesMoved(catalog(), planned, plan.inputs));
    }
    if (!changed) return false;
    if (!planned.quarantines()) return true;
    if (plan.overwrite && query_.quarantines()) return true;  // the next one empties both tables
    MP_ASSIGN_OR_RETURN(
        auto side, FindFlowTable(catalog(), QuarantineName(query_.statement.name), query_.name()));
    if (!side.has_value()) return true;
    MP_ASSIGN_OR_RETURN(auto snapshot, side->Latest());
    return snapshot->txn_version(plan.AppId()).value_or(0) < plan.epoch;
  }

  // Plans and runs an epoch if there is something to do. False: nothing more.
  Result<bool> NextEpoch() {
    std::map<std::string, PlannedFile> seen;
    if (base_.has_value() && query_.streams_files()) {
      MP_ASSIGN_OR_RETURN(seen, state_.SeenFiles(*base_));
    }
    const EpochPlan* base = base_.has_value() ? &*base_ : nullptr;
    MP_ASSIGN_OR_RETURN(InputsPlan inputs, PlanInputs(catalog(), query_, base, seen));
    EpochPlan plan;
    plan.flow = query_.name();
    plan.generation = generation_;
    plan.epoch = fresh_ ? 1 : state_.last()->epoch + 1;
    plan.previous = base_.has_value() ? base_->epoch : 0;
    plan.now = catalog().workspace().env.clock.Now();
    bool begin_anew = !base_.has_value() && overwrite_first_;
    plan.overwrite = !is_stream() || begin_anew;
    plan.fingerprint = query_.fingerprint;
    plan.inputs = std::move(inputs.inputs);
    plan.earlier = std::move(inputs.earlier);
    bool redefined = base_.has_value() && base_->fingerprint != query_.fingerprint;
    bool due = is_stream() ? inputs.has_new || (begin_anew && !blank_) : IsDue(plan);
    if (!due && main_.has_value() && !redefined) return false;

    MP_ASSIGN_OR_RETURN(auto schema, DescribeFlow(context_, query_, plan.inputs, plan.now));
    if (main_.has_value() && !plan.overwrite) {
      MP_ASSIGN_OR_RETURN(auto snapshot, main_->Latest());
      MP_RETURN_IF_ERROR(CheckSameColumns(*snapshot, *schema, query_));
    }
    if (main_.has_value()) MP_RETURN_IF_ERROR(CheckPartitions());
    MP_ASSIGN_OR_RETURN(auto tables, OpenFlowTables(catalog(), query_, query_.name(), *schema));
    main_ = tables.main;
    if (!due) return false;
    MP_ASSIGN_OR_RETURN(auto snapshot, main_->Latest());
    plan.table_id = snapshot->metadata().id;
    plan.definition = DefinitionOf(query_);
    MP_RETURN_IF_ERROR(state_.WritePlan(plan));
    fresh_ = false;
    MP_RETURN_IF_ERROR(Epoch(query_, plan, std::move(tables)));
    base_ = std::move(plan);
    return is_stream() && inputs.more;
  }

  Status CheckPartitions() {
    MP_ASSIGN_OR_RETURN(auto snapshot, main_->Latest());
    const auto& now = snapshot->metadata().partition_columns;
    if (now == query_.statement.partition_columns) return OkStatus();
    return Fail(ErrorKind::kInvalidArgument,
                "{}: table {} is partitioned by ({}), which cannot change; DROP TABLE it first",
                query_.statement.Place(), query_.name(), fmt::join(now, ", "));
  }

  // Whether a materialized view is out of date, and why.
  bool IsDue(const EpochPlan& plan) {
    if (!base_.has_value()) return true;
    if (base_->fingerprint != plan.fingerprint) {
      why_ = "its definition changed";
    } else if (base_->inputs.size() != plan.inputs.size()) {
      why_ = "its inputs changed";
    } else if (query_.uses_now && base_->now != plan.now) {
      why_ = "it uses now()";
    } else {
      for (size_t i = 0; i < plan.inputs.size(); ++i) {
        const PlannedInput &a = base_->inputs[i], &b = plan.inputs[i];
        bool same = a.key == b.key && a.files == b.files && a.schema == b.schema &&
                    a.table_id == b.table_id;
        if (!query_.inputs[i].fixed_version) same = same && a.to_version == b.to_version;
        if (!same) why_ = b.key + " changed";
      }
    }
    return !why_.empty();
  }

  // `tables`: those of the plan's query, if they are open already.
  Status Epoch(const FlowQuery& query, const EpochPlan& plan,
               std::optional<FlowTables> tables = std::nullopt) {
    auto start = std::chrono::steady_clock::now();
    auto run = [&]() -> Result<EpochOutcome> {
      if (!tables.has_value()) {
        MP_ASSIGN_OR_RETURN(auto schema, DescribeFlow(context_, query, plan.inputs, plan.now));
        MP_ASSIGN_OR_RETURN(tables, OpenFlowTables(catalog(), query, plan.flow, *schema));
      }
      return RunEpoch(context_, query, plan, *tables, state_, nullptr, [this](int64_t rows) {
        if (!options_.after_step) return;
        FlowReport now = report_;
        now.rows_in += rows;
        options_.after_step(now);
      });
    };
    auto outcome = run();
    if (!outcome.has_value()) {
      return std::unexpected(std::move(outcome).error().WithContext(fmt::format(
          "{} {} ({})", ToString(query.statement.kind), plan.flow, query.statement.Place())));
    }
    outcome->seconds = SecondsSince(start);
    RemoveReadSegments(catalog(), plan);
    state_.RemoveOld();
    MP_RETURN_IF_ERROR(events_.Record(plan, *outcome));
    AddToReport(*outcome, report_);
    if (options_.after_step) options_.after_step(report_);
    return OkStatus();
  }

  std::string Summary() const {
    if (!report_.changed) return is_stream() ? "no new data" : "inputs unchanged";
    if (options_.full_refresh) return "full refresh";
    return why_.empty() ? "" : "computed anew: " + why_;
  }

  const FlowContext& context_;
  const FlowQuery& query_;
  EventLog& events_;
  const FlowRunOptions& options_;
  FlowState state_;
  FlowReport report_;
  std::optional<data::DeltaTable> main_;
  std::optional<EpochPlan> base_;  // the last committed plan of the generation
  int64_t generation_ = 0;
  bool fresh_ = false;            // no plan of this generation yet
  bool overwrite_first_ = false;  // rows of an earlier generation are there, unless blank_
  bool blank_ = false;            // the table is there, and no epoch has ever committed to it
  std::string why_;
};

}  // namespace

Result<FlowReport> RunFlow(const FlowContext& context, const FlowQuery& query, EventLog& events,
                           const FlowRunOptions& options) {
  auto start = std::chrono::steady_clock::now();
  const data::Workspace& workspace = context.catalog.workspace();
  std::string dir = FlowStateDir(workspace, query.name());
  MP_RETURN_IF_ERROR(workspace.env.fs.CreateDirectories(dir));
  MP_ASSIGN_OR_RETURN(auto lock,
                      FileLock::TryAcquire(JoinPath(dir, "lock"), "flow " + query.name()));
  MP_ASSIGN_OR_RETURN(auto state, FlowState::Open(workspace, query.name()));
  MP_ASSIGN_OR_RETURN(FlowReport report,
                      FlowRun(context, query, events, options, std::move(state)).Run());
  if (report.version < 0) {
    MP_ASSIGN_OR_RETURN(auto table, context.catalog.OpenTable(query.statement.name));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    report.version = snapshot->version();
  }
  report.seconds = SecondsSince(start);
  return report;
}

std::vector<PlannedStatement> DefinitionOf(const FlowQuery& query) {
  std::vector<PlannedStatement> definition;
  auto add = [&](const FlowStatement& statement) {
    std::string_view before =
        statement.source.text().substr(0, statement.source.OffsetOf(statement.text));
    definition.push_back({statement.source.file(),
                          1 + std::count(before.begin(), before.end(), '\n'),
                          std::string(statement.text)});
  };
  for (const FlowStatement& view : query.views) add(view);
  add(query.statement);
  return definition;
}

Result<FlowQuery> QueryOf(const EpochPlan& plan) {
  ViewMap views;
  for (const PlannedStatement& one : plan.definition) {
    // The statement at the line where it stood, so that errors name the user's place.
    data::SourceText source(one.file, std::string(one.line - 1, '\n') + one.text);
    MP_ASSIGN_OR_RETURN(auto statements, data::SplitStatements(source));
    if (statements.size() != 1) break;
    MP_ASSIGN_OR_RETURN(FlowStatement statement, ParseFlowStatement(statements[0]));
    if (statement.kind != FlowKind::kTemporaryView) return MakeFlowQuery(statement, views);
    std::string name = statement.name.table;
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    views.emplace(std::move(name), std::move(statement));
  }
  return Fail(ErrorKind::kCorrupt, "the plan of epoch {} of flow {} holds no definition",
              plan.epoch, plan.flow);
}

void AddToReport(const EpochOutcome& outcome, FlowReport& report) {
  report.changed = true;
  report.epochs += 1;
  report.files_read += outcome.files_read;
  report.rows_in += outcome.rows_in;
  report.rows_out += outcome.rows_out;
  report.rows_dropped += outcome.rows_dropped;
  report.rows_quarantined += outcome.rows_quarantined;
  report.bytes += outcome.bytes;
  report.version = outcome.version;
  for (const ExpectationCount& count : outcome.expectations) {
    auto same = std::find_if(report.expectations.begin(), report.expectations.end(),
                             [&](const ExpectationCount& e) { return e.name == count.name; });
    if (same == report.expectations.end()) {
      report.expectations.push_back(count);
    } else {
      same->violations += count.violations;
    }
  }
}

}  // namespace millpond::pipeline
