#include "platform/jobs/job_lock.h"

namespace millpond::platform {

Result<FileLock> LockJob(const std::string& locks_dir, const std::string& job) {
  return FileLock::TryAcquire(JoinPath(locks_dir, job + ".lock"),
                              fmt::format("run of job {}", job));
}

Result<FileLock> LockScheduling(const std::string& locks_dir, int max_wait_ms) {
  // No job has a name with a blank.
  return FileLock::Acquire(JoinPath(locks_dir, "scheduler of jobs.lock"),
                           "scheduler of this project's jobs", {.max_ms = max_wait_ms});
}

}  // namespace millpond::platform
