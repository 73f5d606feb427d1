// ('k' = 'v', delta.appendOnly = true, …): table properties as statements spell them. Keys are
// strings or dotted names, values strings, words or numbers.
#pragma once

#include <string>
#include <vector>

#include "data/delta/metadata/actions.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

Result<StringMap> TakePropertyList(TokenCursor& at);
// ('k', …), as UNSET has them.
Result<std::vector<std::string>> TakePropertyKeys(TokenCursor& at);

}  // namespace millpond::data
