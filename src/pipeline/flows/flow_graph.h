// The order in which flows run, found from what they read.
#pragma once

#include <vector>

#include "pipeline/flows/flow_query.h"

namespace millpond::pipeline {

// `queries` sorted so that each stands after those it reads; among those that are free to go, the
// first in the files goes first. kInvalidArgument for a cycle (its members are named, in order) and
// for a table that two statements make.
Result<std::vector<FlowQuery>> SortFlows(std::vector<FlowQuery> queries);

// The queries that read what `query` makes.
bool Reads(const FlowQuery& query, const data::TableName& table, bool stream_only);

}  // namespace millpond::pipeline
