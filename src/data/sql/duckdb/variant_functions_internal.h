// Variants in DuckDB's expressions: what VariantType (types_internal.h) is cast from and to, and
// Spark's functions of variants. In a query a variant column is JSON, so that DuckDB's own JSON
// functions, v.field and v[0] work on it.
//
//   parse_json(text), try_parse_json(text)    JSON, or a variant where one is stored
//   variant_get(v, '$.a[0]')                  the part, as JSON
//   is_variant_null(v)                        null inside, which is not NULL
//   to_json(v)                                JSON
#pragma once

#include <duckdb/common/types/vector.hpp>
#include <duckdb/main/database.hpp>
#include <string>

#include "base/result.h"

namespace duckdb {
class Connection;
}

namespace millpond::data {

// Once for each instance, before its configuration is locked.
Status RegisterVariants(duckdb::DuckDB& db);

// Throws what Throw throws (errors_internal.h) if the query, with variants as they are, makes JSON
// of something that has one in it; only for to_json(v) itself does DuckDB know how.
void CheckVariantUses(duckdb::Connection& connection, const std::string& text);

// DuckDB's own VARIANTs as JSON text; its cast to text is not JSON.
void DuckVariantsAsText(duckdb::ClientContext& context, duckdb::Vector& from, duckdb::Vector& to,
                        duckdb::idx_t count);

}  // namespace millpond::data
