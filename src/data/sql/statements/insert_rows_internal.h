// The rows that INSERT brings to a table, whatever they then do there: a list of columns or BY
// NAME, and a query.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "data/delta/metadata/column_value.h"
#include "data/sql/statement_context.h"
#include "data/sql/statements/table_fill_internal.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

struct ChangeTarget;

// A column of a static partition: the same value in every row.
struct FixedColumn {
  std::string name;
  ColumnValue value;
};

// The columns in the order in which the query gives them: "(a, b)" as listed, or all but the fixed
// ones. `name`: the table's, for people.
Result<std::vector<TargetColumn>> TakeInsertColumns(TokenCursor& at, const Schema& schema,
                                                    const std::string& name,
                                                    const SourceText& source,
                                                    const std::vector<FixedColumn>& fixed = {});

// "[(a, b)] query" by position or "BY NAME query", up to the statement's end. The rows stand under
// the table's column names, the fixed ones among them. Columns that are DEFAULT in every row of
// VALUES are not there, so that the table fills them in (data/delta/commit/row_rules.h), and
// without a list nor are those that it always fills in, if the query does not give them.
Result<std::shared_ptr<arrow::RecordBatchReader>> TakeInsertRows(
    TokenCursor& at, StatementContext& context, const Schema& schema, const std::string& name,
    const TableFill& fill, const std::vector<FixedColumn>& fixed = {});

// The same for a table as it is; null for EXPLAIN, where the plan of the query becomes the
// context's explanation.
Result<std::shared_ptr<arrow::RecordBatchReader>> TakeRowsFor(
    const ChangeTarget& target, TokenCursor& at, StatementContext& context,
    const std::vector<FixedColumn>& fixed);

}  // namespace millpond::data
