// first and last are aggregates of a feature view, but DuckDB's parser takes them for its window
// functions of that name, which have no FILTER. They go through it under names of the same length
// that it does not know, so that every offset stays the user's.
#pragma once

#include <string>
#include <vector>

#include "data/sql/source_text.h"
#include "data/sql/tokenizer.h"

namespace millpond::platform {

// The source with first(, last(, first_value( and last_value( hidden, from token `begin` on.
data::SourceText HideWindowFunctions(const data::SourceText& source,
                                     const std::vector<data::Token>& tokens, size_t begin);

// The name that was hidden, or `name` itself.
std::string ShownName(const std::string& name);

}  // namespace millpond::platform
