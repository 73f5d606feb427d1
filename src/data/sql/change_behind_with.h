// WITH a AS (…), … in front of INSERT, MERGE, UPDATE or DELETE, as Spark has it.
#pragma once

#include <optional>

#include "data/sql/statement.h"

namespace millpond::data {

// The change that stands behind the common tables; nothing where a query does, or no WITH.
std::optional<Statement> ChangeBehindWith(const Statement& statement);

}  // namespace millpond::data
