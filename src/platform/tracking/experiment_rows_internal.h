// How a row of tracking_experiments becomes an Experiment; shared by look-ups and the search.
#pragma once

#include <string>
#include <string_view>

#include "base/db/sqlite.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

inline constexpr std::string_view kExperimentColumns =
    "e.experiment_id, e.name, e.artifact_location, e.lifecycle_stage, e.creation_time, "
    "e.last_update_time";

// Without its tags.
Experiment ExperimentOf(const SqliteRow& row, const std::string& root);

}  // namespace millpond::platform
