// CHAR(n) and VARCHAR(n). To the protocol they are string; how long the texts may be stands beside
// it, in the metadata of the table's column, as Spark spells it: "varchar(10)", and for a nested
// type the whole of it, "struct<code:char(3),n:int>". Here it is read and written; text_fit.h
// keeps rows to it. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "data/delta/metadata/schema.h"
#include "data/delta/metadata/schema_edit.h"

namespace millpond::data {

inline constexpr const char* kTextLimitKey = "__CHAR_VARCHAR_TYPE_STRING";
inline constexpr int64_t kMaxTextLength = 2'147'483'647;

struct TextLimit {
  int64_t length = 0;    // in characters (code points)
  bool is_char = false;  // CHAR: spaces at the end are no part of the text

  bool operator==(const TextLimit&) const = default;
};

// By the path from a column to the text: {} is the column itself, {"element"}, {"code"}.
using TextLimits = std::map<ColumnPath, TextLimit>;

std::string ToString(const TextLimit& limit);  // "varchar(10)"

// Of a field and all within it. kUnsupported: the field's metadata have a type that is none.
Result<TextLimits> TextLimitsOf(const StructField& field);
// In the metadata of the field, a column, and nowhere within it; none take away what is there.
void SetLimitsOnColumn(const TextLimits& limits, StructField& field);
// In the metadata of the fields within it that have them.
void SetLimitsOnFields(const TextLimits& limits, StructField& field);

// Those of one part (a field, "element", "key", "value"), by the path from it.
TextLimits LimitsWithin(const TextLimits& limits, std::string_view part);

// The field's type as the log spells it, but with its limits: "varchar(10)", "array<char(2)>".
std::string TypeString(const StructField& field);

// Whoever changes a schema does it between these two: limits stand first in the metadata of the
// fields that have them, where they follow when a field is renamed, moved or dropped, and then
// again where Spark looks for them. What cannot be read stays as it is.
Schema WithLimitsOnFields(const Schema& schema);
Schema WithLimitsOnColumns(const Schema& schema);

// May the texts that are there stay? As in Spark: a limit may grow, be dropped, or from CHAR become
// VARCHAR; anything else is kInvalidArgument.
Status CheckLimitChange(const TextLimits& from, const TextLimits& to, const std::string& column);

}  // namespace millpond::data
