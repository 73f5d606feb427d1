// ALTER TABLE: what its kinds share. Each kind reads its own clause and becomes a TableChange
// (data/delta/commit/table_change.h), which is a function of the table's version and hence free of
// races.
#pragma once

#include <string>

#include "data/delta/commit/table_change.h"
#include "data/delta/metadata/schema_edit.h"
#include "data/sql/statement_context.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

struct AlterTarget {
  std::string name;  // for people
  size_t offset = 0;
  DeltaTable table;
  std::optional<TableName> catalog_name = {};  // nullopt: opened by its path
};

// "a", "a.b", "a.element.b"
Result<ColumnPath> TakeColumnPath(TokenCursor& at);
// FIRST, AFTER b, or nothing.
Result<std::optional<ColumnPosition>> TakePosition(TokenCursor& at);

// Commits the change. The message is "NAME: DONE, version 3…", or says that nothing was to do.
Result<QueryResult> Alter(AlterTarget& target, const TableChange& change, const std::string& done,
                          StatementContext& context);

// Each begins behind its words, which the name says.
Result<QueryResult> AlterAddColumns(TokenCursor& at, AlterTarget& target,
                                    StatementContext& context);
Result<QueryResult> AlterRenameColumn(TokenCursor& at, AlterTarget& target,
                                      StatementContext& context);
Result<QueryResult> AlterDropColumns(TokenCursor& at, AlterTarget& target,
                                     StatementContext& context);
Result<QueryResult> AlterColumns(TokenCursor& at, AlterTarget& target, StatementContext& context);
// "c SYNC IDENTITY".
Result<QueryResult> AlterSyncIdentity(TokenCursor& at, AlterTarget& target,
                                      StatementContext& context);
Result<QueryResult> AlterSetProperties(TokenCursor& at, AlterTarget& target,
                                       StatementContext& context);
Result<QueryResult> AlterUnsetProperties(TokenCursor& at, AlterTarget& target,
                                         StatementContext& context);
Result<QueryResult> AlterDropFeature(TokenCursor& at, AlterTarget& target,
                                     StatementContext& context);
Result<QueryResult> AlterRenameTo(TokenCursor& at, AlterTarget& target, StatementContext& context);
Result<QueryResult> AlterClusterBy(TokenCursor& at, AlterTarget& target, StatementContext& context);
Result<QueryResult> AlterAddConstraint(TokenCursor& at, AlterTarget& target,
                                       StatementContext& context);
Result<QueryResult> AlterDropConstraint(TokenCursor& at, AlterTarget& target,
                                        StatementContext& context);

}  // namespace millpond::data
