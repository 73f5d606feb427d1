// The word DEFAULT in the rows of INSERT … VALUES (1, DEFAULT), ….
#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "data/sql/query_engine.h"
#include "data/sql/rewrite.h"
#include "data/sql/statements/table_fill_internal.h"

namespace millpond::data {

struct InsertDefaults {
  std::vector<Replacement> replacements;  // what the query engine reads in its place
  std::set<size_t> left_out;  // columns that are DEFAULT in every row: the table fills them in
};

// Where the word stands, column by column, as often as it does; nothing where `query` is not
// VALUES.
Result<std::vector<Replacement>> FindDefaults(std::string_view query, const SourceText& source);

// `columns`: in which the rows give their values. kInvalidArgument names a generated or identity
// column that is DEFAULT in some rows only.
Result<InsertDefaults> TakeDefaults(std::string_view query, const SourceText& source,
                                    const std::vector<TargetColumn>& columns,
                                    const TableFill& fill);

}  // namespace millpond::data
