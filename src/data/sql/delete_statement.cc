// DELETE FROM t [AS x] [WHERE condition].
#include "data/sql/change_statement_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// Without a condition no row needs to be looked at: all files go.
Result<QueryResult> DeleteAll(const ChangeTarget& target) {
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(target.table, target.snapshot));
  const FileList& files = target.snapshot->files();
  std::optional<int64_t> rows = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const AddFile live = files.add(i);
    transaction.Remove(live);
    const auto records = files.num_records(i);
    if (!records) rows.reset();
    if (rows) *rows += *records - (live.deletion_vector ? live.deletion_vector->cardinality : 0);
  }
  if (files.size() == 0) {
    return QueryResult{nullptr, fmt::format("0 rows deleted from {}, version {}", target.name,
                                            target.snapshot->version())};
  }
  transaction.SetOperation("DELETE", {{"predicate", "[]"}});
  transaction.SetMetrics({{"numRemovedFiles", fmt::format("{}", files.size())},
                          {"numDeletedRows", rows ? fmt::format("{}", *rows) : ""}});
  transaction.DependOnWholeTable();
  MP_ASSIGN_OR_RETURN(const auto commit, transaction.Commit());
  const std::string count = rows ? fmt::format("{} rows", *rows) : "all rows";
  return QueryResult{nullptr,
                     fmt::format("{} deleted from {}{}", count, target.name, CommitText(commit))};
}

}  // namespace

Result<QueryResult> ExecuteDelete(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("DELETE"));
  MP_RETURN_IF_ERROR(at.Expect("FROM"));
  MP_ASSIGN_OR_RETURN(const ChangeTarget target, TakeChangeTarget(at, context));
  if (at.AtEnd()) {
    auto deleted = DeleteAll(target);
    if (!deleted) return ErrorAt(source, target.offset, deleted.error());
    return deleted;
  }
  if (at.Peek()->Is("USING")) {
    return FailAt(
        source, at.offset(), ErrorKind::kUnsupported,
        "DELETE … USING is not known here; write DELETE FROM t WHERE EXISTS (SELECT …), or "
        "MERGE INTO t USING s ON … WHEN MATCHED THEN DELETE");
  }
  MP_RETURN_IF_ERROR(at.Expect("WHERE"));
  MP_ASSIGN_OR_RETURN(const std::string_view condition, at.TakeExpression("a condition", {}));
  MP_RETURN_IF_ERROR(at.ExpectEnd());

  ChangeQuery query{"DELETE", {{"predicate", std::string(condition)}}};
  query.has_new_rows = false;
  query.compose = [&](const std::string& name) -> Result<RewrittenSql> {
    ComposedQuery sql(source, target.offset);
    sql.Text("SELECT " + PlaceColumns(target, TracksRowIds(target)) +
             fmt::format("{}", static_cast<int64_t>(RowAction::kDelete)));
    if (TracksChanges(target)) sql.Text(OldColumns(target));
    sql.Text(fmt::format(" FROM {} AS {} WHERE ", name, QuoteName(target.alias)));
    MP_RETURN_IF_ERROR(sql.Expression(condition));
    return sql.sql();
  };
  query.compose_dependency = query.compose;
  auto outcome = ExecuteChange(target, query, context);
  if (!outcome) return ErrorAt(source, target.offset, outcome.error());
  return QueryResult{nullptr, fmt::format("{} rows deleted from {}{}", outcome->counts.deleted,
                                          target.name, CommitText(outcome->commit))};
}

}  // namespace millpond::data
