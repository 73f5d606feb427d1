// Type widening: a column's type becomes one that holds every value of the old one, and files stay
// as they are (PROTOCOL.md, "Type Widening"). Pure.
#pragma once

#include "data/delta/metadata/schema.h"
#include "data/delta/metadata/schema_edit.h"

namespace millpond::data {

// byte 1, short 2, int 3, long 4; 0: no whole number.
int WholeNumberRank(TypeKind kind);

// The protocol's list of changes; false for equal types.
bool MayWiden(const DataType& from, const DataType& to);

// The schema with the type at the path widened, and the change written down in the metadata of the
// nearest column (delta.typeChanges). The path may end in "element", "key" or "value". Equal types
// change nothing; kInvalidArgument: a change that is not on the list.
Result<Schema> WidenColumn(const Schema& schema, const ColumnPath& path, const DataType& to);

// Is every change that is written down one that readers know? kUnsupported names the column.
Status CheckTypeChanges(const Schema& schema);

// The schema without what is written down of past changes, once no file has an old type.
Schema WithoutTypeChanges(const Schema& schema);

}  // namespace millpond::data
