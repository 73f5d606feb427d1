// A cast that failed on a row: the engine names the source column, not the place of the cast.
#pragma once

#include "pipeline/flows/flow_statement.h"

namespace millpond::pipeline {

// The error of a running query with the place of the cast that it most likely speaks of (in the
// query, a condition or a declared column) and the remedy; any other error as it is.
Error WithPlaceOfCast(Error error, const FlowStatement& statement);

}  // namespace millpond::pipeline
