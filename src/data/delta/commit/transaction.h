// One atomic change of a table: actions are collected against the snapshot that was read, then
// committed as the next version. A lost race re-reads only what is newer, checks it against the
// rules of conflict.h and tries again on top of it. What depends on the version (in-commit
// timestamp, row ids, high-water mark) is filled in at each attempt.
//
//   MP_ASSIGN_OR_RETURN(auto transaction, Transaction::Begin(table));
//   transaction.SetOperation("DELETE", {{"predicate", text}});
//   transaction.DeleteRows({file, rows});
//   transaction.DependOn(predicate);
//   MP_ASSIGN_OR_RETURN(auto result, transaction.Commit());
//
// An in-commit timestamp is the moment from which others may count on seeing the commit, so it must
// not be old when the log entry gets its name: a writer that stalls between the two (a slow fsync)
// draws a new one and writes again, a bounded number of times.
//
// Used by one thread. After Commit, whatever it returned, the transaction is spent; kConflict means
// that nothing was written, kOutcomeUnknown that the log could not be read back to know.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/delta/commit/row_deletes.h"
#include "data/delta/commit/write.h"
#include "data/delta/log/table.h"

namespace millpond::data {

// What an outcome depends on besides the rows that it touches: a DELETE would also have taken the
// rows that another writer added meanwhile, where they match its predicate.
class ReadDependency {
 public:
  virtual ~ReadDependency() = default;
  // Could the rows of these files (indices into now->files()), which were added since the read,
  // have changed the outcome?
  virtual Result<bool> DependsOn(const std::shared_ptr<const Snapshot>& now,
                                 const std::vector<size_t>& added) = 0;
};

// The parts of a commit before version-dependent values are filled in.
struct PendingCommit {
  CommitInfo info;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::optional<Txn> txn;
  std::vector<DomainMetadata> domains;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  std::vector<CdcFile> cdcs;
  std::vector<RowDelete> row_deletes;
  std::shared_ptr<ReadDependency> dependency;  // null: none, or the whole table
  bool depends_on_whole_table = false;

  // Adds rows and depends on nothing it read.
  bool IsBlindAppend() const {
    return !depends_on_whole_table && dependency == nullptr && removes.empty() &&
           row_deletes.empty() && !protocol && !metadata;
  }
};

class Transaction {
 public:
  // On the latest snapshot. kUnsupported: a writer feature that Millpond does not write.
  static Result<Transaction> Begin(DeltaTable table);
  // On a snapshot read before.
  static Result<Transaction> BeginAt(DeltaTable table, std::shared_ptr<const Snapshot> snapshot);

  const Snapshot& snapshot() const { return *base_; }

  void SetOperation(std::string operation, StringMap parameters = {});
  void SetMetrics(StringMap metrics);
  void SetCommitTags(StringMap tags);
  void SetProtocol(Protocol protocol);
  void SetMetadata(Metadata metadata);
  void SetTxn(Txn txn);
  void SetDomain(DomainMetadata domain);
  void Add(AddFile add);
  // The whole remove action for a live file of the snapshot, with its time filled in.
  void Remove(const AddFile& live, bool data_change = true);
  void AddCdc(CdcFile cdc);
  // Some rows of a live file go. At most once for a file; not together with Remove of it.
  void DeleteRows(RowDelete rows);
  void DependOn(std::shared_ptr<ReadDependency> dependency);
  // The outcome depends on every file of the snapshot: any concurrent change of files conflicts.
  void DependOnWholeTable();

  Result<CommitResult> Commit();

 private:
  friend class NewTable;
  Transaction(DeltaTable table, std::shared_ptr<const Snapshot> base);

  enum class Attempt { kCommitted, kLost, kStampTooOld };
  // `stamp_ms`: the in-commit timestamp in the bytes, if it must be fresh.
  Result<Attempt> TryCommit(int64_t version, const std::string& bytes, Micros commit_time,
                            std::optional<int64_t> stamp_ms);
  Status CheckAppendOnly() const;
  Result<std::string> Bytes(const std::vector<Action>& actions, int64_t version) const;
  Status CatchUp();
  Status CheckDependency(const std::shared_ptr<const Snapshot>& now,
                         const std::vector<AddFile>& added) const;
  Result<CommitResult> Finish(int64_t version, const std::vector<Action>& actions);

  DeltaTable table_;
  std::shared_ptr<const Snapshot> base_;  // null before version 0
  PendingCommit pending_;
};

}  // namespace millpond::data
