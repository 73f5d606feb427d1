// INSERT INTO t [PARTITION (p = value, q)] [(a, b)] query, INSERT [WITH SCHEMA EVOLUTION] INTO t
// [PARTITION (p = value, q)] BY NAME query. Columns that
// are not named, or DEFAULT in VALUES, the table fills in (data/delta/commit/row_rules.h).
#include <arrow/record_batch.h>

#include "data/delta/commit/write.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/insert_rows_internal.h"
#include "data/sql/statements/partition_clause_internal.h"

namespace millpond::data {

Result<QueryResult> ExecuteInsert(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("INSERT"));
  const bool evolves = at.Accept("WITH", "SCHEMA", "EVOLUTION");
  if (!evolves && at.Accept("OVERWRITE")) return ExecuteInsertOverwrite(statement, context);
  MP_RETURN_IF_ERROR(at.Expect("INTO"));
  (void)at.Accept("TABLE");  // Spark's spelling
  MP_ASSIGN_OR_RETURN(ChangeTarget target, TakeTargetTable(at, context));
  MP_ASSIGN_OR_RETURN(const StaticValues fixed, TakePartitionClause(at, target, context));
  if (evolves && (at.AtEnd() || !at.Peek()->Is("BY"))) {
    return FailAt(statement.source, at.offset(), ErrorKind::kInvalidArgument,
                  "WITH SCHEMA EVOLUTION finds columns by their names: write INSERT WITH SCHEMA "
                  "EVOLUTION INTO {} BY NAME SELECT …",
                  target.name);
  }
  if (at.Accept("REPLACE", "WHERE")) return ExecuteReplaceWhere(statement, context);
  MP_ASSIGN_OR_RETURN(auto rows, TakeRowsFor(target, at, context, fixed.columns));
  if (rows == nullptr) return QueryResult{};  // EXPLAIN has its plan
  WriteOptions write;
  write.operation = "INSERT";
  write.merge_schema = evolves;
  auto commit = WriteTable(target.table, *rows, write);
  if (!commit) return ErrorAt(statement.source, target.offset, commit.error());
  return QueryResult{nullptr, fmt::format("{} rows inserted into {}{}", commit->rows, target.name,
                                          CommitText(*commit))};
}

}  // namespace millpond::data
