// INSERT INTO t [(a, b)] query, INSERT INTO t BY NAME query.
#include <arrow/record_batch.h>

#include "data/delta/write.h"
#include "data/sql/change_statement_internal.h"
#include "data/sql/insert_rows_internal.h"

namespace millpond::data {

Result<QueryResult> ExecuteInsert(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  if (at.Accept("OVERWRITE")) return ExecuteInsertOverwrite(statement, context);
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  (void)at.Accept("TABLE");  // Spark's spelling
  MP_ASSIGN_OR_RETURN(ChangeTarget target, TakeTargetTable(at, context));
  if (at.Accept("REPLACE", "WHERE")) return ExecuteReplaceWhere(statement, context);
  MP_ASSIGN_OR_RETURN(
      auto rows, TakeInsertRows(at, context, target.snapshot->schema(), target.name));
  WriteOptions write;
  write.operation = "INSERT";
  auto commit = WriteTable(target.table, *rows, write);
  if (!commit) return ErrorAt(statement.source, target.offset, commit.error());
  return QueryResult{nullptr, fmt::format("{} rows inserted into {}, version {}", commit->rows,
                                          target.name, commit->version)};
}

}  // namespace millpond::data
