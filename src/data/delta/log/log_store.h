// The log of one table on a file system: the only place of data/delta that reads or writes
// _delta_log, checkpoints' contents apart. A commit is durable when PutCommit returns (design,
// "Durable local commit").
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/environment.h"
#include "data/delta/log/log_segment.h"
#include "data/delta/log/snapshot.h"

namespace millpond::data {

class LogStore {
 public:
  LogStore(const Environment& env, std::string table_path, DataRoots roots);

  const std::string& table_path() const { return table_path_; }
  const DataRoots& data_roots() const { return data_roots_; }
  std::string CommitPath(int64_t version) const;

  Result<LogListing> List() const;  // kNotFound: no _delta_log
  Result<std::string> ReadCommit(int64_t version) const;
  // kAlreadyExists: the version is taken, by another or by an earlier try of ours.
  // kOutcomeUnknown: read the version back. kCancelled: `still_wanted`, asked last, said no. The
  // file's time is the commit's, by the project's clock: a plain table has no other. An object
  // store sets the time itself, by its clock: there a table had better have in-commit timestamps.
  Status PutCommit(int64_t version, std::string_view bytes, Micros commit_time,
                   const std::function<bool()>& still_wanted = nullptr) const;
  Result<FileInfo> StatCommit(int64_t version) const;

  // Replays the log to `target` (nullopt: the latest). A compacted file or a checkpoint that lacks
  // a part, cannot be read or disagrees with the version's checksum is passed over with a warning,
  // for the commits themselves or an older checkpoint, if they are there. Where every way disagrees
  // with the checksum, that is told in a warning. The latest version is sought from the checkpoint
  // on that _last_checkpoint names; whatever does not work out there, in all of the log.
  Result<std::shared_ptr<const Snapshot>> Load(std::optional<int64_t> target) const;
  // The latest snapshot, reading only commits after `known`. Gives `known` back if there is none.
  // `visit` sees the bytes of each newer commit first and may stop by an error; where the commits
  // after `known` are not there any more, that is kConflict.
  using CommitVisitor = std::function<Status(int64_t version, std::string_view bytes)>;
  Result<std::shared_ptr<const Snapshot>> Advance(std::shared_ptr<const Snapshot> known,
                                                  const CommitVisitor& visit = nullptr) const;

  // Refuses, by name, a file system on which two writers could both win: probes that a hard link,
  // or an object store's conditional put, refuses to replace an existing file.
  Status ProbePutIfAbsent() const;

 private:
  Result<std::shared_ptr<const Snapshot>> LoadListed(const LogListing& listing,
                                                     std::optional<int64_t> target) const;
  // Null: not that way. `hinted`: the version that _last_checkpoint names, if it does.
  std::shared_ptr<const Snapshot> LoadFromHint(std::optional<int64_t>* hinted) const;
  enum class Blame { kCheckpoint, kCompacted, kCommit };  // what was read when it went wrong
  Result<std::shared_ptr<const Snapshot>> LoadSegment(const LogSegment& segment,
                                                      Blame* blame) const;
  Result<Micros> FindCommitTime(const LogSegment& segment, const TableState& state,
                                std::optional<int64_t> timestamp_ms, SnapshotOrigin* origin) const;
  // kCorrupt: the version's checksum file is there and says something else.
  Status CheckAgainstChecksum(const Snapshot& snapshot) const;

  Environment env_;
  std::string table_path_;
  std::string log_path_;
  DataRoots data_roots_;  // for the snapshots
};

// When a version was committed: its in-commit timestamp where the table has them, else the time of
// its log file, cut to milliseconds as other clients see it.
Micros CommitTimeOf(std::optional<int64_t> in_commit_timestamp_ms, const Protocol& protocol,
                    const Metadata& metadata, Micros file_modified);

}  // namespace millpond::data
