// Every commit of every table of the workspace, in one order, kept for good in meta.db (the rows of
// system.commits). Commits of this process are recorded as they happen; those of others, and those
// whose record a kill prevented, are found in the tables' logs when the catalog is opened, when
// this process commits to the table, and on Reconcile. The feed is a record of facts in the logs,
// never their source.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/catalog/table_name.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct CommitRecord {
  int64_t position = 0;  // grows by the order of recording; EventsSince(position) gives later ones
  std::string table_id;
  TableName table;
  int64_t version = 0;
  Micros commit_time = 0;
  std::string operation;
};

class CommitFeedListener {
 public:
  virtual ~CommitFeedListener() = default;
  // After the record is durable, on the recording thread, outside the feed's locks.
  virtual void OnCommit(const CommitRecord& record) = 0;
};

class CommitFeed {
 public:
  virtual ~CommitFeed() = default;
  virtual void Subscribe(CommitFeedListener* listener) = 0;
  // No call of the listener is running any more when this returns; not from within one.
  virtual void Unsubscribe(CommitFeedListener* listener) = 0;
  // limit <= 0: all.
  virtual Result<std::vector<CommitRecord>> EventsSince(int64_t position, int limit = 0) = 0;
  // Records commits in the table's log that the feed does not have yet. Returns how many.
  virtual Result<int64_t> Reconcile(const TableName& table) = 0;
};

}  // namespace millpond::data
