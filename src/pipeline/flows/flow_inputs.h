// The inputs of a flow in an epoch: what there is to read (planning), and reading exactly what a
// plan says.
//
// A STREAM of files reads each file once, whole. A file that it has read may be deleted, and may
// get a new time stamp (its bytes are compared then); one whose bytes changed is an error, since
// its rows are in the table already. A STREAM of a table reads the files that were added to it
// since; a table that lost or replaced rows since is an error that names the version. A STREAM of
// pushed rows reads each sealed segment once, whole, in the order of their numbers.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/flows/epoch_plan.h"
#include "pipeline/flows/flow_query.h"

namespace millpond::data {
class Catalog;
}

namespace millpond::pipeline {

struct InputsPlan {
  std::vector<PlannedInput> inputs;   // in the order of query.inputs
  std::vector<PlannedInput> earlier;  // as EpochPlan::earlier
  bool has_new = false;               // of a stream
  bool more = false;                  // files beyond max_files_per_epoch wait for the next epoch
};

// `last`: the plan before this one in the same generation, or null. `seen`: files read so far.
Result<InputsPlan> PlanInputs(data::Catalog& catalog, const FlowQuery& query, const EpochPlan* last,
                              const std::map<std::string, PlannedFile>& seen);

// Whether what was planned can still be read: files unchanged, tables the same ones. Else
// kInvalidArgument says what changed.
Status CheckInputs(data::Catalog& catalog, const FlowQuery& query,
                   const std::vector<PlannedInput>& inputs);

// Removes the segments of pushed rows that a committed plan and those before it have read. What
// cannot be removed now is tried again after the next epoch, and read by none.
void RemoveReadSegments(data::Catalog& catalog, const EpochPlan& committed);

// Whether a table that is read whole, at its newest version, has a newer one than was planned.
Result<bool> TablesMoved(data::Catalog& catalog, const FlowQuery& query,
                         const std::vector<PlannedInput>& inputs);

// The columns of a registered input, and its rows. For inputs with a relation name only.
Result<std::shared_ptr<arrow::Schema>> InputSchema(data::Catalog& catalog, const FlowInput& input,
                                                   const PlannedInput& planned);
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenInput(data::Catalog& catalog,
                                                            const FlowInput& input,
                                                            const PlannedInput& planned);

}  // namespace millpond::pipeline
