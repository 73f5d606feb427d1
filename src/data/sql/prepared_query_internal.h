// A query on its way from the user's text to the engine: parsed and passed by the walls, every
// relation in it put under the name that the engine knows, tables and streams resolved.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "data/sql/query_engine.h"
#include "data/sql/relation_function.h"
#include "data/sql/session_tables_internal.h"
#include "data/sql/syntax.h"

namespace millpond::data {

struct PreparedQuery {
  RewrittenSql text;  // with the way back to the user's
  std::shared_ptr<SessionTables> tables;
};

// Null if no function of that name (lower case) is registered.
using FindRelationFunction = std::function<RelationFunction*(const std::string&)>;

Result<PreparedQuery> PrepareQuery(std::string_view part, const SourceText& source,
                                   std::vector<Replacement> replacements,
                                   std::shared_ptr<SessionTables> tables,
                                   const FindRelationFunction& find, const Workspace& workspace);

// The same for a query that Millpond put together from parts of the user's text.
Result<PreparedQuery> PrepareQuery(const RewrittenSql& composed, const SourceText& source,
                                   std::shared_ptr<SessionTables> tables,
                                   const FindRelationFunction& find, const Workspace& workspace);

}  // namespace millpond::data
