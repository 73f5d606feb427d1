// Column mapping: the names and ids under which columns stand in data files, statistics and
// partition values, apart from the names that people use (PROTOCOL.md, "Column Mapping"). Pure.
// Writers give a field its id and physical name once; renaming a column changes only its logical
// name, dropping one only forgets it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/random.h"
#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

enum class ColumnMappingMode { kNone, kId, kName };

// kCorrupt names a mode that does not exist.
Result<ColumnMappingMode> ColumnMappingModeOf(const Metadata& metadata);

// The name in the files; the field's own where there is no mapping.
std::string PhysicalName(const StructField& field);
std::optional<int64_t> ColumnId(const StructField& field);

// The schema as data files spell it: physical names at every level, metadata kept.
Schema PhysicalSchema(const Schema& schema);
DataType PhysicalType(const DataType& type);

// Gives an id and a physical name to every field, nested ones too, that has none. `max_id` is the
// greatest id given out so far (property delta.columnMapping.maxColumnId) and moves up.
// `keep_names`: the physical name of a new mapping is the column's present name, for tables that
// already have files; else it is made up, so that a name that is used again is another column.
Schema WithColumnMapping(const Schema& schema, bool keep_names, RandomSource& random,
                         int64_t* max_id);

// The schema without ids and physical names, for a table that no longer maps its columns.
Schema WithoutColumnMapping(const Schema& schema);

// `schema` with the ids and physical names that `known` has for columns of the same name and kind,
// at every level: what is written anew stays readable by the schema that was.
Schema WithKnownMapping(const Schema& schema, const Schema& known);

// Schema::Validate; columns that are mapped may have any name.
Status ValidateSchema(const Schema& schema, ColumnMappingMode mode);

// The greatest id in the schema, 0 if there is none.
int64_t MaxColumnId(const Schema& schema);

}  // namespace millpond::data
