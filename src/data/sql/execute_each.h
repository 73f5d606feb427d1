// Several statements one after the other, each with a result of its own; SqlSession::Execute gives
// the last one's alone.
#pragma once

#include <functional>

#include "base/result.h"
#include "data/sql/query_result.h"
#include "data/sql/source_text.h"

namespace millpond::data {

class SqlSession;

// Gets the result of a statement before the next one runs. Rows are its to read to their end; an
// error of its own ends the text.
using TakeResult = std::function<Status(QueryResult result, bool is_last)>;

// The first error ends the text; what the statements before it did stays done.
Status ExecuteEach(SqlSession& session, const SourceText& source, const TakeResult& take);

}  // namespace millpond::data
