// Who may run a job now, and who schedules: locks by files, so that the kernel takes them back
// from a killed process.
#pragma once

#include <string>

#include "base/fs/file_lock.h"
#include "base/fs/filesystem.h"

namespace millpond::platform {

// kConflict: a run of the job is at work, in this process or another.
Result<FileLock> LockJob(const std::string& locks_dir, const std::string& job);

// Held by the server that schedules. kConflict: there is one. Who only asks whether there is one
// has it for a moment, so a server waits that long.
Result<FileLock> LockScheduling(const std::string& locks_dir, int max_wait_ms = 0);

}  // namespace millpond::platform
