#include "data/delta/log/log_care.h"

#include "base/log.h"
#include "data/delta/log/checkpoint_writer.h"
#include "data/delta/log/checksum.h"
#include "data/delta/log/log_cleanup.h"
#include "data/delta/log/log_compaction.h"
#include "data/delta/log/log_segment.h"
#include "data/delta/log/log_store.h"

namespace millpond::data {
namespace {

template <typename T>
bool Succeeded(const Snapshot& snapshot, std::string_view what, const Result<T>& result) {
  if (result.has_value()) return true;
  LogWarn("data", "no {} of version {} of {}: {}", what, snapshot.version(), snapshot.path(),
          result.error().ToString());
  return false;
}

// The same version, resting on a checkpoint.
std::shared_ptr<const Snapshot> Rebase(const Snapshot& snapshot, std::vector<std::string> files) {
  SnapshotOrigin origin = snapshot.origin();
  origin.checkpoint_version = snapshot.version();
  origin.checkpoint_files = std::move(files);
  TableState state = snapshot.state();
  state.tombstones.clear();
  return Snapshot::Make(snapshot.path(), snapshot.version(), snapshot.commit_time(),
                        std::move(state), std::move(origin))
      .value_or(nullptr);
}

bool IsDue(const Snapshot& snapshot, int64_t interval) {
  return interval > 0 && snapshot.version() > 0 && snapshot.version() % interval == 0;
}

}  // namespace

std::shared_ptr<const Snapshot> LogCare::Checkpoint(const Environment& env,
                                                    const Snapshot& snapshot,
                                                    const std::function<int64_t()>& oldest_held) {
  auto written = WriteCheckpoint(env, snapshot);
  if (!written.has_value() && written.error().kind() == ErrorKind::kNotFound) {
    // Another's clean-up has removed what the snapshot began with: begin with what is there now.
    auto again =
        LogStore(env, snapshot.path(), snapshot.origin().data_roots).Load(snapshot.version());
    if (again.has_value()) written = WriteCheckpoint(env, **again);
  }
  if (!Succeeded(snapshot, "checkpoint", written)) return nullptr;
  CleanUp(env, snapshot, oldest_held);
  return Rebase(snapshot, std::move(*written));
}

void LogCare::CleanUp(const Environment& env, const Snapshot& snapshot,
                      const std::function<int64_t()>& oldest_held) {
  const std::pair now = {LogCutOf(env, snapshot), SystemClock().Now() / kMicrosPerDay};
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(cleaned_up_, now) == now) return;
  }
  if (!Succeeded(snapshot, "clean-up of the log", CleanUpLog(env, snapshot, oldest_held()))) {
    std::lock_guard lock(mutex_);
    cleaned_up_ = {-1, -1};
  }
}

Status WriteChecksum(const Environment& env, const Snapshot& snapshot, const std::string& txn_id) {
  MP_ASSIGN_OR_RETURN(const std::string text, FormatChecksum(snapshot, txn_id));
  const std::string log = JoinPath(snapshot.path(), "_delta_log");
  const std::string path = JoinPath(log, ChecksumFileName(snapshot.version()));
  if (path.find("://") != path.npos) return env.fs.PutIfAbsent(path, text);
  // PutIfAbsent without its two syncs, which would cost a commit as much again.
  const std::string temporary = JoinPath(log, fmt::format("._tmp.{:016x}", env.random.Next()));
  auto write = [&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto file, env.fs.Create(temporary));
    MP_RETURN_IF_ERROR(file->Append(text));
    MP_RETURN_IF_ERROR(file->Close());
    return env.fs.Link(temporary, path);
  };
  Status written = write();
  (void)env.fs.Remove(temporary);  // best effort; readers skip it
  return written;
}

std::shared_ptr<const Snapshot> LogCare::AfterCommit(const Environment& env,
                                                     const Snapshot& snapshot,
                                                     const std::string& txn_id,
                                                     const std::function<int64_t()>& oldest_held) {
  const Status checksum = WriteChecksum(env, snapshot, txn_id);
  if (!checksum.has_value() && checksum.error().kind() != ErrorKind::kAlreadyExists) {
    (void)Succeeded(snapshot, "checksum", checksum);
  }
  if (const int64_t interval = LogCompactionInterval(snapshot); IsDue(snapshot, interval)) {
    const int64_t first = snapshot.version() - interval + 1;
    if (first < snapshot.version()) {
      (void)Succeeded(snapshot, "log compaction",
                      WriteCompacted(env, snapshot.path(), first, snapshot.version()));
    }
  }
  if (!IsDue(snapshot, CheckpointInterval(snapshot))) return nullptr;
  return Checkpoint(env, snapshot, oldest_held);
}

}  // namespace millpond::data
