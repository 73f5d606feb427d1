// The tables that a project's models write, and the check that each has a name of its own: no two
// outputs share a table, none is a flow's, and one that is there already was made by this very
// model. Asked before a run writes anything, since each of them is overwritten whole.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/catalog/catalog.h"
#include "model/training/model_definition.h"

namespace millpond::model {

struct OutputTable {
  data::TableName name;
  std::string what;   // "score.table of model churn"
  std::string place;  // file:line:column
};

// training_set; score.table with its features, and score.work_list, where candidates are scored.
std::vector<OutputTable> OutputTablesOf(const ModelDefinition& definition);

// `others`: tables that flows write. kInvalidArgument names both places of a shared table,
// kAlreadyExists the table that is there and somebody else's.
Status CheckOutputTables(data::Catalog& catalog, const std::vector<ModelDefinition>& definitions,
                         const std::vector<OutputTable>& others);

}  // namespace millpond::model
