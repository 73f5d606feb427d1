// Checks and translations that several files of the tracking tables share.
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

void MetaConnection::RegistryChanged() {
  std::lock_guard lock(registry_mutex_);
  ++registry_changes_;
  registry_changed_.notify_all();
}

int64_t MetaConnection::WaitForRegistry(int64_t seen, int64_t timeout_ms) {
  std::unique_lock lock(registry_mutex_);
  registry_changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                             [&] { return registry_changes_ > seen; });
  return registry_changes_;
}

LifecycleStage StageOf(const std::string& text) {
  return text == "active" ? LifecycleStage::kActive : LifecycleStage::kDeleted;
}

Result<int64_t> ExperimentNumber(const std::string& experiment_id) {
  int64_t number = 0;
  const char* end = experiment_id.data() + experiment_id.size();
  auto [stopped, error] = std::from_chars(experiment_id.data(), end, number);
  if (error != std::errc() || stopped != end) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
                experiment_id);
  }
  return number;
}

Result<RunKey> FindRun(SqliteDatabase& db, const std::string& run_id, RunAccess access) {
  RunKey key;
  std::string stage;
  MP_RETURN_IF_ERROR(db.Execute(
      "SELECT sequence, experiment_id, lifecycle_stage FROM tracking_runs WHERE run_id = ?1",
      {run_id}, [&](const SqliteRow& row) -> Status {
        key = {row.Int(0), row.Int(1)};
        stage = row.Text(2);
        return OkStatus();
      }));
  if (key.sequence == 0) {
    return Fail(ErrorKind::kNotFound, "Run with id={} not found", run_id);
  }
  if (access == RunAccess::kWrite && stage != "active") {
    return Fail(ErrorKind::kInvalidArgument,
                "The run {} must be in the 'active' state. Current state is {}.", run_id, stage);
  }
  return key;
}

SqliteValue StoredValue(double value) {
  return std::isnan(value) ? 0.0 : value;
}

int64_t StoredNan(double value) {
  return std::isnan(value) ? 1 : 0;
}

double ValueOf(const SqliteRow& row, size_t value_column, size_t nan_column) {
  return row.Int(nan_column) != 0 ? std::numeric_limits<double>::quiet_NaN()
                                  : row.Double(value_column);
}

}  // namespace millpond::platform
