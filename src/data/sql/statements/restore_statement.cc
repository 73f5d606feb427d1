// RESTORE [TABLE] t [TO] VERSION AS OF n | TIMESTAMP AS OF time.
#include "data/delta/change/restore.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/table_version_internal.h"

namespace millpond::data {

Result<QueryResult> ExecuteRestore(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("RESTORE"));
  (void)at.Accept("TABLE");
  MP_ASSIGN_OR_RETURN(ChangeTarget target, TakeTargetTable(at, context));
  (void)at.Accept("TO");
  MP_ASSIGN_OR_RETURN(const auto moment, TakeVersion(at, target.table, context));
  if (!moment) return at.Unexpected("VERSION AS OF n or TIMESTAMP AS OF '…'");
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  context.tables().HoldFiles(*moment->snapshot);
  const auto restored = RestoreTable(target.table, moment->snapshot, moment->parameters);
  if (!restored) return ErrorAt(statement.source, target.offset, restored.error());
  if (!restored->changed) {
    return QueryResult{nullptr, fmt::format("table {} is as it was at version {} already",
                                            target.name, moment->snapshot->version())};
  }
  return QueryResult{nullptr,
                     fmt::format("table {} restored to version {}: {} files restored, {} removed{}",
                                 target.name, moment->snapshot->version(), restored->restored_files,
                                 restored->removed_files, CommitText(restored->commit))};
}

}  // namespace millpond::data
