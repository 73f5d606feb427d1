#include "data/delta/checkpoint_writer.h"

#include <arrow/api.h>

#include <set>

#include "base/json.h"
#include "base/log.h"
#include "data/arrow/status.h"
#include "data/delta/checkpoint_reader.h"
#include "data/delta/checkpoint_rows_internal.h"
#include "data/delta/log_segment.h"
#include "data/delta/properties.h"
#include "data/delta/protocol.h"
#include "data/parquet/writer.h"

namespace millpond::data {
namespace {

constexpr int64_t kDefaultInterval = 10;
constexpr int64_t kDefaultRetentionMs = 7LL * 24 * 3600 * 1000;
constexpr int64_t kBatchRows = 4096;

// What cannot be read keeps the default.
int64_t RetentionMillis(const Snapshot& snapshot) {
  const auto text = snapshot.property(property::kDeletedFileRetention);
  return text ? ParseInterval(*text).value_or(kDefaultRetentionMs) : kDefaultRetentionMs;
}

// Writes rows to the file in batches.
class CheckpointFile {
 public:
  static Result<CheckpointFile> Open(const Environment& env, const std::string& path) {
    CheckpointFile file;
    MP_ASSIGN_OR_RETURN(file.writer_, ParquetWriter::Open(env, path, CheckpointRows::Schema()));
    MP_ASSIGN_OR_RETURN(file.rows_, CheckpointRows::Make());
    return file;
  }
  Status Append(const Action& action) {
    MP_RETURN_IF_ERROR(rows_->Append(action));
    ++count_;
    return count_ % kBatchRows == 0 ? Flush() : OkStatus();
  }
  Result<int64_t> Close() {
    MP_RETURN_IF_ERROR(Flush());
    return writer_->Close();
  }
  int64_t count() const { return count_; }

 private:
  Status Flush() {
    MP_ASSIGN_OR_RETURN(auto batch, rows_->Finish());
    return writer_->Write(*batch);
  }
  std::unique_ptr<ParquetWriter> writer_;
  std::unique_ptr<CheckpointRows> rows_;
  int64_t count_ = 0;
};

// Removes that have not expired and whose file is not there again.
Status AppendTombstones(const Environment& env, const Snapshot& snapshot, CheckpointFile& file) {
  // Retention goes by the system's clock, as every other client of the table sees it.
  int64_t expired_before = SystemClock().NowMillis() - RetentionMillis(snapshot);
  std::set<std::string> seen;
  auto append = [&](const RemoveFile& remove) -> Status {
    const DeletionVector* vector = remove.deletion_vector ? &*remove.deletion_vector : nullptr;
    if (remove.deletion_timestamp_ms.value_or(0) < expired_before) return OkStatus();
    if (snapshot.files().Find(remove.path, vector)) return OkStatus();
    if (!seen.insert(FileKey(snapshot.path(), remove.path, vector)).second) return OkStatus();
    RemoveFile kept = remove;
    kept.data_change = false;
    return file.Append(kept);
  };
  const auto& batches = snapshot.state().tombstones;
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
    for (const auto& remove : **batch) MP_RETURN_IF_ERROR(append(remove));
  }
  for (const auto& path : snapshot.origin().checkpoint_files) {
    MP_RETURN_IF_ERROR(ReadCheckpointRemoves(env, path, append));
  }
  return OkStatus();
}

Result<int64_t> WriteActions(const Environment& env, const Snapshot& snapshot,
                             const std::string& path, int64_t* bytes) {
  MP_ASSIGN_OR_RETURN(auto file, CheckpointFile::Open(env, path));
  MP_RETURN_IF_ERROR(file.Append(snapshot.protocol()));
  MP_RETURN_IF_ERROR(file.Append(snapshot.metadata()));
  for (const auto& [app_id, txn] : snapshot.state().txns) MP_RETURN_IF_ERROR(file.Append(txn));
  for (const auto& [name, domain] : snapshot.domains()) MP_RETURN_IF_ERROR(file.Append(domain));
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    AddFile add = snapshot.files().add(i);
    add.data_change = false;
    MP_RETURN_IF_ERROR(file.Append(add));
  }
  MP_RETURN_IF_ERROR(AppendTombstones(env, snapshot, file));
  MP_ASSIGN_OR_RETURN(*bytes, file.Close());
  return file.count();
}

// Temporary files that a killed writer left: after a day nobody will finish them.
void RemoveLeftOvers(const Environment& env, const std::string& log) {
  const auto files = env.fs.List(log);
  if (!files.has_value()) return;
  const Micros old = SystemClock().Now() - kMicrosPerDay;
  for (const auto& file : *files) {
    if (!FileName(file.path).starts_with("._tmp.") || file.modified > old) continue;
    (void)env.fs.Remove(file.path);  // best effort: readers pass them over
  }
}

}  // namespace

Status WriteCheckpoint(const Environment& env, const Snapshot& snapshot) {
  std::string log = JoinPath(snapshot.path(), "_delta_log");
  std::string temporary = JoinPath(log, fmt::format("._tmp.{:016x}", env.random.Next()));
  int64_t bytes = 0;
  auto actions = WriteActions(env, snapshot, temporary, &bytes);
  Status renamed = OkStatus();
  if (actions.has_value()) {
    renamed = env.fs.Rename(temporary, JoinPath(log, CheckpointFileName(snapshot.version())));
  }
  if (!actions.has_value() || !renamed.has_value()) {
    (void)env.fs.Remove(temporary);  // best effort; readers skip it
    MP_RETURN_IF_ERROR(actions);
    return renamed;
  }
  MP_RETURN_IF_ERROR(env.fs.SyncDirectory(log));
  Json hint{{"version", snapshot.version()},
            {"size", *actions},
            {"sizeInBytes", bytes},
            {"numOfAddFiles", snapshot.files().size()}};
  return env.fs.ReplaceFile(JoinPath(log, "_last_checkpoint"), DumpJson(hint));
}

std::shared_ptr<const Snapshot> CheckpointIfDue(const Environment& env, const Snapshot& snapshot) {
  int64_t interval = kDefaultInterval;
  if (auto text = snapshot.property(property::kCheckpointInterval)) {
    interval = std::strtoll(text->c_str(), nullptr, 10);
  }
  if (interval <= 0 || snapshot.version() == 0 || snapshot.version() % interval != 0)
    return nullptr;
  if (Status written = WriteCheckpoint(env, snapshot); !written.has_value()) {
    LogWarn("data", "no checkpoint of version {} of {}: {}", snapshot.version(), snapshot.path(),
            written.error().ToString());
    return nullptr;
  }
  RemoveLeftOvers(env, JoinPath(snapshot.path(), "_delta_log"));
  SnapshotOrigin origin = snapshot.origin();
  origin.checkpoint_version = snapshot.version();
  origin.checkpoint_files = {
      fmt::format("{}/_delta_log/{}", snapshot.path(), CheckpointFileName(snapshot.version()))};
  TableState state = snapshot.state();
  state.tombstones.clear();
  return Snapshot::Make(snapshot.path(), snapshot.version(), snapshot.commit_time(),
                        std::move(state), std::move(origin))
      .value_or(nullptr);
}

}  // namespace millpond::data
