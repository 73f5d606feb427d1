// PARTITION (p = value, q) of INSERT INTO and INSERT OVERWRITE.
#pragma once

#include <vector>

#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/insert_rows_internal.h"

namespace millpond::data {

struct StaticValues {
  std::vector<FixedColumn> columns;
  PartitionValues values;  // by physical name
};

// Nothing where no such clause stands there. The values of a column without one (q) come from the
// query, as they would without the clause.
Result<StaticValues> TakePartitionClause(TokenCursor& at, const ChangeTarget& target,
                                         StatementContext& context);

}  // namespace millpond::data
