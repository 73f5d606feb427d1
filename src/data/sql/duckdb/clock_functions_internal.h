// The functions of a query that tell the time (clock_functions.cc).
#pragma once

#include <duckdb.hpp>

#include "base/result.h"

namespace millpond::data {

Status RegisterClocks(duckdb::DatabaseInstance& db);

}  // namespace millpond::data
