// A column's type as a statement spells it: BIGINT, DECIMAL(10, 2), VARCHAR(10), CHAR(3),
// ARRAY<INT>, MAP<STRING, INT>, STRUCT<a: INT NOT NULL COMMENT 'x', b: STRING>, and with round
// brackets or as INT[] likewise.
#pragma once

#include "data/delta/metadata/schema.h"
#include "data/delta/metadata/text_limits.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

struct ColumnType {
  DataType type;
  TextLimits limits = {};  // of VARCHAR(n) and CHAR(n), which are strings to the type
};

// Errors stand at their place.
Result<ColumnType> TakeColumnType(TokenCursor& at, const SourceText& source);
// The same, as the type of `field`.
Status TakeTypeOf(StructField& field, TokenCursor& at, const SourceText& source);

// The type as TakeColumnType reads it: "STRUCT<a: BIGINT NOT NULL, b: ARRAY<VARCHAR(10)>>".
std::string TypeText(const DataType& type, const TextLimits& limits = {});
// The name as it is, in double quotes if it needs them.
std::string NameText(const std::string& name);

}  // namespace millpond::data
