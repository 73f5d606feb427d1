// The history of a column's type, which its field keeps as metadata (PROTOCOL.md, "Type Widening",
// "Type Change Metadata"). Pure.
#pragma once

#include "data/delta/schema.h"

namespace millpond::data {

inline constexpr const char* kTypeChanges = "delta.typeChanges";

// Readers refuse a table whose files may hold a type that they cannot bring to the present one:
// kUnsupported names the column and the change, kCorrupt metadata that is no history.
Status CheckTypeChanges(const Schema& schema, const std::string& table_path);

}  // namespace millpond::data
