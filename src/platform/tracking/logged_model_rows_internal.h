// Rows of logged models, read inside a transaction of the caller's.
#pragma once

#include <string>
#include <string_view>

#include "base/db/sqlite.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

inline constexpr std::string_view kLoggedModelColumns =
    "l.model_id, l.experiment_id, l.name, l.artifact_location, l.creation_time, "
    "l.last_update_time, l.model_type, l.status, l.source_run_id";

LoggedModel LoggedModelOf(const SqliteRow& row, const std::string& root);
// Adds params, tags and metrics.
Status CompleteLoggedModel(SqliteDatabase& db, LoggedModel& model);

}  // namespace millpond::platform
