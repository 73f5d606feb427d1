// What UPDATE, DELETE and MERGE share: the table that they name, the query that finds the rows with
// their places, and the way of its result into one commit (data/delta/change/row_change.h).
//
// The query's columns are, in this order: the place of the row (file, position; NULL for a row that
// is new), its row id if the table tracks rows, the action, the row as it will be, and, where the
// change data feed is on, the row as it was.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "data/delta/change/row_change.h"
#include "data/sql/composed_query.h"
#include "data/sql/statement_context.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

// The table that a statement changes, as of the version that it read.
struct ChangeTarget {
  std::string name;  // for people
  size_t offset = 0;
  DeltaTable table;
  std::shared_ptr<const Snapshot> snapshot;
  std::string alias;  // under which expressions know it
};

struct OpenedTable {
  DeltaTable table;
  std::string name;                            // for people
  std::optional<TableName> catalog_name = {};  // nullopt: opened by its path
};

// {"t"}, {"s", "t"}, {"c", "s", "t"} or {"delta", "/path"}; asks for kModify.
Result<OpenedTable> OpenTableToChange(const std::vector<std::string>& path,
                                      StatementContext& context);

// A table's name, delta.`path` or 'path'; asks for kModify and holds the table's version still.
Result<ChangeTarget> TakeTargetTable(TokenCursor& at, StatementContext& context);
// The same with an alias behind it: "name [[AS] alias]".
Result<ChangeTarget> TakeChangeTarget(TokenCursor& at, StatementContext& context);

enum class RowAction : int64_t { kUpdate = 0, kDelete = 1, kInsert = 2 };

// Composes the query over the target under this SQL name.
using ComposeChange = std::function<Result<RewrittenSql>(const std::string& target)>;

struct ChangeQuery {
  std::string operation;  // "DELETE", as the history shows it
  StringMap parameters = {};
  bool has_new_rows = true;           // false: only rows that go
  bool may_match_twice = false;       // a row may be found more than once (a single plain DELETE)
  std::optional<Schema> schema = {};  // of the table from this commit on, where that changes
  // Columns whose values in the query mean nothing: the table fills them in
  // (data/delta/commit/row_rules.h).
  std::set<std::string> filled_in_updates = {}, filled_in_inserts = {};
  ComposeChange compose = nullptr;
  // Gives a row for every row of the target that would have been looked at, and could have changed
  // the outcome, with its place first. Null: any added row could.
  ComposeChange compose_dependency = nullptr;
};

// "alias.place, …, " as the first columns of such a query.
std::string PlaceColumns(const ChangeTarget& target, bool row_ids);
// "alias.column AS …" for the row as it was, with a comma before each.
std::string OldColumns(const ChangeTarget& target);

bool TracksChanges(const ChangeTarget& target);
bool TracksRowIds(const ChangeTarget& target);

struct ChangeCounts {
  int64_t updated = 0, deleted = 0, inserted = 0;
};

struct ChangeOutcome {
  CommitResult commit;
  ChangeCounts counts;
};

// Runs the query and commits what it says; or, for EXPLAIN, plans it and gives an empty outcome.
Result<ChangeOutcome> ExecuteChange(const ChangeTarget& target, const ChangeQuery& query,
                                    StatementContext& context);

// Of a statement that loses to other writers.
inline constexpr int kStatementTries = 10;

// A statement, which begins with the newest version of its table and leaves that in `target`.
using RunChange = std::function<Result<QueryResult>(std::optional<ChangeTarget>& target)>;
// Runs it, and anew where it lost to writers who gave out identity values and changed nothing else
// of what the table is: no value is given twice (PROTOCOL.md, "Identity Columns"), and its rows
// have to get others. It stays a conflict after some tries, and for a source that can be read once.
Result<QueryResult> RunBehindIdentity(StatementContext& context, const RunChange& run);

// All files go, without a look at their rows. `done`: "deleted from", in what it says.
Result<QueryResult> RemoveAllRows(const ChangeTarget& target, const std::string& operation,
                                  StringMap parameters, std::string_view done);

// ", version 7; programs that read the table must now know deletionVectors".
std::string CommitText(const CommitResult& commit);

}  // namespace millpond::data
