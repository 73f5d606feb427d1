#include "data/delta/commit/transaction.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "data/delta/commit/commit_builder.h"
#include "data/delta/commit/conflict.h"
#include "data/delta/commit/row_remap.h"
#include "data/delta/log/replay.h"
#include "data/delta/log/table_shared.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"

namespace millpond::data {
namespace {

constexpr const char* kEngine = "Millpond/0.1.0";
// How often an unknown outcome that turns out "not written" is tried again before giving up.
constexpr int kPutTries = 3;
// An in-commit timestamp older than this when the log entry is about to get its name is drawn
// again, so many times; then the commit goes out as it is, and whoever follows it sees it late.
constexpr int64_t kMaxStampAgeMillis = 100;
constexpr int kRestamps = 5;

// Of a commit that BuildCommit made.
Micros TimeOf(const std::vector<Action>& actions) {
  return *std::get<CommitInfo>(actions.front()).timestamp_ms * kMicrosPerMilli;
}

// What the commit turns on. A version stands for more features than the one that it was raised for:
// those that the table does not use are not worth telling.
std::vector<std::string> NewFeatures(const PendingCommit& commit, const Snapshot& base) {
  const Metadata& metadata = commit.metadata ? *commit.metadata : base.metadata();
  const auto schema = Schema::FromJson(metadata.schema_json);
  const auto used = FeaturesInUse(metadata, schema ? *schema : base.schema());
  std::vector<std::string> names;
  for (const std::string& name : WriterFeatures(*commit.protocol)) {
    const bool listed = commit.protocol->min_writer_version >= 7;
    if (!HasFeature(base.protocol(), name) && (listed || used.contains(name))) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace

Transaction::Transaction(DeltaTable table, std::shared_ptr<const Snapshot> base)
    : table_(std::move(table)), base_(std::move(base)) {
  pending_.info.engine_info = kEngine;
  pending_.info.txn_id = NewUuid4(table_.environment().random);
}

Result<Transaction> Transaction::Begin(DeltaTable table) {
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  return BeginAt(std::move(table), std::move(snapshot));
}

Result<Transaction> Transaction::BeginAt(DeltaTable table,
                                         std::shared_ptr<const Snapshot> snapshot) {
  MP_RETURN_IF_ERROR(CheckWritable(snapshot->protocol(), snapshot->metadata(), snapshot->schema(),
                                   snapshot->path()));
  return Transaction(std::move(table), std::move(snapshot));
}

void Transaction::SetOperation(std::string operation, StringMap parameters) {
  pending_.info.operation = std::move(operation);
  pending_.info.operation_parameters = std::move(parameters);
}

void Transaction::SetMetrics(StringMap metrics) {
  pending_.info.operation_metrics = std::move(metrics);
}

void Transaction::SetCommitTags(StringMap tags) {
  pending_.info.tags = std::move(tags);
}

void Transaction::SetProtocol(Protocol protocol) {
  pending_.protocol = std::move(protocol);
}

void Transaction::SetMetadata(Metadata metadata) {
  pending_.metadata = std::move(metadata);
}

void Transaction::SetTxn(Txn txn) {
  if (!txn.last_updated_ms) txn.last_updated_ms = table_.environment().clock.NowMillis();
  pending_.txn = std::move(txn);
}

void Transaction::SetDomain(DomainMetadata domain) {
  pending_.domains.push_back(std::move(domain));
}

void Transaction::Add(AddFile add) {
  pending_.adds.push_back(std::move(add));
}

void Transaction::Remove(const AddFile& live, bool data_change) {
  pending_.removes.push_back(RemoveOf(live, data_change));
}

void Transaction::AddCdc(CdcFile cdc) {
  pending_.cdcs.push_back(std::move(cdc));
}

void Transaction::DeleteRows(RowDelete rows) {
  pending_.row_deletes.push_back(std::move(rows));
}

void Transaction::DependOn(std::shared_ptr<ReadDependency> dependency) {
  pending_.dependency = std::move(dependency);
}

void Transaction::DependOnWholeTable() {
  pending_.depends_on_whole_table = true;
}

Status Transaction::CheckAppendOnly() const {
  if (base_ == nullptr || !base_->metadata().IsEnabled(property::kAppendOnly)) return OkStatus();
  const bool removes = std::ranges::any_of(
      pending_.removes, [](const RemoveFile& remove) { return remove.data_change; });
  if (!removes && pending_.row_deletes.empty()) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "table {} is append-only (property {}): rows can be added, not changed or removed",
              table_.path(), property::kAppendOnly);
}

Result<std::string> Transaction::Bytes(const std::vector<Action>& actions, int64_t version) const {
  std::string bytes;
  for (const auto& action : actions) {
    MP_ASSIGN_OR_RETURN_CONTEXT(const std::string line, ActionLine(action),
                                "version {} of table {}", version, table_.path());
    bytes += line;
  }
  return bytes;
}

Result<CommitResult> Transaction::Commit() {
  const Environment& env = table_.environment();
  MP_RETURN_IF_ERROR(CheckAppendOnly());
  // Worked out once for each version below: a stamp that is drawn again changes no row.
  std::unique_ptr<PlacedRowDeletes> placed;
  for (int restamps = 0;;) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    int64_t version = base_ == nullptr ? 0 : base_->version() + 1;
    if (placed == nullptr && !pending_.row_deletes.empty()) {
      MP_ASSIGN_OR_RETURN(placed, PlaceRowDeletes(env, *base_, pending_.row_deletes));
    }
    const int64_t now_ms = env.clock.NowMillis();
    MP_ASSIGN_OR_RETURN(auto actions,
                        BuildCommit(pending_, placed.get(), base_.get(), version, now_ms));
    MP_ASSIGN_OR_RETURN(const std::string bytes, Bytes(actions, version));
    const bool stamped = std::get<CommitInfo>(actions.front()).in_commit_timestamp_ms.has_value();
    std::optional<int64_t> fresh;
    if (stamped && restamps < kRestamps) fresh = now_ms;
    auto attempt = TryCommit(version, bytes, TimeOf(actions), fresh);
    const bool written = attempt.has_value() ? *attempt == Attempt::kCommitted
                                             : attempt.error().kind() == ErrorKind::kOutcomeUnknown;
    if (placed != nullptr) placed->is_committed = written;
    MP_RETURN_IF_ERROR(attempt);
    if (*attempt == Attempt::kCommitted) return Finish(version, actions);
    if (*attempt == Attempt::kStampTooOld) {
      ++restamps;
      continue;
    }
    if (base_ == nullptr) {
      return Fail(ErrorKind::kAlreadyExists, "there is already a Delta table at {}", table_.path());
    }
    placed = nullptr;
    MP_RETURN_IF_ERROR(CatchUp());
  }
}

// Puts the version and finds out whose it is, whatever the file system answered: after an error
// the file may still be there, and a file that is already there may be our own.
Result<Transaction::Attempt> Transaction::TryCommit(int64_t version, const std::string& bytes,
                                                    Micros commit_time,
                                                    std::optional<int64_t> stamp_ms) {
  const LogStore& log = table_.shared_->log;
  const Clock& clock = table_.environment().clock;
  std::function<bool()> still_wanted;
  if (stamp_ms) {
    still_wanted = [&] { return clock.NowMillis() - *stamp_ms <= kMaxStampAgeMillis; };
  }
  Error last(ErrorKind::kInternal, "");
  for (int tries = 0; tries < kPutTries; ++tries) {
    Status put = log.PutCommit(version, bytes, commit_time, still_wanted);
    if (put.has_value()) return Attempt::kCommitted;
    last = put.error();
    if (stamp_ms && last.kind() == ErrorKind::kCancelled) return Attempt::kStampTooOld;
    bool may_be_there =
        last.kind() == ErrorKind::kAlreadyExists || last.kind() == ErrorKind::kOutcomeUnknown;
    if (!may_be_there) return std::unexpected<Error>(std::move(last));
    auto found = log.ReadCommit(version);
    if (!found.has_value()) {
      if (found.error().kind() == ErrorKind::kNotFound) continue;  // known now: not written
      return Fail(ErrorKind::kOutcomeUnknown,
                  "version {} of table {} may or may not have been written, and reading it back "
                  "failed: look at the table before repeating the {} ({}; {})",
                  version, table_.path(), pending_.info.operation, last.ToString(),
                  found.error().ToString());
    }
    auto info = ParseCommitInfo(*found, log.CommitPath(version));
    if (!info.has_value() || info->txn_id != pending_.info.txn_id) return Attempt::kLost;
    if (last.kind() == ErrorKind::kAlreadyExists) return Attempt::kCommitted;
    // Ours, but the folder's entry is not known to be on the disk yet.
    Status synced = table_.environment().fs.SyncDirectory(ParentPath(log.CommitPath(version)));
    if (synced.has_value()) return Attempt::kCommitted;
    return Fail(ErrorKind::kOutcomeUnknown,
                "version {} of table {} is written but could not be made durable: {}", version,
                table_.path(), synced.error().ToString());
  }
  return Fail(ErrorKind::kUnavailable, "version {} of table {} could not be written: {}", version,
              table_.path(), last.ToString());
}

// Goes on from the newest version, if the winners' commits allow it.
Status Transaction::CatchUp() {
  const Environment& env = table_.environment();
  const Metadata& read_metadata = base_->metadata();
  std::vector<AddFile> added;
  auto check = [&](int64_t version, std::string_view bytes) -> Status {
    std::vector<Action> winner;
    MP_RETURN_IF_ERROR(ParseCommit(bytes, table_.shared_->log.CommitPath(version), [&](Action a) {
      winner.push_back(std::move(a));
      return OkStatus();
    }));
    MP_RETURN_IF_ERROR(CheckConflict(pending_, read_metadata, table_.path(), winner, version));
    if (!pending_.row_deletes.empty()) {
      MP_RETURN_IF_ERROR(FollowRewrites(env, base_, winner, version, &pending_.row_deletes));
      MP_RETURN_IF_ERROR(
          CheckRowConflict(env, table_.path(), pending_.row_deletes, winner, version));
    }
    for (auto& add : NewRows(table_.path(), winner)) added.push_back(std::move(add));
    return OkStatus();
  };
  int64_t lost = base_->version() + 1;
  MP_ASSIGN_OR_RETURN(auto next, table_.shared_->log.Advance(base_, check));
  if (next->version() < lost) {
    return Fail(ErrorKind::kUnavailable,
                "version {} of table {} was there and is gone: read the table again", lost,
                table_.path());
  }
  MP_RETURN_IF_ERROR(CheckDependency(next, added));
  // What a winner has done already is not done again.
  if (pending_.protocol == next->protocol()) pending_.protocol.reset();
  if (pending_.metadata == next->metadata()) pending_.metadata.reset();
  if (!pending_.protocol) {
    MP_RETURN_IF_ERROR(
        CheckWritable(next->protocol(), next->metadata(), next->schema(), next->path()));
  }
  base_ = std::move(next);
  return OkStatus();
}

Status Transaction::CheckDependency(const std::shared_ptr<const Snapshot>& now,
                                    const std::vector<AddFile>& added) const {
  if (pending_.dependency == nullptr) return OkStatus();
  std::vector<size_t> files;
  for (const AddFile& add : added) {
    const DeletionVector* vector = add.deletion_vector ? &*add.deletion_vector : nullptr;
    if (auto file = now->files().Find(add.path, vector)) files.push_back(*file);
  }
  if (files.empty()) return OkStatus();
  MP_ASSIGN_OR_RETURN(const bool depends, pending_.dependency->DependsOn(now, files));
  if (!depends) return OkStatus();
  return Fail(ErrorKind::kConflict,
              "other writers committed versions {} to {} of table {} first and added rows that the "
              "{} would have touched, among them in file {}: read the table again and repeat it",
              base_->version() + 1, now->version(), table_.path(), pending_.info.operation,
              now->files().log_path(files.front()));
}

// The commit is durable: nothing from here on may turn into an error.
Result<CommitResult> Transaction::Finish(int64_t version, const std::vector<Action>& actions) {
  const LogStore& log = table_.shared_->log;
  CommitResult result;
  result.version = version;
  result.commit_time = TimeOf(actions);
  for (const auto& add : pending_.adds) {
    ++result.files;
    result.bytes += add.size_bytes;
  }
  for (const auto& deletes : pending_.row_deletes) result.rows_removed += deletes.rows.size();
  if (pending_.protocol && base_ != nullptr) result.new_features = NewFeatures(pending_, *base_);
  SnapshotOrigin origin;
  if (base_ != nullptr) origin = base_->origin();
  origin.data_roots = log.data_roots();
  auto info = log.StatCommit(version);
  LogReplay replay(table_.path(), base_ == nullptr ? TableState() : base_->state());
  Status replayed = replay.ApplyActions(actions, log.CommitPath(version));
  if (info.has_value() && replayed.has_value()) {
    origin.commit_file_size = info->size_bytes;
    origin.commit_file_modified = info->modified;
    TableState state = replay.Finish();
    result.commit_time = CommitTimeOf(replay.last_in_commit_timestamp_ms(), *state.protocol,
                                      *state.metadata, info->modified);
    auto snapshot = Snapshot::Make(table_.path(), version, result.commit_time, std::move(state),
                                   std::move(origin));
    if (snapshot.has_value()) {
      table_.Remember(*snapshot);
      CommitListener* listener = table_.shared_->listener;
      auto held = [&] {
        return listener ? listener->OldestHeldVersion((*snapshot)->metadata().id) : INT64_MAX;
      };
      if (auto rebased = table_.shared_->care.AfterCommit(table_.environment(), **snapshot,
                                                          pending_.info.txn_id, held)) {
        table_.Remember(std::move(rebased));
      }
    }
  }
  std::string table_id = pending_.metadata ? pending_.metadata->id : base_->metadata().id;
  table_.Notify(
      {std::move(table_id), table_.path(), version, result.commit_time, pending_.info.operation});
  return result;
}

}  // namespace millpond::data
