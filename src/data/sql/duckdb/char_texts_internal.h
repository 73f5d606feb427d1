// CHAR(n) columns of a table as DuckDB has them: texts with a collation by which spaces at the end
// do not count, in comparisons, joins, IN, GROUP BY and DISTINCT. So 'ab' finds what is stored as
// 'ab   ', and what a program that does not know of CHAR stored as 'ab'. A comparison that looks
// past the bytes skips no files.
#pragma once

#include <duckdb.hpp>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

void RegisterCharTexts(duckdb::DatabaseInstance& db);

// `type`, or where the field is a CHAR that type.
duckdb::LogicalType WithCharCompared(const StructField& field, duckdb::LogicalType type);

}  // namespace millpond::data
