#include "data/catalog/local_commit_feed.h"

#include <algorithm>

#include "base/log.h"
#include "data/catalog/catalog.h"
#include "data/delta/log/log_segment.h"

namespace millpond::data {

void LocalCommitFeed::Subscribe(CommitFeedListener* listener) {
  std::lock_guard lock(mutex_);
  listeners_.push_back(listener);
}

void LocalCommitFeed::Unsubscribe(CommitFeedListener* listener) {
  std::unique_lock lock(mutex_);
  std::erase(listeners_, listener);
  idle_.wait(lock, [this] { return telling_ == 0; });
}

Result<std::vector<CommitRecord>> LocalCommitFeed::EventsSince(int64_t position, int limit) {
  return records_.Since(position, limit);
}

Status LocalCommitFeed::Record(const std::vector<CommitRecord>& records, int64_t* count) {
  MP_ASSIGN_OR_RETURN(auto added, records_.Insert(records));
  if (count != nullptr) *count = static_cast<int64_t>(added.size());
  std::vector<CommitFeedListener*> listeners;
  {
    std::lock_guard lock(mutex_);
    listeners = listeners_;
    ++telling_;
  }
  for (const auto& record : added) {
    for (auto* listener : listeners) listener->OnCommit(record);
  }
  {
    std::lock_guard lock(mutex_);
    --telling_;
  }
  idle_.notify_all();
  return OkStatus();
}

int64_t LocalCommitFeed::OldestHeldVersion(const std::string& table_id) {
  const auto pins = catalog_.Pins();
  if (!pins.has_value()) return 0;  // not known: all is kept
  int64_t oldest = INT64_MAX;
  for (const Pin& pin : *pins) {
    if (pin.table_id == table_id) oldest = std::min(oldest, pin.version);
  }
  return oldest;
}

void LocalCommitFeed::SetName(const std::string& path, TableName name) {
  std::lock_guard lock(mutex_);
  names_[path] = std::move(name);
}

TableName LocalCommitFeed::NameOf(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (const auto found = names_.find(path); found != names_.end()) return found->second;
  // A table of the warehouse lies at <root>/<catalog>/<schema>/<table>.
  const std::string schema_dir = ParentPath(path);
  return {std::string(FileName(ParentPath(schema_dir))), std::string(FileName(schema_dir)),
          std::string(FileName(path))};
}

void LocalCommitFeed::OnCommit(const CommitEvent& event) {
  const TableName name = NameOf(event.table_path);
  Status recorded =
      RecordThrough({0, event.table_id, name, event.version, event.commit_time, event.operation});
  if (!recorded.has_value()) {
    LogWarn("data", "version {} of {} is committed but not yet on record: {}", event.version,
            name.ToString(), recorded.error().ToString());
  }
}

// Another process's commits before this one may not be on record (it was killed, or is no
// Millpond): they come first, so that the newest version on record tells that all before it are.
Status LocalCommitFeed::RecordThrough(const CommitRecord& record) {
  MP_ASSIGN_OR_RETURN(auto newest, records_.NewestVersion(record.table_id));
  if (record.version > newest.value_or(-1) + 1) {
    MP_RETURN_IF_ERROR(Reconcile(record.table));
  }
  return Record({record});  // a record that is there already stays as it is
}

Result<bool> LocalCommitFeed::LooksUpToDate(const TableName& exact) {
  MP_ASSIGN_OR_RETURN(auto newest, records_.NewestOf(exact));
  if (!newest) return false;
  MP_ASSIGN_OR_RETURN(const std::string location, warehouse_.Location(exact));
  const std::string log = JoinPath(location, "_delta_log");
  FileSystem& fs = catalog_.workspace().env.fs;
  MP_ASSIGN_OR_RETURN(bool known, fs.FileExists(JoinPath(log, CommitFileName(newest->version))));
  MP_ASSIGN_OR_RETURN(bool later,
                      fs.FileExists(JoinPath(log, CommitFileName(newest->version + 1))));
  return known && !later;
}

Result<int64_t> LocalCommitFeed::Reconcile(const TableName& table) {
  MP_ASSIGN_OR_RETURN(auto exact, warehouse_.Find(table));
  if (!exact) return Fail(ErrorKind::kNotFound, "there is no table {}", table.ToString());
  MP_ASSIGN_OR_RETURN(auto delta, catalog_.OpenTable(*exact));
  MP_ASSIGN_OR_RETURN(auto snapshot, delta.Latest());
  const std::string& table_id = snapshot->metadata().id;
  MP_ASSIGN_OR_RETURN(auto newest, records_.NewestVersion(table_id));
  int64_t missing = snapshot->version() - newest.value_or(-1);
  if (missing <= 0) return 0;
  MP_ASSIGN_OR_RETURN(auto history, delta.History(static_cast<int>(missing)));
  std::vector<CommitRecord> records;
  for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
    if (newest && entry->version <= *newest) continue;
    records.push_back({0, table_id, *exact, entry->version, entry->timestamp, entry->operation});
  }
  int64_t count = 0;
  MP_RETURN_IF_ERROR(Record(records, &count));
  return count;
}

}  // namespace millpond::data
