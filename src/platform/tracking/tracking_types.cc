#include "platform/tracking/tracking_types.h"

#include <algorithm>

namespace millpond::platform {

std::string_view ToString(LifecycleStage stage) {
  return stage == LifecycleStage::kActive ? "active" : "deleted";
}

std::string_view ToString(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "RUNNING";
    case RunStatus::kScheduled:
      return "SCHEDULED";
    case RunStatus::kFinished:
      return "FINISHED";
    case RunStatus::kFailed:
      return "FAILED";
    case RunStatus::kKilled:
      return "KILLED";
  }
  return "?";
}

std::string_view ToString(LoggedModelStatus status) {
  switch (status) {
    case LoggedModelStatus::kUnspecified:
      return "LOGGED_MODEL_STATUS_UNSPECIFIED";
    case LoggedModelStatus::kPending:
      return "LOGGED_MODEL_PENDING";
    case LoggedModelStatus::kReady:
      return "LOGGED_MODEL_READY";
    case LoggedModelStatus::kUploadFailed:
      return "LOGGED_MODEL_UPLOAD_FAILED";
  }
  return "?";
}

std::optional<LoggedModelStatus> LoggedModelStatusOf(std::string_view text) {
  for (auto status : {LoggedModelStatus::kUnspecified, LoggedModelStatus::kPending,
                      LoggedModelStatus::kReady, LoggedModelStatus::kUploadFailed}) {
    if (ToString(status) == text) return status;
  }
  return std::nullopt;
}

std::optional<RunStatus> RunStatusOf(std::string_view text) {
  for (auto status : {RunStatus::kRunning, RunStatus::kScheduled, RunStatus::kFinished,
                      RunStatus::kFailed, RunStatus::kKilled}) {
    if (ToString(status) == text) return status;
  }
  return std::nullopt;
}

namespace {

template <typename T>
const T* FindByKey(const std::vector<T>& list, std::string_view key) {
  auto found = std::ranges::find(list, key, &T::key);
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const std::string* Run::FindParam(std::string_view key) const {
  auto* found = FindByKey(params, key);
  return found ? &found->value : nullptr;
}

const std::string* Run::FindTag(std::string_view key) const {
  auto* found = FindByKey(tags, key);
  return found ? &found->value : nullptr;
}

const Metric* Run::FindMetric(std::string_view key) const {
  return FindByKey(metrics, key);
}

}  // namespace millpond::platform
