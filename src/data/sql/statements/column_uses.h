// Who in a table's own metadata speaks of a column: partitioning, clustering, CHECK constraints,
// generated columns. Such a column is not dropped, and most are not renamed or retyped.
#pragma once

#include <optional>
#include <string>

#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/schema_edit.h"

namespace millpond::data {

// For people: "the CHECK constraint 'positive' (amount > 0)"; nullopt: nobody.
std::optional<std::string> ExpressionWith(const Snapshot& snapshot, const ColumnPath& column);
std::optional<std::string> LayoutWith(const Snapshot& snapshot, const ColumnPath& column);

}  // namespace millpond::data
