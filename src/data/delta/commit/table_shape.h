// What a table is apart from its rows: schema, protocol, metadata. Whoever changes one of them
// changes a shape and has it settled: the features that it now needs are in the protocol, columns
// have ids and physical names where the table maps them, and what may not change has not. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/actions.h"

namespace millpond::data {

struct TableShape {
  Schema schema;  // metadata.schema_json is filled from it by SettleShape
  Protocol protocol;
  Metadata metadata;
};

TableShape ShapeOf(const Snapshot& snapshot);

// Takes table properties over as a user gives them: "delta.feature.x" and "delta.minReaderVersion"
// change the protocol, all others the configuration. kInvalidArgument and kUnsupported as
// properties.h says.
Status SetProperties(const StringMap& properties, TableShape& shape);

struct SettleOptions {
  const TableShape* before = nullptr;  // null: the table is new
  bool files_stay = true;              // of the table as it was; false: all rows are written anew
  std::string table_path = {};
};

// kInvalidArgument: a change of the column mapping mode that files do not survive, a schema that is
// none. kUnsupported names a feature that Millpond does not write.
Status SettleShape(const SettleOptions& options, RandomSource& random, TableShape& shape);

}  // namespace millpond::data
