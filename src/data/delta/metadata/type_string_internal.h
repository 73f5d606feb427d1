// Spark's spelling of a type ("catalogString"), read for the lengths of its texts (text_limits.h).
#pragma once

#include <optional>
#include <string_view>

#include "data/delta/metadata/text_limits.h"

namespace millpond::data {

// The names in the paths are those of the text; nullopt: it is no type.
std::optional<TextLimits> LimitsInTypeString(std::string_view text);

// Of a type's name, and of a field's that is not in backquotes.
inline bool IsTypeWordByte(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace millpond::data
