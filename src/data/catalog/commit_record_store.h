// The rows of system.commits in meta.db. One connection behind a mutex; several processes may write
// the same rows, and a row that is there stays as it is.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "base/db/sqlite.h"
#include "data/catalog/commit_feed.h"

namespace millpond::data {

class CommitRecordStore {
 public:
  CommitRecordStore(SqliteDatabase& db, std::mutex& mutex) : db_(db), mutex_(mutex) {}

  // Adds what is not there yet, in one transaction; gives those that were new, with positions.
  Result<std::vector<CommitRecord>> Insert(const std::vector<CommitRecord>& records);
  Result<std::vector<CommitRecord>> Since(int64_t position, int limit);
  // The newest version on record of a table id, if any.
  Result<std::optional<int64_t>> NewestVersion(const std::string& table_id);
  // The table id and version recorded last under this name.
  Result<std::optional<CommitRecord>> NewestOf(const TableName& table);

 private:
  SqliteDatabase& db_;
  std::mutex& mutex_;
};

}  // namespace millpond::data
