// A column's type as a statement spells it: BIGINT, DECIMAL(10, 2), ARRAY<INT>, MAP<STRING, INT>,
// STRUCT<a: INT NOT NULL COMMENT 'x', b: STRING>, and with round brackets or as INT[] likewise.
#pragma once

#include "data/delta/schema.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

// Errors stand at their place.
Result<DataType> TakeColumnType(TokenCursor& at, const SourceText& source);

}  // namespace millpond::data
