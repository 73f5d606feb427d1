// The tables a flow writes: <name>, and <name>_quarantine if an expectation quarantines. A flow
// makes them, marks them as its own by the property millpond.flow, and touches no table that it has
// not made.
#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>

#include "data/catalog/table_name.h"
#include "pipeline/flows/epoch_run.h"

namespace millpond::pipeline {

data::TableName QuarantineName(const data::TableName& table);

// Opens the flow's main table; nothing if it is not there. kAlreadyExists if somebody else made it.
Result<std::optional<data::DeltaTable>> FindFlowTable(data::Catalog& catalog,
                                                      const data::TableName& name,
                                                      const std::string& flow);

// Opens both tables, making those that are not there. `schema`: the query's columns.
Result<FlowTables> OpenFlowTables(data::Catalog& catalog, const FlowQuery& query,
                                  const std::string& flow, const arrow::Schema& schema);

// What the log of a table says of an epoch's commit; nothing if none of the newest commits is it.
struct EpochCommit {
  int64_t version = -1;
  int64_t bytes = 0;
};
Result<std::optional<EpochCommit>> FindEpochCommit(data::DeltaTable& table, const EpochPlan& plan);

// The table's columns are those of the query (names and types, in any order), else kInvalidArgument
// says what differs and asks for a full refresh, or, where pushed rows forbid one, for another
// name.
Status CheckSameColumns(const data::Snapshot& table, const arrow::Schema& schema,
                        const FlowQuery& query);

}  // namespace millpond::pipeline
