// What the query of a flow may say. An epoch that is run again must give the same rows, so what
// gives other rows each time is refused by name; a streaming table sees each row once and keeps no
// state yet, so what needs to see other rows too is refused with the way to say it otherwise.
#pragma once

#include <set>
#include <string>

#include "data/sql/bound_calls.h"
#include "data/sql/syntax.h"
#include "pipeline/flows/flow_statement.h"

namespace millpond::pipeline {

// random(), uuid(), unordered row_number, samples, the wall clock and the like, at any depth.
// `tree` is that of `part` of the source.
Status CheckRepeatable(const data::SelectTree& tree, std::string_view part,
                       const data::SourceText& source);

// The query keeps no state over the rows of its STREAM: no aggregate, window, DISTINCT, ORDER BY,
// LIMIT or set operation but UNION ALL of streams above it, joined only to tables, and not on a
// join's side that would give rows again. `stream_views` are the temporary views that hold a STREAM
// themselves (names in lower case).
Status CheckStateless(const data::SelectTree& tree, const data::SourceText& source,
                      const std::set<std::string>& stream_views);

// What only the bound query tells, behind aliases and macros: no function that gives another value
// each time; no sum, average or the like over DOUBLE or FLOAT (its last digits depend on the order
// in which threads add); no aggregate over the readers `streams`. The statement is searched for the
// place.
Status CheckBound(const data::BoundCalls& calls, const FlowStatement& statement,
                  const std::set<std::string>& streams);

// A condition of an expectation: repeatable, and of its own row alone.
Status CheckCondition(const data::SqlExpr& condition, std::string_view part,
                      const data::SourceText& source);

}  // namespace millpond::pipeline
