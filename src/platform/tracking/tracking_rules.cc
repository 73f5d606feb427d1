// MLflow's rules on names and sizes, and the checks that store and registry share.
#include <cctype>
#include <charconv>

#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

namespace {

constexpr size_t kKeyLimit = 250;

}  // namespace

LifecycleStage StageOf(const std::string& text) {
  return text == "active" ? LifecycleStage::kActive : LifecycleStage::kDeleted;
}

Result<int64_t> ExperimentNumber(const std::string& experiment_id) {
  int64_t number = 0;
  auto [end, error] =
      std::from_chars(experiment_id.data(), experiment_id.data() + experiment_id.size(), number);
  if (error != std::errc() || end != experiment_id.data() + experiment_id.size()) {
    return Fail(ErrorKind::kNotFound, "there is no experiment with id '{}'", experiment_id);
  }
  return number;
}

Status CheckKey(std::string_view what, std::string_view key) {
  if (key.empty()) return Fail(ErrorKind::kInvalidArgument, "a {} needs a key", what);
  for (char c : key) {
    const bool fine = std::isalnum(static_cast<unsigned char>(c)) ||
                      std::string_view("_-. :/").find(c) != std::string_view::npos;
    if (!fine) {
      return Fail(ErrorKind::kInvalidArgument,
                  "the name of a {} may hold letters, digits and _-. :/ only: '{}'", what, key);
    }
  }
  if (key.front() == '/' || key.find("..") != std::string_view::npos) {
    return Fail(ErrorKind::kInvalidArgument,
                "the name of a {} may not begin with '/' nor hold '..': '{}'", what, key);
  }
  return CheckLength(what, key, key, kKeyLimit);
}

Status CheckLength(std::string_view what, std::string_view key, std::string_view value,
                   size_t limit) {
  if (value.size() <= limit) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument, "{} '{}' is longer than {} bytes: {}", what,
              key.substr(0, kKeyLimit), limit, value.size());
}

Status RequireRun(SqliteDatabase& db, const std::string& run_id, bool write) {
  MP_ASSIGN_OR_RETURN(
      auto rows, db.Query("SELECT lifecycle_stage FROM tracking_runs WHERE run_id = ?1", {run_id}));
  if (rows.empty()) {
    return Fail(ErrorKind::kNotFound, "there is no run '{}'; millpond models list shows the runs",
                run_id);
  }
  if (write && rows[0].Text(0) != "active") {
    return Fail(ErrorKind::kInvalidArgument, "run {} is deleted; restore it before writing to it",
                run_id);
  }
  return OkStatus();
}

}  // namespace millpond::platform
