// How rows become Runs; shared by look-ups, lists and the search.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/db/sqlite.h"
#include "platform/tracking/tracking_types.h"

namespace millpond::platform {

inline constexpr std::string_view kRunColumns =
    "r.sequence, r.run_id, r.experiment_id, r.run_name, r.user_id, r.status, r.start_time, "
    "r.end_time, r.artifact_uri, r.lifecycle_stage";

// Runs of a query in its order, still without what they logged.
struct RunRows {
  std::vector<int64_t> sequences = {};
  std::vector<Run> runs = {};

  void Add(const SqliteRow& row, const std::string& root);  // of kRunColumns
};

// Adds params, latest metrics, tags, inputs and models: one query a kind, however many runs.
Status CompleteRuns(SqliteDatabase& db, RunRows& rows);

}  // namespace millpond::platform
