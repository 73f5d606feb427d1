// What the query of a flow may say. An epoch that is run again must give the same rows, so what
// gives other rows each time is refused by name; a streaming table sees each row once and keeps no
// state yet, so what needs to see other rows too is refused with the way to say it otherwise.
#pragma once

#include <set>
#include <string>

#include "data/sql/bound_aggregate.h"
#include "data/sql/syntax.h"
#include "pipeline/flows/flow_statement.h"

namespace millpond::pipeline {

// random(), uuid(), unordered row_number and the like, at any depth.
Status CheckRepeatable(const data::SelectTree& tree, const data::SourceText& source);

// The query keeps no state over the rows of its STREAM: no aggregate, window, DISTINCT, ORDER BY,
// LIMIT or set operation but UNION ALL above it, joined only to tables, and not on a join's side
// that would give rows again. `stream_views` are the temporary views that hold a STREAM themselves
// (names in lower case).
Status CheckStateless(const data::SelectTree& tree, const data::SourceText& source,
                      const std::set<std::string>& stream_views);

// No sum, average or the like over DOUBLE or FLOAT: its last digits depend on the order in which
// threads add. `aggregates` are those of the bound query; the statement is searched for the place.
Status CheckExactSums(const std::vector<data::BoundAggregate>& aggregates,
                      const FlowStatement& statement);

// A condition of an expectation: repeatable, and of its own row alone.
Status CheckCondition(const data::SqlExpr& condition, const data::SourceText& source);

}  // namespace millpond::pipeline
