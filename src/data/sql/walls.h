// The first wall: what a query may contain at all, decided on its tree before DuckDB sees it. Table
// functions are on a list (or registered), relations that are not tables, functions or queries are
// refused, and scalar functions that look at the server or act on it are refused by name.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "data/sql/syntax.h"

namespace millpond::data {

// `is_registered` says whether a table function of that name was registered with the engine.
// `outer`: the tree is of its text, and places in the source are found through it; null: the tree
// is of the source.
Status CheckWalls(const SelectTree& tree, const SourceText& source,
                  const std::function<bool(const std::string&)>& is_registered,
                  const RewrittenSql* outer = nullptr);

}  // namespace millpond::data
