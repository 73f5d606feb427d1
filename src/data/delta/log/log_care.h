// What follows a commit in its log: the version's checksum, and every so many versions a
// checkpoint, a log compaction and the clean-up of what has expired. All of it is for others' speed
// and for checking: it runs after the commit is durable, is logged when it fails, and fails
// nothing.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/environment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

// Of one table, as long as it is open. Thread-safe.
class LogCare {
 public:
  // `txn_id`: of the commit that made this version. `oldest_held` is asked before a clean-up: no
  // version from it on is lost. Gives the same version back as read from a new
  // checkpoint, so that old tombstones need not be kept; null if none was written.
  std::shared_ptr<const Snapshot> AfterCommit(const Environment& env, const Snapshot& snapshot,
                                              const std::string& txn_id,
                                              const std::function<int64_t()>& oldest_held);

 private:
  std::shared_ptr<const Snapshot> Checkpoint(const Environment& env, const Snapshot& snapshot,
                                             const std::function<int64_t()>& oldest_held);
  void CleanUp(const Environment& env, const Snapshot& snapshot,
               const std::function<int64_t()>& oldest_held);

  // What has expired changes once a day (log_cleanup.h), and to list a long log takes its time.
  // What could go earlier, as a version is let go, goes the next day.
  std::mutex mutex_;
  std::pair<Micros, Micros> cleaned_up_ = {-1, -1};  // the cut, and the system's day
};

// `<version>.crc`, put if absent and not made durable: it is never needed, and a torn one is passed
// over. kAlreadyExists: somebody else's is there.
Status WriteChecksum(const Environment& env, const Snapshot& snapshot, const std::string& txn_id);

}  // namespace millpond::data
