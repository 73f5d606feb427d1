// MERGE as one query over the target's rows (merge_query.cc). Source rows are read once; a target
// row that more than one of them would change is an error.
#include <arrow/type.h>

#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/schema_merge.h"
#include "data/sql/statements/merge_plan_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// The table's schema with what only the source has: columns, fields of structs, and, where the
// table says so, wider types.
Result<Schema> Evolved(const Snapshot& snapshot, const arrow::Schema& source) {
  MP_ASSIGN_OR_RETURN(const Schema columns, Schema::FromArrow(source));
  const bool widen = snapshot.metadata().IsEnabled(property::kEnableTypeWidening);
  return MergedSchema(snapshot.schema(), columns, widen);
}

Result<std::shared_ptr<arrow::Schema>> SourceSchema(const MergeText& merge,
                                                    const SourceText& source,
                                                    StatementContext& context) {
  ComposedQuery sql(source, merge.source_offset);
  sql.Text("SELECT * FROM");
  MP_RETURN_IF_ERROR(sql.Relation(merge.source));
  return context.Describe(sql.sql());
}

std::string Said(const ChangeTarget& target, const ChangeOutcome& outcome) {
  const ChangeCounts& counts = outcome.counts;
  return fmt::format("{} rows updated, {} deleted, {} inserted in {}{}", counts.updated,
                     counts.deleted, counts.inserted, target.name, CommitText(outcome.commit));
}

Result<QueryResult> Merge(const Statement& statement, StatementContext& context,
                          std::optional<ChangeTarget>& found) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("MERGE"));
  const bool evolves = at.Accept("WITH", "SCHEMA", "EVOLUTION");
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  MP_ASSIGN_OR_RETURN(found, TakeChangeTarget(at, context));
  const ChangeTarget& target = *found;
  MP_ASSIGN_OR_RETURN(MergeText merge, TakeMerge(at, target, source));
  merge.evolves = evolves;
  MP_ASSIGN_OR_RETURN(const auto source_schema, SourceSchema(merge, source, context));

  ChangeQuery query{"MERGE", {{"predicate", std::string(merge.condition)}}};
  if (evolves) {
    MP_ASSIGN_OR_RETURN(Schema schema, Evolved(*target.snapshot, *source_schema));
    if (schema != target.snapshot->schema()) query.schema = std::move(schema);
  }
  const Schema& schema = query.schema ? *query.schema : target.snapshot->schema();
  const TableFill fill(target.snapshot, target.table.expressions());
  const MergePlan plan{target, merge, schema, fill, source_schema->field_names(), source};
  MP_RETURN_IF_ERROR(CheckMerge(plan));
  for (const RowAction action : {RowAction::kUpdate, RowAction::kInsert}) {
    auto filled = FilledIn(plan, action);
    if (!filled) return ErrorAt(source, target.offset, filled.error());
    (action == RowAction::kUpdate ? query.filled_in_updates : query.filled_in_inserts) =
        *std::move(filled);
  }
  query.may_match_twice = merge.clauses.size() == 1 && merge.clauses[0].condition.empty() &&
                          merge.clauses[0].action == RowAction::kDelete;
  query.compose = [&](const std::string& name) { return ComposeMerge(plan, name); };
  if (!merge.Has(MergeMatch::kNotMatchedBySource)) {
    query.compose_dependency = [&](const std::string& name) { return ComposeMatches(plan, name); };
  }
  auto outcome = ExecuteChange(target, query, context);
  if (!outcome) return ErrorAt(source, target.offset, outcome.error());
  return QueryResult{nullptr, Said(target, *outcome)};
}

}  // namespace

Result<QueryResult> ExecuteMerge(const Statement& statement, StatementContext& context) {
  return RunBehindIdentity(context, [&](std::optional<ChangeTarget>& target) {
    return Merge(statement, context, target);
  });
}

}  // namespace millpond::data
