// The commit feed of one workspace: hears this process's commits as a CommitListener, finds all
// others in the tables' logs.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "data/catalog/commit_feed.h"
#include "data/catalog/commit_record_store.h"
#include "data/catalog/warehouse.h"

namespace millpond::data {

class Catalog;

class LocalCommitFeed : public CommitFeed, public CommitListener {
 public:
  LocalCommitFeed(Catalog& catalog, const Warehouse& warehouse, CommitRecordStore records)
      : catalog_(catalog), warehouse_(warehouse), records_(records) {}

  void Subscribe(CommitFeedListener* listener) override;
  void Unsubscribe(CommitFeedListener* listener) override;
  Result<std::vector<CommitRecord>> EventsSince(int64_t position, int limit) override;
  Result<int64_t> Reconcile(const TableName& table) override;

  // Whether the log has nothing after the newest version on record under this name: two looks, no
  // reading. A table that another program replaced looks so too; Reconcile finds out.
  Result<bool> LooksUpToDate(const TableName& exact);

  // The table at this path, outside the warehouse's folders, has this name.
  void SetName(const std::string& path, TableName name);

  // A commit of this process. A record that fails is found again by Reconcile.
  void OnCommit(const CommitEvent& event) override;
  // The oldest version that has a pin.
  int64_t OldestHeldVersion(const std::string& table_id) override;

 private:
  // Records this commit and those before it that nobody has recorded.
  Status RecordThrough(const CommitRecord& record);
  Status Record(const std::vector<CommitRecord>& records, int64_t* count = nullptr);

  TableName NameOf(const std::string& path);

  Catalog& catalog_;
  const Warehouse& warehouse_;
  CommitRecordStore records_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<CommitFeedListener*> listeners_;
  std::map<std::string, TableName> names_;  // of tables elsewhere, by path
  int telling_ = 0;                         // threads that are calling listeners
};

}  // namespace millpond::data
