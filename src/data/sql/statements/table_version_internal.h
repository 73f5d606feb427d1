// "VERSION AS OF n" and "TIMESTAMP AS OF time" in statements of Millpond's own.
#pragma once

#include <memory>
#include <optional>

#include "data/delta/log/table.h"
#include "data/sql/statement_context.h"
#include "data/sql/token_cursor.h"

namespace millpond::data {

struct NamedVersion {
  std::shared_ptr<const Snapshot> snapshot;
  StringMap parameters;  // for the history: "version" or "timestamp"
};

// Nothing where neither stands there. Errors have their places.
Result<std::optional<NamedVersion>> TakeVersion(TokenCursor& at, DeltaTable& table,
                                                StatementContext& context);

}  // namespace millpond::data
