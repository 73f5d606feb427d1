#include "data/delta/log/checkpoint_writer.h"

#include <arrow/api.h>

#include <set>

#include "base/random.h"
#include "data/arrow/status.h"
#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/log/checkpoint_rows_internal.h"
#include "data/delta/log/last_checkpoint.h"
#include "data/delta/log/log_segment.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/properties.h"
#include "data/delta/metadata/protocol.h"
#include "data/parquet/writer.h"

namespace millpond::data {
namespace {

constexpr int64_t kDefaultInterval = 10;
constexpr int64_t kDefaultRetentionMs = 7LL * 24 * 3600 * 1000;
constexpr int64_t kBatchRows = 2048;
// Small row groups: read in parallel, and one at a time when their statistics are asked for.
const ParquetWriteOptions kRowGroups = {.row_group_rows = 16 * 1024,
                                        .row_group_bytes = 16 << 20,
                                        .page_checksums = true,
                                        .whole = true};
// Of so many V2 checkpoints one has the classic name, by which clients that know no V2 find it and
// the protocol that tells them so (PROTOCOL.md, "Handling Backward compatibility …").
constexpr int64_t kClassicEvery = 10;

// What cannot be read keeps the default.
int64_t RetentionMillis(const Snapshot& snapshot) {
  const auto text = snapshot.property(property::kDeletedFileRetention);
  return text ? ParseInterval(*text).value_or(kDefaultRetentionMs) : kDefaultRetentionMs;
}

bool WantsV2(const Snapshot& snapshot) {
  const auto policy = snapshot.property(property::kCheckpointPolicy);
  return policy && EqualNames(*policy, "v2") &&
         SupportsWriterFeature(snapshot.protocol(), feature::kV2Checkpoint);
}

// Rows to a Parquet file, a small batch at a time. Others see it when it is closed.
class RowsFile {
 public:
  static Result<RowsFile> Open(const Environment& env, const std::string& path,
                               const CheckpointLayout& layout) {
    RowsFile file;
    MP_ASSIGN_OR_RETURN(file.rows_, CheckpointRows::Make(layout));
    MP_ASSIGN_OR_RETURN(file.writer_,
                        ParquetWriter::Open(env, path, file.rows_->schema(), kRowGroups));
    return file;
  }
  CheckpointRows& rows() { return *rows_; }
  Status Append(const Action& action) {
    MP_RETURN_IF_ERROR(rows_->Append(action));
    return Appended();
  }
  Status Appended() { return ++count_ % kBatchRows == 0 ? Flush() : OkStatus(); }
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

using Sink = std::function<Status(const Action&)>;

Status ForEachSmallAction(const Snapshot& snapshot, const Sink& sink) {
  MP_RETURN_IF_ERROR(sink(snapshot.protocol()));
  MP_RETURN_IF_ERROR(sink(snapshot.metadata()));
  for (const auto& [app_id, txn] : snapshot.state().txns) MP_RETURN_IF_ERROR(sink(txn));
  for (const auto& [name, domain] : snapshot.domains()) MP_RETURN_IF_ERROR(sink(domain));
  return OkStatus();
}

// Removes that have not expired and whose file is not there again. Those since the checkpoint that
// the snapshot began with are in memory; the others are read from it, one after the other.
Status ForEachTombstone(const Environment& env, const Snapshot& snapshot, const Sink& sink) {
  // Retention goes by the system's clock, as every other client of the table sees it.
  const int64_t expired_before = SystemClock().NowMillis() - RetentionMillis(snapshot);
  std::set<std::string> seen;
  auto pass_on = [&](const RemoveFile& remove, bool remember) -> Status {
    const DeletionVector* vector = remove.deletion_vector ? &*remove.deletion_vector : nullptr;
    if (remove.deletion_timestamp_ms.value_or(0) < expired_before) return OkStatus();
    if (snapshot.files().Find(remove.path, vector)) return OkStatus();
    const std::string key = FileKey(snapshot.path(), remove.path, vector);
    if (remember ? !seen.insert(key).second : seen.contains(key)) return OkStatus();
    return sink(remove);
  };
  const auto& batches = snapshot.state().tombstones;
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
    for (const auto& remove : **batch) MP_RETURN_IF_ERROR(pass_on(remove, true));
  }
  for (const auto& path : snapshot.origin().checkpoint_files) {
    MP_RETURN_IF_ERROR(ReadCheckpointRemoves(
        env, path, [&](const RemoveFile& remove) { return pass_on(remove, false); }));
  }
  return OkStatus();
}

Status ForEachFileAction(const Environment& env, const Snapshot& snapshot, const Sink& sink) {
  for (size_t i = 0; i < snapshot.files().size(); ++i) {
    if (i % kBatchRows == 0) MP_RETURN_IF_ERROR(env.cancellation.Check());
    MP_ASSIGN_OR_RETURN(const AddFile add, snapshot.files().ReadAdd(i));
    MP_RETURN_IF_ERROR(sink(add));
  }
  return ForEachTombstone(env, snapshot, sink);
}

class Writer {
 public:
  Writer(const Environment& env, const Snapshot& snapshot, int64_t sidecar_actions)
      : env_(env),
        snapshot_(snapshot),
        sidecar_actions_(sidecar_actions),
        log_(JoinPath(snapshot.path(), "_delta_log")) {
    hint_.version = snapshot.version();
    hint_.num_adds = static_cast<int64_t>(snapshot.files().size());
  }

  Result<std::vector<std::string>> Write() {
    MP_RETURN_IF_ERROR(WantsV2(snapshot_) ? WriteV2() : WriteV1());
    MP_RETURN_IF_ERROR(WriteHint());
    return std::move(paths_);
  }

 private:
  Status WriteV1() {
    const auto layout = CheckpointLayout::Of(snapshot_, CheckpointLayout::Content::kAll);
    paths_.push_back(JoinPath(log_, CheckpointFileName(snapshot_.version())));
    MP_ASSIGN_OR_RETURN(auto file, RowsFile::Open(env_, paths_.back(), layout));
    auto append = [&](const Action& action) { return file.Append(action); };
    MP_RETURN_IF_ERROR(ForEachSmallAction(snapshot_, append));
    MP_RETURN_IF_ERROR(ForEachFileAction(env_, snapshot_, append));
    hint_.actions = file.count();
    MP_ASSIGN_OR_RETURN(hint_.size_bytes, file.Close());
    return OkStatus();
  }

  Status WriteV2() {
    MP_RETURN_IF_ERROR(WriteSidecars());
    hint_.actions += 3 + static_cast<int64_t>(snapshot_.state().txns.size() +
                                              snapshot_.domains().size() + sidecars_.size());
    const int64_t interval = std::max<int64_t>(1, CheckpointInterval(snapshot_));
    const bool classic = snapshot_.version() / interval % kClassicEvery == 0;
    return classic ? WriteClassicTop() : WriteNamedTop();
  }

  Status WriteSidecars() {
    const std::string folder = JoinPath(log_, "_sidecars");
    MP_RETURN_IF_ERROR(env_.fs.CreateDirectories(folder));
    const auto layout = CheckpointLayout::Of(snapshot_, CheckpointLayout::Content::kFiles);
    std::optional<RowsFile> open;
    auto close = [&]() -> Status {
      if (!open) return OkStatus();
      hint_.actions += open->count();
      MP_ASSIGN_OR_RETURN(sidecars_.back().size_bytes, open->Close());
      hint_.size_bytes += sidecars_.back().size_bytes;
      open.reset();
      return OkStatus();
    };
    MP_RETURN_IF_ERROR(ForEachFileAction(env_, snapshot_, [&](const Action& action) -> Status {
      if (!open) {
        Sidecar sidecar{NewUuid4(env_.random) + ".parquet", 0, SystemClock().NowMillis()};
        paths_.push_back(SidecarPath(log_, sidecar.name));
        sidecars_.push_back(std::move(sidecar));
        MP_ASSIGN_OR_RETURN(open, RowsFile::Open(env_, paths_.back(), layout));
      }
      MP_RETURN_IF_ERROR(open->Append(action));
      return open->count() == sidecar_actions_ ? close() : OkStatus();
    }));
    return close();
  }

  Status WriteNamedTop() {
    std::string lines = CheckpointMetadataLine(snapshot_.version(), hint_.num_adds);
    MP_RETURN_IF_ERROR(ForEachSmallAction(snapshot_, [&](const Action& action) -> Status {
      MP_ASSIGN_OR_RETURN(const std::string line, ActionLine(action));
      lines += line;
      return OkStatus();
    }));
    for (const Sidecar& sidecar : sidecars_) lines += SidecarLine(sidecar);
    const std::string name = V2CheckpointFileName(snapshot_.version(), NewUuid4(env_.random));
    paths_.insert(paths_.begin(), JoinPath(log_, name));
    MP_RETURN_IF_ERROR(env_.fs.ReplaceFile(paths_.front(), lines));
    hint_.v2_name = name;
    hint_.v2_size_bytes = static_cast<int64_t>(lines.size());
    hint_.v2_modification_time_ms = SystemClock().NowMillis();
    hint_.size_bytes += hint_.v2_size_bytes;
    return OkStatus();
  }

  Status WriteClassicTop() {
    const auto layout = CheckpointLayout::Of(snapshot_, CheckpointLayout::Content::kTopOnly);
    paths_.insert(paths_.begin(), JoinPath(log_, CheckpointFileName(snapshot_.version())));
    MP_ASSIGN_OR_RETURN(auto file, RowsFile::Open(env_, paths_.front(), layout));
    MP_RETURN_IF_ERROR(file.rows().AppendMetadata(snapshot_.version(), hint_.num_adds));
    MP_RETURN_IF_ERROR(file.Appended());
    MP_RETURN_IF_ERROR(
        ForEachSmallAction(snapshot_, [&](const Action& action) { return file.Append(action); }));
    for (const Sidecar& sidecar : sidecars_) {
      MP_RETURN_IF_ERROR(file.rows().AppendSidecar(sidecar));
      MP_RETURN_IF_ERROR(file.Appended());
    }
    MP_ASSIGN_OR_RETURN(const int64_t bytes, file.Close());
    hint_.size_bytes += bytes;
    return OkStatus();
  }

  // Of two writers the slower one must not set the hint back.
  Status WriteHint() const {
    const std::string path = JoinPath(log_, "_last_checkpoint");
    if (const auto found = env_.fs.ReadFile(path); found.has_value()) {
      if (ParseLastCheckpoint(*found).value_or(-1) > hint_.version) return OkStatus();
    }
    return env_.fs.ReplaceFile(path, FormatLastCheckpoint(hint_));
  }

  const Environment& env_;
  const Snapshot& snapshot_;
  int64_t sidecar_actions_;
  std::string log_;
  LastCheckpoint hint_;
  std::vector<Sidecar> sidecars_;
  std::vector<std::string> paths_;
};

}  // namespace

Result<std::vector<std::string>> WriteCheckpoint(const Environment& env, const Snapshot& snapshot,
                                                 int64_t sidecar_actions) {
  return Writer(env, snapshot, sidecar_actions).Write();
}

int64_t CheckpointInterval(const Snapshot& snapshot) {
  const auto text = snapshot.property(property::kCheckpointInterval);
  return text ? std::strtoll(text->c_str(), nullptr, 10) : kDefaultInterval;
}

}  // namespace millpond::data
