// UNDROP TABLE t: the one of this name that was dropped last comes back, with its history.
#include <fmt/ranges.h>

#include "data/sql/statement_context.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

Result<QueryResult> ExecuteUndrop(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("UNDROP"));
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakePath());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  const auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
  if (!name) return ErrorAt(statement.source, offset, name.error());
  MP_RETURN_IF_ERROR(context.Check(Privilege::kCreateTable, name->ToString()));
  auto table = context.catalog().UndropTable(*name);
  if (!table) return ErrorAt(statement.source, offset, table.error());
  MP_ASSIGN_OR_RETURN(const auto snapshot, table->Latest());
  return QueryResult{
      nullptr, fmt::format("table {} is back, version {}", name->ToString(), snapshot->version())};
}

}  // namespace millpond::data
