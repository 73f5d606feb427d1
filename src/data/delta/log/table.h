// A Delta table at a path: its versions, and the door to writing it (write.h, transaction.h). A
// DeltaTable is a handle; copies share the cached latest snapshot. Thread-safe. It holds no lock on
// the table: other processes, and other programs that commit by put-if-absent, may write it too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/row_expressions.h"

namespace millpond::data {

struct CreateOptions {
  Schema schema;
  std::vector<std::string> partition_columns;
  std::vector<std::string> clustering_columns = {};  // not together with partition columns
  StringMap properties;  // table properties, "delta.…" or the caller's own
  std::string operation = "CREATE TABLE";
  std::optional<std::string> name;
  std::optional<std::string> description;
};

struct HistoryEntry {
  int64_t version = 0;
  Micros timestamp = 0;
  std::string operation;  // "" where the commit does not say
  StringMap parameters;
  StringMap metrics;
  StringMap tags;
  std::string engine_info;
};

// Told to listeners after a commit is durable, on the committing thread. Listeners must not throw
// and may miss commits of other processes: those are found by reading the log.
struct CommitEvent {
  std::string table_id;
  std::string table_path;
  int64_t version = 0;
  Micros commit_time = 0;
  std::string operation;
};

class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void OnCommit(const CommitEvent& event) = 0;
  // Log clean-up keeps what this version and those after it need. INT64_MAX: none is held.
  virtual int64_t OldestHeldVersion(const std::string& /*table_id*/) { return INT64_MAX; }
};

class DeltaTable {
 public:
  // kNotFound: no Delta log there. kUnsupported: refused by the name of a feature.
  // `roots`: where, besides the table's folder, its log may send readers.
  static Result<DeltaTable> Open(const Environment& env, std::string path,
                                 DataRoots roots = nullptr);
  // Makes version 0. kAlreadyExists: there is a table; kUnsupported: the file system cannot commit
  // safely (no hard links).
  static Result<DeltaTable> Create(const Environment& env, std::string path,
                                   const CreateOptions& options, DataRoots roots = nullptr);

  const std::string& path() const;
  const Environment& environment() const;

  // Looks at the log; reads only what is newer than the cached snapshot.
  Result<std::shared_ptr<const Snapshot>> Latest();
  // kNotFound names the range of versions that is there.
  Result<std::shared_ptr<const Snapshot>> AtVersion(int64_t version);
  // The last version committed at or before `at`. kNotFound: before the first, or later than now.
  Result<std::shared_ptr<const Snapshot>> AtTime(Micros at);
  // Newest first. limit < 0: all that is there.
  Result<std::vector<HistoryEntry>> History(int limit);

  // Heard by commits made through this handle and its copies. The listener must outlive them.
  void SetListener(CommitListener* listener);

  // Who evaluates the table's constraints, generated columns and defaults; null (as at first): a
  // table that has such is not written through this handle and its copies.
  void SetExpressions(std::shared_ptr<RowExpressionEngine> engine);
  std::shared_ptr<RowExpressionEngine> expressions() const;

 private:
  friend class NewTable;
  friend class Transaction;
  struct Shared;
  explicit DeltaTable(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  // After a commit of this process: `snapshot` is the newest known.
  void Remember(std::shared_ptr<const Snapshot> snapshot);
  void Notify(const CommitEvent& event) const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace millpond::data
