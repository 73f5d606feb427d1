#pragma once

#include <duckdb.hpp>
#include <string>
#include <vector>

#include "data/sql/bound_calls.h"

namespace millpond::data {

// Binds the query on the connection. Throws what DuckDB throws.
BoundCalls CallsOf(duckdb::Connection& connection, const std::string& text);

}  // namespace millpond::data
