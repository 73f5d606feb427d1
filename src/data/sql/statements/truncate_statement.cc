// TRUNCATE TABLE t, and what it shares with a DELETE without a condition: no row needs to be looked
// at, all files go.
#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {

Result<QueryResult> RemoveAllRows(const ChangeTarget& target, const std::string& operation,
                                  StringMap parameters, std::string_view done) {
  MP_ASSIGN_OR_RETURN(auto transaction, Transaction::BeginAt(target.table, target.snapshot));
  const FileList& files = target.snapshot->files();
  if (files.size() == 0) {
    return QueryResult{nullptr, fmt::format("0 rows {} {}, version {}", done, target.name,
                                            target.snapshot->version())};
  }
  std::optional<int64_t> rows = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const AddFile live = files.add(i);
    transaction.Remove(live);
    const auto records = files.num_records(i);
    if (!records) rows.reset();
    if (rows) *rows += *records - (live.deletion_vector ? live.deletion_vector->cardinality : 0);
  }
  StringMap metrics = {{"numRemovedFiles", fmt::format("{}", files.size())}};
  if (rows) metrics["numDeletedRows"] = fmt::format("{}", *rows);
  transaction.SetOperation(operation, std::move(parameters));
  transaction.SetMetrics(std::move(metrics));
  transaction.DependOnWholeTable();
  MP_ASSIGN_OR_RETURN(const auto commit, transaction.Commit());
  const std::string count = rows ? fmt::format("{} rows", *rows) : "all rows";
  return QueryResult{nullptr,
                     fmt::format("{} {} {}{}", count, done, target.name, CommitText(commit))};
}

Result<QueryResult> ExecuteTruncate(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("TRUNCATE"));
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  MP_ASSIGN_OR_RETURN(const ChangeTarget target, TakeTargetTable(at, context));
  if (at.Accept("PARTITION")) {
    return FailAt(statement.source, at.offset(), ErrorKind::kUnsupported,
                  "TRUNCATE takes the whole table, as Delta's does; write DELETE FROM {} WHERE …",
                  target.name);
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto emptied = RemoveAllRows(target, "TRUNCATE", {}, "removed from");
  if (!emptied) return ErrorAt(statement.source, target.offset, emptied.error());
  return emptied;
}

}  // namespace millpond::data
