// Changes of a schema, one column at a time, at any depth: ALTER TABLE ADD, RENAME, DROP and ALTER
// COLUMN as functions from schema to schema. A path names a column by its fields' names, with
// "element" for what an array holds and "key" and "value" for a map's: {"orders", "element",
// "price"}. Names do not differ by case. Pure; what the files say of a change is for the caller.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

using ColumnPath = std::vector<std::string>;

// Where a column goes among its siblings: first, behind another, or (neither) to the end.
struct ColumnPosition {
  bool first = false;
  std::optional<std::string> after = {};
};

// "orders.element.price"
std::string ToString(const ColumnPath& path);

// The column at the path; kInvalidArgument says what the path leads to nowhere from.
Result<StructField> ColumnAt(const Schema& schema, const ColumnPath& path);

// kAlreadyExists: there is a column of this name. `parent`: the path of the struct, {} for the
// table.
Result<Schema> AddColumn(const Schema& schema, const ColumnPath& parent, const StructField& column,
                         const ColumnPosition& position);
Result<Schema> RenameColumn(const Schema& schema, const ColumnPath& path, const std::string& name);
// The last column of a struct or table stays: kInvalidArgument.
Result<Schema> DropColumn(const Schema& schema, const ColumnPath& path);
Result<Schema> MoveColumn(const Schema& schema, const ColumnPath& path,
                          const ColumnPosition& position);
// Any other change of one column (comment, nullability, metadata, type).
Result<Schema> EditColumn(const Schema& schema, const ColumnPath& path,
                          const std::function<Status(StructField&)>& edit);

// How much of the path names a field: the rest leads into its arrays and maps.
Result<size_t> FieldDepth(const Schema& schema, const ColumnPath& path);

}  // namespace millpond::data
