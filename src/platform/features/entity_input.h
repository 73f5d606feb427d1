// Entities as they come from outside: label columns, and the JSON of a request. One rule for both
// says which value of another type means which entity, so that a request asks for what training
// asked for.
#pragma once

#include <span>
#include <vector>

#include "base/json_fwd.h"
#include "base/result.h"
#include "kernel/feature_view.h"

namespace millpond::platform {

// Whether every value of type `from` means one entity of type `to`, or none.
bool EntityTypeFits(kernel::Type from, kernel::Type to);
// The values as the entity's type; one that it cannot hold is NULL, an entity without rows.
// EntityTypeFits must hold.
Result<kernel::Column> CastToEntity(kernel::Column values, kernel::Type type);

// The entity columns of a view, as OnlineStore::Get takes them.
std::vector<kernel::SourceColumn> EntityColumnsOf(const kernel::FeatureProgram& program);

// An array of objects, each with exactly the entity columns: numbers, texts and truth values of
// JSON, DATE and TIMESTAMP as ISO 8601, null. kInvalidArgument names the place: entities[3].id.
Result<kernel::Batch> EntityRows(std::span<const kernel::SourceColumn> entity, const Json& rows);

}  // namespace millpond::platform
