#include "data/delta/log/log_store.h"

#include "base/log.h"
#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/log/checksum.h"
#include "data/delta/log/last_checkpoint.h"
#include "data/delta/log/replay.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {

LogStore::LogStore(const Environment& env, std::string table_path, DataRoots roots)
    : env_(env),
      table_path_(std::move(table_path)),
      log_path_(JoinPath(table_path_, "_delta_log")),
      data_roots_(std::move(roots)) {}

std::string LogStore::CommitPath(int64_t version) const {
  return JoinPath(log_path_, CommitFileName(version));
}

Result<LogListing> LogStore::List() const {
  auto files = env_.fs.List(log_path_);
  if (!files.has_value()) {
    if (files.error().kind() != ErrorKind::kNotFound) {
      return std::unexpected<Error>(std::move(files).error());
    }
    return Fail(ErrorKind::kNotFound, "no Delta table at {}: there is no _delta_log folder",
                table_path_);
  }
  return MakeLogListing(*files);
}

Result<std::string> LogStore::ReadCommit(int64_t version) const {
  return env_.fs.ReadFile(CommitPath(version));
}

Status LogStore::PutCommit(int64_t version, std::string_view bytes, Micros commit_time,
                           const std::function<bool()>& still_wanted) const {
  // Below the millisecond, which nobody reads, something of the bytes: where the clock stands
  // still, a log that was made anew is still told from the one before it (Advance).
  auto mark = static_cast<Micros>(std::hash<std::string_view>()(bytes) % kMicrosPerMilli);
  return env_.fs.PutIfAbsent(CommitPath(version), bytes, still_wanted, commit_time + mark);
}

Result<FileInfo> LogStore::StatCommit(int64_t version) const {
  return env_.fs.StatFile(CommitPath(version));
}

Micros CommitTimeOf(std::optional<int64_t> in_commit_timestamp_ms, const Protocol& protocol,
                    const Metadata& metadata, Micros file_modified) {
  if (in_commit_timestamp_ms && InCommitTimestampsEnabled(protocol, metadata)) {
    return *in_commit_timestamp_ms * kMicrosPerMilli;
  }
  return file_modified / kMicrosPerMilli * kMicrosPerMilli;
}

// When the last version of a segment was committed, and what tells its log file from another one.
Result<Micros> LogStore::FindCommitTime(const LogSegment& segment, const TableState& state,
                                        std::optional<int64_t> timestamp_ms,
                                        SnapshotOrigin* origin) const {
  Micros modified = 0;
  const bool is_last_read = !segment.commits.empty() && !segment.commits.back().compacted();
  if (is_last_read) {
    modified = segment.commits.back().file.modified;
    origin->commit_file_size = segment.commits.back().file.size_bytes;
    origin->commit_file_modified = modified;
  } else if (auto info = StatCommit(segment.version); info.has_value()) {
    // A checkpoint or a compacted file ends at the very version; its commit still tells the time.
    modified = info->modified;
    origin->commit_file_size = info->size_bytes;
    origin->commit_file_modified = modified;
    MP_ASSIGN_OR_RETURN(std::string bytes, ReadCommit(segment.version));
    MP_ASSIGN_OR_RETURN(auto commit_info, ParseCommitInfo(bytes, CommitPath(segment.version)));
    timestamp_ms = commit_info.in_commit_timestamp_ms;
  } else if (!segment.commits.empty()) {
    modified = segment.commits.back().file.modified;
  } else if (auto checkpoint = env_.fs.Stat(segment.checkpoint_files.front());
             checkpoint.has_value()) {
    modified = checkpoint->modified;
  }
  if (!state.protocol || !state.metadata) return modified;
  return CommitTimeOf(timestamp_ms, *state.protocol, *state.metadata, modified);
}

Result<std::shared_ptr<const Snapshot>> LogStore::LoadSegment(const LogSegment& segment,
                                                              Blame* blame) const {
  LogReplay replay(table_path_, TableState());
  SnapshotOrigin origin;
  origin.data_roots = data_roots_;
  origin.checkpoint_version = segment.checkpoint_version;
  *blame = Blame::kCheckpoint;
  if (segment.checkpoint_version >= 0) {
    MP_ASSIGN_OR_RETURN(
        auto checkpoint,
        ReadCheckpoint(env_, table_path_, segment.checkpoint_version, segment.checkpoint_files));
    origin.checkpoint_files = std::move(checkpoint.paths);
    MP_RETURN_IF_ERROR(
        replay.ApplyCheckpoint(std::move(checkpoint.actions), std::move(checkpoint.files)));
  }
  for (const auto& commit : segment.commits) {
    *blame = commit.compacted() ? Blame::kCompacted : Blame::kCommit;
    MP_RETURN_IF_ERROR(env_.cancellation.Check());
    MP_ASSIGN_OR_RETURN(std::string bytes, env_.fs.ReadFile(commit.file.path));
    MP_RETURN_IF_ERROR(replay.ApplyCommit(bytes, commit.file.path));
  }
  *blame = segment.checkpoint_version >= 0 ? Blame::kCheckpoint : Blame::kCommit;
  const auto timestamp_ms = replay.last_in_commit_timestamp_ms();
  TableState state = replay.Finish();
  MP_ASSIGN_OR_RETURN(const Micros time, FindCommitTime(segment, state, timestamp_ms, &origin));
  return Snapshot::Make(table_path_, segment.version, time, std::move(state), std::move(origin));
}

Status LogStore::CheckAgainstChecksum(const Snapshot& snapshot) const {
  const std::string path = JoinPath(log_path_, ChecksumFileName(snapshot.version()));
  auto bytes = env_.fs.ReadFile(path);
  if (!bytes.has_value() || bytes->empty()) return OkStatus();  // empty: power was lost
  auto checksum = ParseChecksum(*bytes, path);
  if (checksum.has_value()) return VerifyChecksum(*checksum, snapshot);
  LogWarn("data", "passed over: {}", checksum.error().ToString());
  return OkStatus();
}

Result<std::shared_ptr<const Snapshot>> LogStore::Load(std::optional<int64_t> target) const {
  std::optional<int64_t> hinted;
  if (!target) {
    if (auto snapshot = LoadFromHint(&hinted)) return snapshot;
  }
  MP_ASSIGN_OR_RETURN(const auto listing, List());
  auto snapshot = LoadListed(listing, target);
  if (snapshot.has_value() && hinted && !listing.checkpoints.contains(*hinted)) {
    // One that is there and no good is told of where it is read.
    const int64_t instead = (*snapshot)->origin().checkpoint_version;
    LogWarn(
        "data",
        "the checkpoint of version {} that _last_checkpoint of table {} names is not there, or "
        "not all of it: read {} instead",
        *hinted, table_path_,
        instead < 0 ? "the commits from version 0" : fmt::format("that of version {}", instead));
  }
  return snapshot;
}

// A log keeps weeks of commits: listing them all would cost more than reading the newest.
std::shared_ptr<const Snapshot> LogStore::LoadFromHint(std::optional<int64_t>* hinted) const {
  const auto hint = env_.fs.ReadFile(JoinPath(log_path_, "_last_checkpoint"));
  if (!hint.has_value()) return nullptr;
  const auto version = ParseLastCheckpoint(*hint);
  if (!version.has_value()) return nullptr;
  *hinted = *version;
  const auto files = env_.fs.ListFrom(log_path_, fmt::format("{:020}", *version));
  if (!files.has_value()) return nullptr;
  const LogListing listing = MakeLogListing(*files);
  auto segment = SelectLogSegment(listing, table_path_, std::nullopt);
  if (!segment.has_value() || segment->checkpoint_version < 0) return nullptr;
  Blame blame = Blame::kCheckpoint;
  auto snapshot = LoadSegment(*segment, &blame);
  if (!snapshot.has_value()) return nullptr;
  if (listing.checksums.contains(segment->version) &&
      !CheckAgainstChecksum(**snapshot).has_value()) {
    return nullptr;
  }
  return *snapshot;
}

Result<std::shared_ptr<const Snapshot>> LogStore::LoadListed(const LogListing& listing,
                                                             std::optional<int64_t> target) const {
  SegmentChoice choice;
  std::optional<Error> first;                // what was wrong with the newest way
  std::shared_ptr<const Snapshot> doubtful;  // read, but not what the checksum says
  while (true) {
    auto segment = SelectLogSegment(listing, table_path_, target, choice);
    if (!segment.has_value()) {
      if (!first) return std::unexpected<Error>(std::move(segment).error());
      break;  // the first error says what is wrong
    }
    Blame blame = Blame::kCheckpoint;
    auto snapshot = LoadSegment(*segment, &blame);
    Status sound = OkStatus();
    if (!snapshot.has_value()) {
      sound = std::unexpected(snapshot.error());
    } else if (listing.checksums.contains(segment->version)) {
      sound = CheckAgainstChecksum(**snapshot);
    }
    if (sound.has_value()) {
      if (first) {
        LogWarn("data", "passed over a bad file in the log of {}: {}", table_path_,
                first->ToString());
      }
      return snapshot;
    }
    const ErrorKind kind = sound.error().kind();
    if (kind == ErrorKind::kCancelled ||
        (!snapshot.has_value() && kind == ErrorKind::kUnsupported)) {
      return std::unexpected<Error>(std::move(sound).error());
    }
    const bool had_doubts = doubtful != nullptr;
    if (snapshot.has_value() && !had_doubts) doubtful = *snapshot;
    if (!first) first = std::move(sound).error();
    // Another way around: commits one by one, then an older checkpoint. A commit has no other, and
    // two ways that agree are right whatever the checksum says.
    if (had_doubts || (!snapshot.has_value() && blame == Blame::kCommit)) break;
    if (choice.use_compacted && segment->UsesCompacted() &&
        (snapshot.has_value() || blame != Blame::kCheckpoint)) {
      choice.use_compacted = false;
    } else if (segment->checkpoint_version < 0) {
      break;
    } else {
      ++choice.skip_checkpoints;
    }
  }
  if (doubtful == nullptr) return std::unexpected<Error>(std::move(*first));
  LogWarn("data", "{}", first->ToString());
  return doubtful;
}

Result<std::shared_ptr<const Snapshot>> LogStore::Advance(std::shared_ptr<const Snapshot> known,
                                                          const CommitVisitor& visit) const {
  // Log clean-up removes a prefix, so as long as the known version's own file is there unchanged,
  // nothing after it has been cleaned away, and the first version missing is the end.
  const auto& origin = known->origin();
  auto own = StatCommit(known->version());
  if (!own.has_value() || own->size_bytes != origin.commit_file_size ||
      own->modified != origin.commit_file_modified) {
    if (visit != nullptr) {
      return Fail(ErrorKind::kConflict,
                  "version {} of table {} has been cleaned away or replaced: read the table again",
                  known->version(), table_path_);
    }
    return Load(std::nullopt);
  }
  std::optional<LogReplay> replay;
  int64_t version = known->version();
  SnapshotOrigin next_origin = origin;
  while (true) {
    auto info = StatCommit(version + 1);
    if (!info.has_value()) {
      if (info.error().kind() == ErrorKind::kNotFound) break;
      return std::unexpected<Error>(std::move(info).error());
    }
    MP_ASSIGN_OR_RETURN(std::string bytes, ReadCommit(version + 1));
    if (visit != nullptr) MP_RETURN_IF_ERROR(visit(version + 1, bytes));
    if (!replay) replay.emplace(table_path_, known->state());
    MP_RETURN_IF_ERROR(replay->ApplyCommit(bytes, CommitPath(version + 1)));
    next_origin.commit_file_size = info->size_bytes;
    next_origin.commit_file_modified = info->modified;
    ++version;
  }
  if (!replay) return known;
  auto timestamp_ms = replay->last_in_commit_timestamp_ms();
  TableState state = replay->Finish();
  Micros time = CommitTimeOf(timestamp_ms, *state.protocol, *state.metadata,
                             next_origin.commit_file_modified);
  MP_ASSIGN_OR_RETURN(auto next, Snapshot::Make(table_path_, version, time, std::move(state),
                                                std::move(next_origin)));
  // A log that does not add up is read anew, where there is more than one way to go.
  if (visit == nullptr && !CheckAgainstChecksum(*next).has_value()) return Load(version);
  return next;
}

Status LogStore::ProbePutIfAbsent() const {
  std::string name = JoinPath(log_path_, fmt::format("._tmp.probe.{:016x}", env_.random.Next()));
  if (Status first = env_.fs.PutIfAbsent(name, "probe"); !first.has_value()) {
    if (first.error().kind() != ErrorKind::kOutcomeUnknown) return first;
    (void)env_.fs.Remove(name);
    return Fail(
        ErrorKind::kUnsupported,
        "the file system at {} cannot make hard links durably, which safe commits need: put "
        "the table on another file system ({})",
        table_path_, first.error().ToString());
  }
  Status again = env_.fs.PutIfAbsent(name, "again");
  (void)env_.fs.Remove(name);  // a left-over probe is skipped by readers
  if (!again.has_value() && again.error().kind() == ErrorKind::kAlreadyExists) return OkStatus();
  if (!again.has_value()) return again;
  return Fail(ErrorKind::kUnsupported,
              "the file system at {} lets a hard link or a conditional put replace a file, so two "
              "writers could both win: put the table on another file system",
              table_path_);
}

}  // namespace millpond::data
