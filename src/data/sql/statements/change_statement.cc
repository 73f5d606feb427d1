#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/ranges.h>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/catalog/workspace.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/rows/row_ids.h"
#include "data/sql/readable_roots.h"
#include "data/sql/row_progress.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// The rows of a batch with one action.
Result<std::shared_ptr<arrow::RecordBatch>> Pick(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                 const arrow::Int64Array& actions,
                                                 RowAction action) {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    if (actions.Value(row) == static_cast<int64_t>(action)) {
      MP_ARROW_RETURN_IF_ERROR(builder.Append(row));
    }
  }
  if (builder.length() == batch->num_rows()) return batch;
  MP_ARROW_ASSIGN_OR_RETURN(auto rows, builder.Finish());
  MP_ARROW_ASSIGN_OR_RETURN(auto picked,
                            arrow::compute::Take(arrow::Datum(batch), arrow::Datum(rows)));
  return picked.record_batch();
}

const arrow::Int64Array& Numbers(const arrow::RecordBatch& batch, int column) {
  return static_cast<const arrow::Int64Array&>(*batch.column(column));
}

// Takes the result of the query apart.
class ChangeSink {
 public:
  ChangeSink(const ChangeTarget& target, const ChangeQuery& query, RowChange& change)
      : target_(target),
        query_(query),
        change_(change),
        schema_(query.schema ? *query.schema : target.snapshot->schema()) {
    row_ids_ = change.wants_row_ids() ? 2 : -1;
    action_ = row_ids_ > 0 ? 3 : 2;
    new_rows_ = action_ + 1;
    old_rows_ = new_rows_ + (query.has_new_rows ? static_cast<int>(schema_.size()) : 0);
  }

  RunOptions Options() const {
    RunOptions options;
    const auto number = [&](const char* name) {
      options.columns.push_back({name, DataType(TypeKind::kLong)});
    };
    number(kFilePlace);
    number(kRowPlace);
    if (row_ids_ > 0) number("_row_id");
    number("_action");
    const int rows = (query_.has_new_rows ? 1 : 0) + (change_.wants_changes() ? 1 : 0);
    for (int i = 0; i < rows; ++i) {
      const bool is_new = i == 0 && query_.has_new_rows;
      for (const StructField& field : (is_new ? schema_ : target_.snapshot->schema()).fields()) {
        options.columns.push_back({field.name, field.type});
      }
    }
    return options;
  }

  Status Take(const std::shared_ptr<arrow::RecordBatch>& batch) {
    const arrow::Int64Array& actions = Numbers(*batch, action_);
    MP_ASSIGN_OR_RETURN(auto updated, Pick(batch, actions, RowAction::kUpdate));
    MP_ASSIGN_OR_RETURN(auto deleted, Pick(batch, actions, RowAction::kDelete));
    MP_ASSIGN_OR_RETURN(auto inserted, Pick(batch, actions, RowAction::kInsert));
    MP_RETURN_IF_ERROR(Update(*updated));
    MP_RETURN_IF_ERROR(Delete(*deleted));
    return Insert(*inserted);
  }

  const ChangeCounts& counts() const { return counts_; }

 private:
  // One row image under the table's column names; a row as it was lacks columns that are new, and
  // others are left out for the table to fill in.
  std::shared_ptr<arrow::RecordBatch> Image(const arrow::RecordBatch& batch, int first,
                                            const std::set<std::string>& left_out = {}) const {
    const bool is_new = query_.has_new_rows && first == new_rows_;
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    int at = first;
    for (const StructField& field : (is_new ? schema_ : target_.snapshot->schema()).fields()) {
      const int column = at++;
      if (left_out.contains(field.name)) continue;
      fields.push_back(batch.schema()->field(column)->WithName(field.name));
      columns.push_back(batch.column(column));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(),
                                    std::move(columns));
  }

  Result<int64_t> Mark(const arrow::RecordBatch& batch) {
    MP_ASSIGN_OR_RETURN(const int64_t marked, change_.Delete(Numbers(batch, 0), Numbers(batch, 1)));
    if (marked < batch.num_rows() && !query_.may_match_twice) {
      return Fail(
          ErrorKind::kInvalidArgument,
          "{}: a row of {} is matched by more than one row of the source, so what it should "
          "become is not clear; make the source unique by the columns of ON",
          query_.operation, target_.name);
    }
    return marked;
  }

  Status Update(const arrow::RecordBatch& batch) {
    if (batch.num_rows() == 0) return OkStatus();
    MP_ASSIGN_OR_RETURN(const int64_t marked, Mark(batch));
    counts_.updated += marked;
    const auto row_ids = row_ids_ > 0 ? batch.column(row_ids_) : nullptr;
    MP_RETURN_IF_ERROR(change_.Write(*Image(batch, new_rows_, query_.filled_in_updates),
                                     ChangeType::kUpdateAfter, row_ids));
    if (!change_.wants_changes()) return OkStatus();
    return change_.WriteBefore(*Image(batch, old_rows_), ChangeType::kUpdateBefore);
  }

  Status Delete(const arrow::RecordBatch& batch) {
    if (batch.num_rows() == 0) return OkStatus();
    MP_ASSIGN_OR_RETURN(const int64_t marked, Mark(batch));
    counts_.deleted += marked;
    if (!change_.wants_changes()) return OkStatus();
    return change_.WriteBefore(*Image(batch, old_rows_), ChangeType::kDelete);
  }

  Status Insert(const arrow::RecordBatch& batch) {
    if (batch.num_rows() == 0) return OkStatus();
    counts_.inserted += batch.num_rows();
    return change_.Write(*Image(batch, new_rows_, query_.filled_in_inserts), ChangeType::kInsert);
  }

  const ChangeTarget& target_;
  const ChangeQuery& query_;
  RowChange& change_;
  const Schema& schema_;                        // of rows that are written
  int row_ids_, action_, new_rows_, old_rows_;  // first columns; -1: not there
  ChangeCounts counts_;
};

// Would rows that were added meanwhile have been found by the query too?
class FoundByQuery : public ReadDependency {
 public:
  FoundByQuery(const ChangeQuery& query, StatementContext& context)
      : query_(query), context_(context) {}

  Result<bool> DependsOn(const std::shared_ptr<const Snapshot>& now,
                         const std::vector<size_t>& added) override {
    const std::string name =
        context_.tables().AddTarget(now, std::vector<uint32_t>(added.begin(), added.end()));
    MP_ASSIGN_OR_RETURN(const RewrittenSql sql, query_.compose_dependency(name));
    // A source that can be read only once cannot be asked again: then the rows might matter.
    auto rows = context_.Run(sql);
    if (!rows.has_value()) return true;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      if (!(*rows)->ReadNext(&batch).ok()) return true;
      if (batch == nullptr) return false;
      if (batch->num_rows() > 0) return true;
    }
  }

 private:
  const ChangeQuery& query_;
  StatementContext& context_;
};

Status ExplainChange(const ChangeTarget& target, const ChangeQuery& query,
                     StatementContext& context) {
  Explanation& explanation = *context.explanation();
  MP_ASSIGN_OR_RETURN(const RewrittenSql sql,
                      query.compose(context.tables().AddTarget(target.snapshot)));
  MP_ASSIGN_OR_RETURN(explanation.plan, context.Explain(sql, explanation.run));
  for (ScanReport& scan : explanation.plan->scans) {
    if (scan.table == target.snapshot->path()) scan.table = target.name;
  }
  return OkStatus();
}

Result<bool> OnlyIdentityMoved(ChangeTarget target) {
  MP_ASSIGN_OR_RETURN(const auto now, target.table.Latest());
  const Snapshot& read = *target.snapshot;
  return now->protocol() == read.protocol() && now->metadata() != read.metadata() &&
         SameButForIdentity(read.metadata(), now->metadata());
}

bool IsClauseWord(const Token& token) {
  for (const char* word : {"WHERE", "SET", "USING", "ON", "WHEN", "FROM", "BY"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

}  // namespace

Result<OpenedTable> OpenTableToChange(const std::vector<std::string>& path,
                                      StatementContext& context) {
  if (path.size() == 2 && EqualNames(path[0], "delta")) {
    const Workspace& workspace = context.catalog().workspace();
    MP_ASSIGN_OR_RETURN(const std::string resolved, ResolveReadablePath(workspace, path[1]));
    MP_RETURN_IF_ERROR(context.Check(Privilege::kModify, resolved));
    MP_ASSIGN_OR_RETURN(DeltaTable table,
                        DeltaTable::Open(workspace.env, resolved,
                                         std::make_shared<const std::vector<std::string>>(
                                             workspace.readable_roots)));
    table.SetExpressions(context.catalog().expressions());
    return OpenedTable{std::move(table), "delta." + QuoteName(resolved), std::nullopt};
  }
  MP_ASSIGN_OR_RETURN(const TableName name,
                      ParseTableName(fmt::format("{}", fmt::join(path, "."))));
  MP_RETURN_IF_ERROR(context.Check(Privilege::kModify, name.ToString()));
  MP_ASSIGN_OR_RETURN(DeltaTable table, context.catalog().OpenTable(name));
  return OpenedTable{std::move(table), name.ToString(), name};
}

Result<ChangeTarget> TakeTargetTable(TokenCursor& at, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  auto opened = OpenTableToChange(path, context);
  if (!opened) return ErrorAt(context.source(), offset, opened.error());
  ChangeTarget named{opened->name, offset, opened->table, nullptr, path.back()};
  MP_ASSIGN_OR_RETURN(named.snapshot, named.table.Latest());
  context.tables().HoldStill(named.snapshot);
  return named;
}

Result<ChangeTarget> TakeChangeTarget(TokenCursor& at, StatementContext& context) {
  MP_ASSIGN_OR_RETURN(ChangeTarget named, TakeTargetTable(at, context));
  if (at.Accept("AS") || (!at.AtEnd() && at.Peek()->IsName() && !IsClauseWord(*at.Peek()))) {
    MP_ASSIGN_OR_RETURN(named.alias, at.TakeName("an alias"));
  }
  return named;
}

bool TracksChanges(const ChangeTarget& target) {
  return target.snapshot->metadata().IsEnabled(property::kEnableChangeDataFeed);
}

bool TracksRowIds(const ChangeTarget& target) {
  return RowTrackingOf(*target.snapshot).has_value();
}

std::string PlaceColumns(const ChangeTarget& target, bool row_ids) {
  const std::string alias = QuoteName(target.alias);
  std::string columns =
      fmt::format("CAST({0}.{1} AS BIGINT), {0}.{2}, ", alias, kFilePlace, kRowPlace);
  if (row_ids) columns += fmt::format("{}.{}, ", alias, kRowIdPlace);
  return columns;
}

std::string OldColumns(const ChangeTarget& target) {
  std::string columns;
  for (const StructField& field : target.snapshot->schema().fields()) {
    columns += fmt::format(", {}.{}", QuoteName(target.alias), QuoteName(field.name));
  }
  return columns;
}

Result<ChangeOutcome> ExecuteChange(const ChangeTarget& target, const ChangeQuery& query,
                                    StatementContext& context) {
  if (context.explanation() != nullptr) {
    MP_RETURN_IF_ERROR(ExplainChange(target, query, context));
    return ChangeOutcome{};
  }
  MP_ASSIGN_OR_RETURN(auto change, RowChange::Begin(target.table, target.snapshot, query.schema));
  ChangeSink sink(target, query, *change);
  MP_ASSIGN_OR_RETURN(const RewrittenSql sql,
                      query.compose(context.tables().AddTarget(target.snapshot)));
  MP_ASSIGN_OR_RETURN(auto rows, context.Run(sql, sink.Options()));
  rows = WithProgress(std::move(rows), context.progress());
  auto ahead = ReadAhead(*rows);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_RETURN_IF_ERROR(target.table.environment().cancellation.Check());
    MP_ARROW_RETURN_IF_ERROR(ahead->ReadNext(&batch));
    if (batch == nullptr) break;
    MP_RETURN_IF_ERROR(sink.Take(batch));
  }
  ahead = nullptr;
  rows = nullptr;
  const ChangeCounts& counts = sink.counts();
  RowChangeCommit commit{query.operation, query.parameters};
  commit.metrics = {{"numUpdatedRows", fmt::format("{}", counts.updated)},
                    {"numDeletedRows", fmt::format("{}", counts.deleted)},
                    {"numInsertedRows", fmt::format("{}", counts.inserted)}};
  // A subquery over the table itself may depend on any of its rows.
  if (query.compose_dependency != nullptr && !context.tables().HeldWasRead()) {
    commit.dependency = std::make_shared<FoundByQuery>(query, context);
  }
  MP_ASSIGN_OR_RETURN(auto result, change->Commit(std::move(commit)));
  return ChangeOutcome{std::move(result), counts};
}

Result<QueryResult> RunBehindIdentity(StatementContext& context, const RunChange& run) {
  for (int attempt = 1;; ++attempt) {
    std::optional<ChangeTarget> target;
    auto done = run(target);
    if (done.has_value() || done.error().kind() != ErrorKind::kConflict) return done;
    if (!target || attempt == kStatementTries || context.tables().HasSpentStreams()) return done;
    const auto again = OnlyIdentityMoved(*target);
    if (!again.has_value() || !*again) return done;
  }
}

std::string CommitText(const CommitResult& commit) {
  std::vector<std::string> readers, writers;
  for (const std::string& name : commit.new_features) {
    const TableFeature* feature = FindTableFeature(name);
    (feature != nullptr && feature->for_readers ? readers : writers).push_back(name);
  }
  std::string text = fmt::format(", version {}", commit.version);
  const auto say = [&](std::string_view who, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text += fmt::format("; the table now needs the feature{} {}, which {} must know",
                        names.size() > 1 ? "s" : "", fmt::join(names, ", "), who);
  };
  say("whoever reads it", readers);
  say("whoever writes it", writers);
  return text;
}

}  // namespace millpond::data
