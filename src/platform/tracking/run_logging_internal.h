// Single writes to a run's rows, inside a write transaction.
#pragma once

#include "base/db/sqlite.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

// mlflow.runName is the run's name as well.
Status UpsertTag(SqliteDatabase& db, int64_t run, const Tag& tag);

}  // namespace millpond::platform
