// DuckDB's errors as ours, at the place in the user's text where they arose.
#pragma once

#include <duckdb/common/error_data.hpp>

#include "base/result.h"
#include "data/sql/query_engine.h"
#include "data/sql/rewrite.h"
#include "data/sql/source_text.h"

namespace millpond::data {

// Which text DuckDB was given: `prefix` bytes, then the rewritten one.
struct TextOfDuckDB {
  const SourceText& source;
  const RewrittenSql& rewritten;
  size_t prefix = 0;
  const RunOptions* target = nullptr;  // whose columns are named where a value stands
};

Error ToError(const duckdb::ErrorData& error, const TextOfDuckDB& text);
// Without a place.
Error ToError(const duckdb::ErrorData& error);

// Runs `body`, which may throw DuckDB's exceptions, and turns them into errors.
template <typename Body>
auto Catching(const TextOfDuckDB& text, Body&& body) -> Result<decltype(body())> {
  try {
    return body();
  } catch (const std::exception& exception) {
    return std::unexpected(ToError(duckdb::ErrorData(exception), text));
  }
}

// While a file is read: may the file be what is wrong? Not where it is the query's own mistake, a
// cancellation, memory, or an error of ours, which names its file.
bool MayBeOfAFile(const duckdb::ErrorData& error);

// One of our errors through code of DuckDB's, which knows exceptions only: thrown in a callback,
// recognised by ToError, kind and message unchanged.
[[noreturn]] void Throw(const Error& error);

}  // namespace millpond::data
