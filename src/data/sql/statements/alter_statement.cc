// ALTER TABLE t …: which kind it is.
#include <fmt/ranges.h>

#include "data/sql/statements/alter_internal.h"
#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {
namespace {

Result<QueryResult> AlterAdd(TokenCursor& at, AlterTarget& target, StatementContext& context) {
  if (at.Accept("COLUMN") || at.Accept("COLUMNS")) return AlterAddColumns(at, target, context);
  if (at.Accept("CONSTRAINT")) return AlterAddConstraint(at, target, context);
  return at.Unexpected("COLUMN or CONSTRAINT");
}

Result<QueryResult> AlterDrop(TokenCursor& at, AlterTarget& target, StatementContext& context) {
  if (at.Accept("COLUMN") || at.Accept("COLUMNS")) return AlterDropColumns(at, target, context);
  if (at.Accept("CONSTRAINT")) return AlterDropConstraint(at, target, context);
  if (at.Accept("FEATURE")) return AlterDropFeature(at, target, context);
  return at.Unexpected("COLUMN, CONSTRAINT or FEATURE");
}

Result<QueryResult> Dispatch(TokenCursor& at, AlterTarget& target, StatementContext& context) {
  if (at.Accept("ADD")) return AlterAdd(at, target, context);
  if (at.Accept("DROP")) return AlterDrop(at, target, context);
  if (at.Accept("RENAME", "COLUMN")) return AlterRenameColumn(at, target, context);
  if (at.Accept("RENAME", "TO")) return AlterRenameTo(at, target, context);
  if (at.Accept("CLUSTER", "BY")) return AlterClusterBy(at, target, context);
  if (at.Accept("ALTER") || at.Accept("CHANGE")) {
    (void)at.Accept("COLUMN");
    const Token* sync = at.Peek(1);
    const Token* identity = at.Peek(2);
    if (sync != nullptr && identity != nullptr && sync->Is("SYNC") && identity->Is("IDENTITY")) {
      return AlterSyncIdentity(at, target, context);
    }
    return AlterColumns(at, target, context);
  }
  if (at.Accept("SET", "TBLPROPERTIES")) return AlterSetProperties(at, target, context);
  if (at.Accept("UNSET", "TBLPROPERTIES")) return AlterUnsetProperties(at, target, context);
  if (at.Accept("REPLACE", "COLUMNS")) {
    return FailAt(context.source(), at.offset(), ErrorKind::kUnsupported,
                  "columns are not replaced all at once: ADD COLUMNS, DROP COLUMNS, RENAME COLUMN "
                  "and ALTER COLUMN … TYPE | FIRST | AFTER change them with their rows, CREATE OR "
                  "REPLACE TABLE makes the table anew");
  }
  if (at.Accept("SET", "LOCATION")) {
    return FailAt(context.source(), at.offset(), ErrorKind::kUnsupported,
                  "a table of the warehouse stays in its folder; a table elsewhere is read by its "
                  "path: delta.`/path`");
  }
  return at.Unexpected(
      "ADD COLUMN, ADD CONSTRAINT, DROP COLUMN, DROP CONSTRAINT, DROP FEATURE, RENAME COLUMN, "
      "RENAME TO, ALTER COLUMN, SET TBLPROPERTIES, UNSET TBLPROPERTIES or CLUSTER BY");
}

}  // namespace

Result<ColumnPath> TakeColumnPath(TokenCursor& at) {
  ColumnPath path;
  do {
    MP_ASSIGN_OR_RETURN(path.emplace_back(), at.TakeName("a column"));
  } while (at.Accept("."));
  return path;
}

Result<std::optional<ColumnPosition>> TakePosition(TokenCursor& at) {
  ColumnPosition position;
  if (at.Accept("FIRST")) {
    position.first = true;
  } else if (at.Accept("AFTER")) {
    MP_ASSIGN_OR_RETURN(position.after, at.TakeName("a column"));
  } else {
    return std::nullopt;
  }
  return position;
}

Result<QueryResult> Alter(AlterTarget& target, const TableChange& change, const std::string& done,
                          StatementContext& context) {
  bool changed = false;
  TableChange watched = change;
  int64_t version = -1;
  watched.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    version = snapshot->version();
    return change.apply(snapshot, edit);
  };
  auto commit = ChangeTable(target.table, watched);
  if (!commit) return ErrorAt(context.source(), target.offset, commit.error());
  changed = commit->version != version;
  return QueryResult{
      nullptr,
      changed ? fmt::format("{}: {}{}", target.name, done, CommitText(*commit))
              : fmt::format("{}: nothing to change, version {}", target.name, commit->version)};
}

Result<QueryResult> ExecuteAlter(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("ALTER"));
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  auto opened = OpenTableToChange(path, context);
  if (!opened) return ErrorAt(statement.source, offset, opened.error());
  AlterTarget target{opened->name, offset, opened->table, opened->catalog_name};
  return Dispatch(at, target, context);
}

}  // namespace millpond::data
