// The tables of one statement: names to snapshots and streams, each resolved once, pins and
// registered readers in front, the access policy asked at every door.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "data/catalog/catalog.h"
#include "data/delta/care/snapshot_lease.h"
#include "data/sql/access.h"
#include "data/sql/table_source.h"

namespace millpond::data {

// What a session has of its own; copied into each statement.
struct SessionNames {
  std::map<std::string, std::shared_ptr<OnceReader>> readers;  // by lower-case name
  std::map<TableName, int64_t> pins;
};

class SessionTables : public TableSource {
 public:
  SessionTables(Catalog& catalog, AccessPolicy& access, Principal principal, SessionNames names)
      : catalog_(catalog),
        access_(access),
        principal_(std::move(principal)),
        names_(std::move(names)),
        now_(catalog.workspace().env.clock.Now()) {}

  // What the parts of a name mean: {"t"}, {"s", "t"}, {"c", "s", "t"} or {"delta", "/path"}.
  static Result<QueryName> NameOf(const std::vector<std::string>& parts);

  Result<ResolvedTable> Resolve(const std::string& schema, const std::string& table,
                                const TableMoment& moment) override;
  Micros Now() const override { return now_; }
  // The table itself, for statements that look into it; asks for kSelect.
  Result<DeltaTable> Open(const QueryName& name);
  // From now on, every read of the snapshot's table that asks for no other version reads this one,
  // by name or by path, and other tables are read as they are: a statement may run anew.
  void HoldStill(std::shared_ptr<const Snapshot> snapshot);
  // Has a stream been read that does not come again?
  bool HasSpentStreams() const;
  // Was that version read by name, as by a subquery over the table that a statement changes?
  bool HeldWasRead() const {
    const std::lock_guard lock(mutex_);
    return held_was_read_;
  }
  // The files of an old version stay while the statement runs, whatever VACUUM does.
  void HoldFiles(const Snapshot& snapshot);
  // Asks for kReadFiles.
  Status MayReadFile(const std::string& path) {
    return access_.Check(principal_, Privilege::kReadFiles, path);
  }
  // The target of a change, which only text of Millpond's own can name: gives the name, as SQL.
  std::string AddTarget(std::shared_ptr<const Snapshot> snapshot,
                        std::optional<std::vector<uint32_t>> files = std::nullopt);
  // Is it the name of one, or of a stream, as Millpond's own text spells them?
  bool IsOwn(const std::vector<std::string>& parts) const;
  // A stream under a name of its own, for a table function; gives the name.
  QueryName Add(std::shared_ptr<arrow::RecordBatchReader> reader);

 private:
  using Key = std::pair<std::string, TableMoment>;
  Result<ResolvedTable> Load(const QueryName& name, const TableMoment& moment);
  Result<ResolvedTable> SystemTable(const std::string& table);
  const int64_t* PinOf(const QueryName& name) const;

  Catalog& catalog_;
  AccessPolicy& access_;
  Principal principal_;
  SessionNames names_;
  Micros now_;
  std::shared_ptr<const Snapshot> held_;
  bool held_was_read_ = false;
  mutable std::mutex mutex_;
  std::map<Key, ResolvedTable> resolved_;
  std::vector<std::shared_ptr<OnceReader>> streams_;
  std::vector<ResolvedTable> targets_;
  std::vector<std::unique_ptr<SnapshotLease>> leases_;
};

}  // namespace millpond::data
