// Between the SQL that users write here and the Spark SQL that a Delta log holds for other engines
// to read. They differ in quotes (names in backquotes, strings in either quote with backslash
// escapes), and in a few operators and type names.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/sql/source_text.h"

namespace millpond::data {

// An expression of a statement, as it goes into the log: CHECK (…), GENERATED ALWAYS AS (…),
// DEFAULT …. `part` points into source.text(). Only quotes and blanks change.
Result<std::string> ToSparkSql(std::string_view part, const SourceText& source);

// An expression of a log as the parser here reads it, with the same meaning. What cannot be said
// here is refused by its name.
Result<std::string> FromSparkSql(std::string_view text);

}  // namespace millpond::data
