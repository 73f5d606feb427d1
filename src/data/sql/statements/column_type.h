// A column's type as a statement spells it: BIGINT, DECIMAL(10, 2), ARRAY<INT>, MAP<STRING, INT>,
// STRUCT<a: INT NOT NULL COMMENT 'x', b: STRING>, and with round brackets or as INT[] likewise.
#pragma once

#include "data/delta/metadata/schema.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

// Errors stand at their place.
Result<DataType> TakeColumnType(TokenCursor& at, const SourceText& source);

// The type as TakeColumnType reads it: "STRUCT<a: BIGINT NOT NULL, b: ARRAY<STRING>>".
std::string TypeText(const DataType& type);
// The name as it is, in double quotes if it needs them.
std::string NameText(const std::string& name);

}  // namespace millpond::data
