// The table's columns as DuckDB's reader of several files sees them, and where each lies in one
// file: by physical name or by field id, at every level, as the table's column mapping says
// (PROTOCOL.md, "Reader Requirements for Column Mapping").
#pragma once

#include <duckdb/common/multi_file/multi_file_data.hpp>

#include "data/delta/metadata/schema.h"
#include "data/delta/rows/column_cast.h"
#include "data/delta/rows/variant_columns.h"

namespace millpond::data {

// The columns of the table, by their own names.
duckdb::vector<duckdb::MultiFileColumnDefinition> ColumnDefinitions(const Schema& schema,
                                                                    VariantForm variants);

// The parts of lists and maps named as DuckDB's mapping looks them up; writers name them freely.
void NameParts(duckdb::vector<duckdb::MultiFileColumnDefinition>& file);

// The columns of the table for one file, after NameParts: each column, and each field in it, is to
// be found by the name that it has in this file. What the file lacks gets a name that no column
// has, and so do columns with variants in them, which DuckDB's reader is not let at
// (lake_variants_internal.h).
duckdb::vector<duckdb::MultiFileColumnDefinition> ColumnsInFile(
    const Schema& schema, const duckdb::vector<duckdb::MultiFileColumnDefinition>& file,
    FieldMatch match, VariantForm variants);

}  // namespace millpond::data
