// DELETE FROM t [AS x] [WHERE condition].
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// All files go by the log alone.
QueryPlan PlanOfAll(const ChangeTarget& target) {
  const FileList& files = target.snapshot->files();
  ScanReport scan{target.name, target.snapshot->version(), static_cast<int64_t>(files.size())};
  for (size_t i = 0; i < files.size(); ++i) scan.bytes += files.size_bytes(i);
  scan.files_by_partition = scan.files;
  return {"all files are removed, and none of them is read", {std::move(scan)}};
}

}  // namespace

Result<QueryResult> ExecuteDelete(const Statement& statement, StatementContext& context) {
  const SourceText& source = statement.source;
  TokenCursor at(statement.tokens, source);
  MP_RETURN_IF_ERROR(at.Expect("DELETE"));
  MP_RETURN_IF_ERROR(at.Expect("FROM"));
  MP_ASSIGN_OR_RETURN(const ChangeTarget target, TakeChangeTarget(at, context));
  if (at.AtEnd()) {
    if (Explanation* explanation = context.explanation()) {
      explanation->plan = PlanOfAll(target);
      return QueryResult{};
    }
    auto deleted = RemoveAllRows(target, "DELETE", {{"predicate", "[]"}}, "deleted from");
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
